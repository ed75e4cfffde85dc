// Change the password one logs in with.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/request';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import { PasswordField } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './settings.module.css';

type Faults = Partial<Record<'current' | 'new' | 'whole', string>>;

export function PasswordForm() {
  const { t } = useTranslation();
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState<Faults>({});
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    if (!current || !wanted) {
      return setFaults({ ...(current ? {} : { current: t('login.needPassword') }), ...(wanted ? {} : { new: t('login.needPassword') }) });
    }
    setBusy(true);
    setFaults({});
    try {
      await request('auth/password', { method: 'POST', body: { current, new: wanted } });
      setCurrent('');
      setWanted('');
      toast({ text: t('settings.changed') });
    } catch (error) {
      setFaults(faultsOf(error, faultText(t, error)));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form className={css.form} noValidate onSubmit={(event) => void submit(event)}>
      <h3>{t('settings.password')}</h3>
      {faults.whole && <Notice kind="bad">{faults.whole}</Notice>}
      <div className={css.pair}>
        <PasswordField label={t('settings.current')} name="current" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.target.value)} error={faults.current} />
        <PasswordField label={t('settings.new')} name="new" autoComplete="new-password" value={wanted} onChange={(event) => setWanted(event.target.value)} error={faults.new} />
      </div>
      <div><Button type="submit" aria-disabled={busy}>{busy && <Spinner />}{t('settings.change')}</Button></div>
    </form>
  );
}

/** The server names the field; a weak password is the new one's fault, wrong credentials the current one's. */
function faultsOf(error: unknown, text: string): Faults {
  if (!(error instanceof Problem)) return { whole: text };
  const of = (name: string): string | undefined => error.errors[name]?.join(' ');
  if (error.code === 'invalid_credentials') return { current: of('current') ?? text };
  const named: Faults = {};
  const forCurrent = of('current');
  const forNew = of('new') ?? of('password');
  if (forCurrent) named.current = forCurrent;
  if (forNew) named.new = forNew;
  return forCurrent || forNew ? named : { whole: text };
}
