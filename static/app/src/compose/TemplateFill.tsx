// The fields of a template that the draft does not tell.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import css from './compose.module.css';

export default function TemplateFill({ fields, onFill, onClose }: { fields: string[]; onFill: (values: Record<string, string>) => void; onClose: () => void }) {
  const { t } = useTranslation('compose');
  const [values, setValues] = useState<Record<string, string>>({});
  function submit(event: FormEvent): void {
    event.preventDefault();
    event.stopPropagation();
    onFill(values);
  }
  return (
    <Dialog title={t('template.fill')} onClose={onClose}>
      <form className={css.form} noValidate onSubmit={submit}>
        {fields.map((field, index) => <Field key={field} label={field} autoFocus={index === 0} value={values[field] ?? ''} onChange={(event) => setValues({ ...values, [field]: event.target.value })} />)}
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary">{t('template.insert')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
