// What one wants to hear of: the daily report, at which hour of which days, and alerts of follow-ups.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice } from '../ui/Feedback';
import { Field, Select } from '../ui/Field';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import uiCss from '../ui/ui.module.css';
import { weekdays } from './dates';
import css from './reports.module.css';
import type { Way, Wishes } from './types';

const WAYS: readonly Way[] = ['mail', 'app', 'off'];

export default function WishesDialog({ wishes, onClose, onSaved }: { wishes: Wishes; onClose: () => void; onSaved: () => void }) {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  const [wanted, want] = useState(wishes);
  const [fault, setFault] = useState('');
  const toggle = (day: number): void => want({ ...wanted, weekdays: wanted.weekdays.includes(day) ? wanted.weekdays.filter((each) => each !== day) : [...wanted.weekdays, day] });
  async function save(submit: FormEvent): Promise<void> {
    submit.preventDefault();
    const { zone: _zone, ...body } = wanted;
    try {
      await request('reports/settings', { method: 'PATCH', body });
      toast({ text: t('saved') });
      onSaved();
      onClose();
    } catch (error) {
      setFault(faultText(common, error));
    }
  }
  const ways = WAYS.map((way) => <option key={way} value={way}>{t(`way.${way}`)}</option>);
  return (
    <Dialog title={t('settings')} onClose={onClose}>
      <form className={css.form} onSubmit={(submit) => void save(submit)}>
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Select label={t('reportWay')} value={wanted.report} onChange={({ target }) => want({ ...wanted, report: target.value as Way })}>{ways}</Select>
        {wanted.report !== 'off' && (
          <>
            <Field label={t('at')} hint={t('atHint', { zone: wanted.zone })} type="time" required value={wanted.at} onChange={({ target }) => want({ ...wanted, at: target.value })} />
            <fieldset className={css.days}>
              <legend className={uiCss.label}>{t('weekdays')}</legend>
              {weekdays().map(({ short, long }, day) => (
                <label key={long} className={css.weekday}>
                  <input type="checkbox" aria-label={long} checked={wanted.weekdays.includes(day)} onChange={() => toggle(day)} />
                  <span aria-hidden>{short}</span>
                </label>
              ))}
            </fieldset>
          </>
        )}
        <Select label={t('alertWay')} hint={t('alertHint')} value={wanted.alerts} onChange={({ target }) => want({ ...wanted, alerts: target.value as Way })}>{ways}</Select>
        {wanted.alerts !== 'off' && (
          <Field label={t('overdueDays')} type="number" min={1} max={30} required value={wanted.overdue_days} onChange={({ target }) => want({ ...wanted, overdue_days: target.valueAsNumber })} />
        )}
        <DialogActions>
          <Button look="primary" type="submit" disabled={wanted.weekdays.length === 0}>{t('save')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
