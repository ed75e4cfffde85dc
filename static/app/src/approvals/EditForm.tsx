// What may be changed of an action before it is approved. Saving approves nothing: it is then looked at as it is now.
import { useId, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import ui from '../ui/ui.module.css';
import { edit, refusal, word } from './acts';
import css from './approvals.module.css';
import type { Address, WholeApproval } from './types';

const LONG = new Set(['text', 'description', 'notes']);

const typed = (value: string | Address[]): string =>
  typeof value === 'string' ? value : value.map(({ name, address }) => (name ? `${name} <${address}>` : address)).join('\n');

interface EditFormProps {
  seen: WholeApproval;
  onDone: (fresh: WholeApproval) => void;
  onCancel: () => void;
}

export function EditForm({ seen, onDone, onCancel }: EditFormProps) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const id = useId();
  const [values, setValues] = useState(() => Object.fromEntries(Object.entries(seen.editable).map(([name, value]) => [name, typed(value)])));
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const names: Record<string, string> = { ...t('fields', { returnObjects: true }), to: t('to'), cc: t('cc'), bcc: t('bcc'), subject: t('subject'), text: t('text') };
  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const args = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isPeople(name) ? value.split('\n').map((line) => line.trim()).filter(Boolean) : value]));
    try {
      onDone(await edit(seen, args));
    } catch (error) {
      setFault(refusal(t, common, error));
      setBusy(false);
    }
  }
  const isPeople = (name: string): boolean => Array.isArray(seen.editable[name]);
  return (
    <form className={css.form} onSubmit={(event) => void save(event)} aria-label={t('edit')}>
      {Object.entries(values).map(([name, value]) => {
        const field = {
          id: `${id}-${name}`,
          className: ui.input,
          value,
          onChange: ({ target }: { target: { value: string } }) => setValues((now) => ({ ...now, [name]: target.value })),
        };
        return (
          <div key={name} className={ui.field}>
            <label className={ui.label} htmlFor={field.id}>{word(names, name)} {isPeople(name) && <span className={css.second}>{t('people_field')}</span>}</label>
            {LONG.has(name) || isPeople(name) ? <textarea rows={LONG.has(name) ? 10 : 2} dir="auto" {...field} /> : <input dir="auto" autoComplete="off" {...field} />}
          </div>
        );
      })}
      {fault && <p className={css.fault} role="alert">{fault}</p>}
      <div className={css.buttons}>
        <Button look="primary" type="submit" disabled={busy}>{t('save')}</Button>
        <Button onClick={onCancel}>{t('cancel')}</Button>
      </div>
    </form>
  );
}
