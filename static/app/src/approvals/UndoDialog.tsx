// Taking back what agents did since a time, and what became of each.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Select } from '../ui/Field';
import { refusal, sentence, undoSince, word } from './acts';
import css from './approvals.module.css';
import type { Undone } from './types';

const HOURS = ['1', '24', '168'] as const;

export default function UndoDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const [hours, setHours] = useState<string>(HOURS[0]);
  const [undone, setUndone] = useState<Undone[] | null>(null);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  async function run(): Promise<void> {
    setBusy(true);
    try {
      setUndone((await undoSince(Number(hours))).items);
    } catch (error) {
      setFault(refusal(t, common, error));
    }
    setBusy(false);
  }
  return (
    <Dialog title={t('undo_since')} onClose={onClose}>
      {undone ? <Outcomes undone={undone} /> : (
        <>
          <p>{t('undo_help')}</p>
          <Select label={t('since')} value={hours} onChange={({ target }) => setHours(target.value)}>
            {HOURS.map((value) => <option key={value} value={value}>{t(`hours.${value}`)}</option>)}
          </Select>
        </>
      )}
      {fault && <p className={css.fault} role="alert">{fault}</p>}
      <DialogActions>
        <Button onClick={onClose}>{common(undone ? 'common.close' : 'common.cancel')}</Button>
        {!undone && <Button look="danger" disabled={busy} onClick={() => void run()}>{t('undo_all')}</Button>}
      </DialogActions>
    </Dialog>
  );
}

function Outcomes({ undone }: { undone: Undone[] }) {
  const { t } = useTranslation('approvals');
  if (undone.length === 0) return <p role="status">{t('nothing_undone')}</p>;
  return (
    <ul className={css.plain} role="status">
      {undone.map(({ approval_id: id, kind, title, outcome, code, sentence: said }) => (
        <li key={id} className={css.item}>
          <bdi>{title || t('no_title')}</bdi>
          <span className={css.second}>{[word(t('kinds', { returnObjects: true }), kind), t(`outcomes.${outcome}`), code ? sentence(t, code, said) : ''].filter(Boolean).join(' · ')}</span>
        </li>
      ))}
    </ul>
  );
}
