// A day and a time to send at, as the person's own calendar and clock show them.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { zoneName } from '../i18n/format';
import { fieldInstant, fieldValue, firstGuess } from '../mail/act/snoozeTimes';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import css from './compose.module.css';

export default function PickTime({ onClose, onPick }: { onClose: () => void; onPick: (at: number) => void }) {
  const { t } = useTranslation('compose');
  const [value, setValue] = useState(() => fieldValue(firstGuess()));
  const [earliest] = useState(() => fieldValue(Date.now()));
  const [fault, setFault] = useState<string>();
  function submit(event: FormEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const at = fieldInstant(value);
    if (at === null || at < Date.now() + 60_000) setFault(t('pickPast'));
    else onPick(at);
  }
  return (
    <Dialog title={t('pickTitle')} onClose={onClose}>
      <form className={css.form} noValidate onSubmit={submit}>
        <Field label={t('pickField')} type="datetime-local" required autoFocus value={value} min={earliest} hint={t('pickZone', { zone: zoneName().replaceAll('_', ' ') })} error={fault} onChange={(event) => setValue(event.target.value)} />
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary">{t('schedule')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
