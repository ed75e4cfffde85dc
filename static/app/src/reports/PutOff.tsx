// Until when a follow-up is put off.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { dayAndTime } from '../i18n/format';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import { localDay, morning, toMonday } from './dates';
import css from './reports.module.css';

export default function PutOff({ onChosen, onClose }: { onChosen: (until: Date) => void; onClose: () => void }) {
  const { t } = useTranslation('reports');
  const tomorrow = morning(1);
  const monday = morning(toMonday());
  const [day, setDay] = useState('');
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return (
    <Dialog title={t('putOffTitle')} onClose={onClose}>
      <div className={css.form}>
        <Button wide onClick={() => onChosen(tomorrow)}>{t('tomorrow')}, {dayAndTime(tomorrow.getTime())}</Button>
        <Button wide onClick={() => onChosen(monday)}>{t('nextWeek')}, {dayAndTime(monday.getTime())}</Button>
        <Field label={t('onDay')} type="date" min={localDay(tomorrow)} value={day} onChange={({ target }) => setDay(target.value)} />
        <DialogActions>
          <Button look="primary" disabled={!day || new Date(year, month - 1, date, 8) < tomorrow} onClick={() => onChosen(new Date(year, month - 1, date, 8))}>{t('putOff')}</Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}
