// After a conflict: what the person wrote beside what somebody else did, and the choice between the two.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { region } from '../i18n';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { change } from './acts';
import css from './calendar.module.css';
import { sentence } from './rule';
import type { EventChange, Item, WholeEvent, When } from './types';

const LABELS = { title: 'name', start: 'starts', end: 'ends', rule: 'repeats', location: 'location', description: 'description', busy: 'showAs' } as const;
type Field = keyof typeof LABELS;

interface ConflictProps { event: WholeEvent; onDecided: () => void }

export function Conflict({ event, onDecided }: ConflictProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const { ours } = event;
  const fields = ours ? (Object.keys(LABELS) as Field[]).filter((field) => JSON.stringify(ours.mine[field]) !== JSON.stringify(ours.theirs[field])) : [];
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
              <dd>{t('theirs', { value: said(ours.theirs, field) || t('nothing') })}</dd>
              <dd>{t('mine', { value: said(ours.mine, field) || t('nothing') })}</dd>
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

  function said(item: Item, field: Field): string {
    if (field === 'start' || field === 'end') return item[field] ? moment(item[field]) : '';
    if (field === 'busy') return t(item.busy ? 'busyAs' : 'freeAs');
    if (field === 'rule') return item.rule && item.start ? sentence(item.rule, 'date' in item.start ? item.start.date : item.start.at.slice(0, 10), t, region()) : '';
    return item[field];
  }
}

/** A moment as its own zone has it. */
function moment(when: When): string {
  const day = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' } as const;
  if ('date' in when) return new Intl.DateTimeFormat(region(), day).format(new Date(when.date));
  const text = new Intl.DateTimeFormat(region(), { ...day, hour: 'numeric', minute: '2-digit' }).format(new Date(`${when.at}Z`));
  return when.zone ? `${text} (${when.zone.replaceAll('_', ' ')})` : text;
}
