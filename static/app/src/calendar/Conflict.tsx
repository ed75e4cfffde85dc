// After a conflict: what the person wrote beside what somebody else did, and the choice between the two.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { change } from './acts';
import css from './calendar.module.css';
import { fieldNames, LABELS, said } from './said';
import type { EventChange, WholeEvent } from './types';

interface ConflictProps { event: WholeEvent; onDecided: () => void }

export function Conflict({ event, onDecided }: ConflictProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const { ours } = event;
  const fields = ours ? fieldNames(ours.mine).filter((field) => JSON.stringify(ours.mine[field]) !== JSON.stringify(ours.theirs[field])) : [];
  async function keep(side: 'mine' | 'theirs'): Promise<void> {
    setBusy(true);
    try {
      const told = ours ? Object.fromEntries(fields.map((field) => [field, ours[side][field]])) : { title: event.item?.title ?? event.title };
      await change({ id: event.id, key: ours?.key ?? '' }, ours?.scope ?? 'all', told as EventChange);
      onDecided();
    } catch (error) {
      setFault(faultText(common, error));
      setBusy(false);
    }
  }
  return (
    <Notice kind="warn">
      <p>{t('conflict')}</p>
      {ours && (
        <dl className={css.choices}>
          {fields.map((field) => (
            <div key={field}>
              <dt>{t(LABELS[field])}</dt>
              <dd>{t('theirs', { value: said(ours.theirs, field, t) || t('nothing') })}</dd>
              <dd>{t('mine', { value: said(ours.mine, field, t) || t('nothing') })}</dd>
            </div>
          ))}
        </dl>
      )}
      {fault && <p role="alert">{fault}</p>}
      {event.writable && (
        <div className={css.answers}>
          {fields.length > 0 && <Button disabled={busy} onClick={() => void keep('mine')}>{t('keepMine')}</Button>}
          <Button disabled={busy} onClick={() => void keep('theirs')}>{t('keepTheirs')}</Button>
        </div>
      )}
    </Notice>
  );
}
