// Keep what is written as a template.
import i18next from 'i18next';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, Unreachable } from '../api/request';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { calls } from './calls';
import css from './compose.module.css';
import type { Studio } from './studio';

export default function TemplateSave({ studio, written, onClose }: { studio: Studio; written: { subject: string; html: string }; onClose: () => void }) {
  const { t } = useTranslation('compose');
  const [name, setName] = useState(written.subject);
  const [fault, setFault] = useState<string>();
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    event.stopPropagation();
    if (!name.trim()) return;
    try {
      const made = await calls.addTemplate({ name: name.trim(), ...written });
      studio.setTemplates([...studio.templates, made]);
      toast({ text: t('template.saved') });
      onClose();
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      setFault(faultText(i18next.t, error));
    }
  }
  return (
    <Dialog title={t('template.saveAs').replace('…', '')} onClose={onClose}>
      <form className={css.form} noValidate onSubmit={(event) => void submit(event)}>
        <Field label={t('template.name')} autoFocus maxLength={120} value={name} error={fault} onChange={(event) => setName(event.target.value)} />
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" disabled={!name.trim()}>{t('settings.save')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
