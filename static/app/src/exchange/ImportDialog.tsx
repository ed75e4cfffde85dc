// A file of cards or of events brought into an address book or a calendar, and the report of what became of it.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Field, Select } from '../ui/Field';
import css from './exchange.module.css';
import type { Report } from './types';
import './words';

interface ImportDialogProps {
  title: string;
  /** Where the file is sent. */
  path: string;
  /** What the browser offers to choose. */
  accept: string;
  places: { id: Id; name: string }[];
  onClose: () => void;
}

export default function ImportDialog({ title, path, accept, places, onClose }: ImportDialogProps) {
  const { t } = useTranslation('exchange');
  const { t: common } = useTranslation();
  const [place, setPlace] = useState(places[0]?.id ?? '');
  const [existing, setExisting] = useState('skip');
  const [file, setFile] = useState<File | null>(null);
  const [key, renew] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const [report, setReport] = useState<Report | null>(null);

  async function bring(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!file) return;
    setBusy(true);
    setFault('');
    const form = new FormData();
    form.set('collection_id', place);
    form.set('existing', existing);
    form.set('file', file);
    try {
      setReport((await request<{ report: Report }>(path, { method: 'POST', key, form })).report);
    } catch (error) {
      setFault(faultText(common, error));
      renew(crypto.randomUUID());
    }
    setBusy(false);
  }

  if (report) {
    return (
      <Dialog title={title} onClose={onClose}>
        <Told report={report} />
        <DialogActions><Button look="primary" autoFocus onClick={onClose}>{t('close')}</Button></DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form className={css.form} onSubmit={(event) => void bring(event)}>
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Field label={t('file')} type="file" accept={accept} required onChange={(event) => setFile(event.target.files?.[0] ?? null)} />
        <Select label={t('into')} value={place} onChange={(event) => setPlace(event.target.value)}>
          {places.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </Select>
        <Select label={t('existing')} value={existing} onChange={(event) => setExisting(event.target.value)}>
          <option value="skip">{t('skip')}</option>
          <option value="update">{t('update')}</option>
        </Select>
        <DialogActions>
          <Button onClick={onClose}>{common('common.cancel')}</Button>
          <Button look="primary" type="submit" disabled={busy || !file}>{busy ? t('busy') : t('start')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Told({ report }: { report: Report }) {
  const { t } = useTranslation('exchange');
  const same = report.skipped + report.unchanged;
  return (
    <div className={css.form} role="status">
      <p>{t('made', { count: report.made })}</p>
      {report.updated > 0 && <p>{t('updated', { count: report.updated })}</p>}
      {same > 0 && <p>{t('same', { count: same })}</p>}
      {report.refused_total > 0 && (
        <>
          <p>{t('refused', { count: report.refused_total })}</p>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it */}
          <ul className={css.refused} tabIndex={0}>
            {report.refused.map(({ number, name, code, reason }) => <li key={number}>{t('line', { number, name: name || t('unnamed'), reason: t(`reasons.${code as 'nobody'}`, { defaultValue: reason }) })}</li>)}
          </ul>
        </>
      )}
    </div>
  );
}
