// Asked before a company is disconnected: what goes, and what stays.
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice, Spinner } from '../ui/Feedback';
import { toast } from '../ui/toast';
import { BASE, useAct, type Connection } from './company';

export default function EndDialog({ connection, changed, onClose }: { connection: Connection; changed: () => void; onClose: () => void }) {
  const { t: say } = useTranslation('company');
  const { busy, fault, act } = useAct();
  const { id, realm } = connection;
  async function end(): Promise<void> {
    if (!(await act(() => request(`${BASE}/${id}`, { method: 'DELETE' })))) return;
    toast({ text: say('ended', { realm }) });
    onClose();
    changed();
  }
  return (
    <Dialog title={say('endTitle', { realm })} alert onClose={onClose}>
      <p>{say('endBody')}</p>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <DialogActions>
        <Button onClick={onClose} autoFocus>{say('cancel')}</Button>
        <Button look="danger" disabled={busy} onClick={() => void end()}>{busy && <Spinner />}{say(busy ? 'ending' : 'end')}</Button>
      </DialogActions>
    </Dialog>
  );
}
