// The page a reset link opens: choose a new password.
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Problem } from '../api/request';
import { Button } from '../ui/Button';
import { PasswordField } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import css from './auth.module.css';
import { AuthFrame, ForgottenForm, useSubmit } from './LoginPage';
import { session } from './session';

export default function ResetPage() {
  const { t } = useTranslation();
  // The token stands after `#`, the part of an address that browsers send to nobody.
  const [token] = useState(() => window.location.hash.slice(1));
  const [, navigate] = useLocation();
  const [email, setEmail] = useState('');
  const [stage, setStage] = useState<'choose' | 'done' | 'lapsed' | 'ask'>(token ? 'choose' : 'ask');
  const toLogin = (): void => navigate('/', { replace: true });
  return (
    <AuthFrame>
      {stage === 'choose' && <ChooseForm token={token} done={() => setStage('done')} lapsed={() => setStage('lapsed')} />}
      {stage === 'ask' && <ForgottenForm email={email} setEmail={setEmail} go={toLogin} />}
      {stage === 'done' && (
        <>
          <h1>{t('reset.choose')}</h1>
          <Notice kind="good">{t('reset.done')}</Notice>
          <Button look="primary" wide onClick={toLogin}>{t('reset.toLogin')}</Button>
        </>
      )}
      {stage === 'lapsed' && (
        <>
          <h1>{t('reset.choose')}</h1>
          <Notice kind="bad">{t('reset.lapsed')}</Notice>
          <Button look="primary" wide onClick={() => setStage('ask')}>{t('reset.askAgain')}</Button>
        </>
      )}
    </AuthFrame>
  );
}

function ChooseForm({ token, done, lapsed }: { token: string; done: () => void; lapsed: () => void }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const [weak, setWeak] = useState('');
  const { busy, fault, submit } = useSubmit(async () => {
    setWeak('');
    try {
      await session.confirmReset(token, password);
      done();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === 'invalid_token') return lapsed();
      const said = error.errors['password'];
      if (!said) throw error;
      setWeak(said.join(' '));
    }
  });
  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    if (password) void submit();
    else setWeak(t('login.needPassword'));
  }
  return (
    <form className={css.fields} onSubmit={onSubmit} noValidate>
      <h1>{t('reset.choose')}</h1>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <PasswordField
        label={t('reset.password')}
        name="new-password"
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={weak || undefined}
      />
      <Button look="primary" type="submit" wide aria-disabled={busy}>
        {busy && <Spinner />}{t('reset.submit')}
      </Button>
    </form>
  );
}
