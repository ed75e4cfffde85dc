// Log-in: password, one-time code by mail, two-step challenge, forgotten password. What is typed is never lost.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, Unreachable } from '../api/request';
import { language, speak } from '../i18n';
import { Button } from '../ui/Button';
import { Field, PasswordField } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { Logo } from '../ui/Logo';
import css from './auth.module.css';
import { session } from './session';

type Stage =
  | { name: 'password' }
  | { name: 'askCode' }
  | { name: 'code'; challenge: string; why: 'asked' | 'second step' }
  | { name: 'forgotten' };

export default function LoginPage({ reason }: { reason: Reason }) {
  const [stage, go] = useState<Stage>({ name: 'password' });
  const [email, setEmail] = useState('');
  const shared = { email, setEmail, go };
  return (
    <AuthFrame>
      {stage.name === 'password' && <PasswordForm {...shared} reason={reason} />}
      {stage.name === 'askCode' && <AskCodeForm {...shared} />}
      {stage.name === 'code' && <CodeForm key={stage.challenge} {...shared} stage={stage} />}
      {stage.name === 'forgotten' && <ForgottenForm {...shared} />}
    </AuthFrame>
  );
}

export function AuthFrame({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const now = language();
  useEffect(() => {
    document.title = t('app.name');
  }, [t]);
  return (
    <div className={css.page}>
      <main className={css.form}>
        <div className={css.brand}>
          <Logo />
          <p>{t('login.lead')}</p>
        </div>
        {children}
      </main>
      <footer>
        <div className={css.foot} role="group" aria-label={t('login.language')}>
          {(['it', 'en'] as const).map((locale) => (
            <button
              key={locale}
              type="button"
              lang={locale}
              className={css.language}
              aria-pressed={locale === now}
              onClick={() => speak(locale)}
            >
              {t(`settings.languages.${locale}`)}
            </button>
          ))}
        </div>
      </footer>
    </div>
  );
}

interface FormProps {
  email: string;
  setEmail: (email: string) => void;
  go: (stage: Stage) => void;
}

/** One submit at a time, its fault in words. `known` may explain a problem better than the server's own text. */
export function useSubmit(work: () => Promise<void>, known?: (problem: Problem) => string | undefined) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  async function submit(): Promise<void> {
    if (busy) return;
    setBusy(true);
    setFault('');
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      setFault((error instanceof Problem && known?.(error)) || faultText(t, error));
    } finally {
      setBusy(false);
    }
  }
  return { busy, fault, submit };
}

type Reason = 'none' | 'ended' | 'left' | 'away';

/** Why the person is here, until they have tried to log in. */
function ReasonNotice({ reason }: { reason: Reason }) {
  const { t } = useTranslation();
  switch (reason) {
    case 'none': return null;
    case 'away': return <Notice kind="warn">{t('login.away')}</Notice>;
    case 'ended': return <Notice>{t('login.ended')}</Notice>;
    case 'left': return <Notice kind="good">{t('login.left')}</Notice>;
  }
}

function PasswordForm({ email, setEmail, go, reason }: FormProps & { reason: Reason }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const { busy, fault, submit } = useSubmit(
    async () => {
      const challenge = await session.signIn(email.trim(), password);
      if (challenge) go({ name: 'code', challenge: challenge.challenge, why: 'second step' });
    },
    (problem) => (problem.code === 'invalid_credentials' ? t('login.wrong') : undefined),
  );
  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (email.trim() && password) void submit();
  }
  return (
    <form className={css.fields} onSubmit={onSubmit} noValidate>
      <h1>{t('login.title')}</h1>
      {!tried && <ReasonNotice reason={reason} />}
      {fault && <Notice kind="bad">{fault}</Notice>}
      <EmailField email={email} setEmail={setEmail} missing={tried && !email.trim()} />
      <PasswordField
        label={t('login.password')}
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={tried && !password ? t('login.needPassword') : undefined}
      />
      <Button look="primary" type="submit" wide aria-disabled={busy}>
        {busy && <Spinner />}{busy ? t('login.busy') : t('login.submit')}
      </Button>
      <div className={css.others}>
        <Button look="link" onClick={() => go({ name: 'askCode' })}>{t('login.byCode')}</Button>
        <Button look="link" onClick={() => go({ name: 'forgotten' })}>{t('login.forgot')}</Button>
      </div>
    </form>
  );
}

export function EmailField({ email, setEmail, missing }: { email: string; setEmail: (email: string) => void; missing: boolean }) {
  const { t } = useTranslation();
  return (
    <Field
      label={t('login.email')}
      type="email"
      name="email"
      autoComplete="username"
      inputMode="email"
      autoCapitalize="off"
      spellCheck={false}
      value={email}
      onChange={(event) => setEmail(event.target.value)}
      error={missing ? t('login.needEmail') : undefined}
    />
  );
}

function AskCodeForm({ email, setEmail, go }: FormProps) {
  const { t } = useTranslation();
  const [tried, setTried] = useState(false);
  const { busy, fault, submit } = useSubmit(async () => {
    const { challenge } = await session.requestCode(email.trim());
    go({ name: 'code', challenge, why: 'asked' });
  });
  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (email.trim()) void submit();
  }
  return (
    <form className={css.fields} onSubmit={onSubmit} noValidate>
      <h1>{t('code.title')}</h1>
      <p className={css.hint}>{t('code.ask')}</p>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <EmailField email={email} setEmail={setEmail} missing={tried && !email.trim()} />
      <Button look="primary" type="submit" wide aria-disabled={busy}>
        {busy && <Spinner />}{busy ? t('code.sending') : t('code.send')}
      </Button>
      <div className={css.others}>
        <Button look="link" onClick={() => go({ name: 'password' })}>{t('login.byPassword')}</Button>
      </div>
    </form>
  );
}

const DIGITS = 6;

function CodeForm({ email, go, stage }: FormProps & { stage: Extract<Stage, { name: 'code' }> }) {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const [tried, setTried] = useState(false);
  const [sentAgain, setSentAgain] = useState(false);
  const field = useRef<HTMLDivElement>(null);
  const { busy, fault, submit } = useSubmit(
    () => session.verifyCode(stage.challenge, code),
    (problem) => (problem.code === 'invalid_code' ? t('code.wrong') : undefined),
  );
  const again = useSubmit(async () => {
    const { challenge } = await session.requestCode(email.trim());
    setSentAgain(true);
    go({ ...stage, challenge });
  });
  useEffect(() => field.current?.querySelector('input')?.focus(), []);
  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (code.length === DIGITS) void submit();
  }
  return (
    <form className={css.fields} onSubmit={onSubmit} noValidate>
      <h1>{t('code.title')}</h1>
      <p className={css.hint}>{stage.why === 'asked' ? t('code.sentTo', { email }) : t('code.stepTwo', { email })}</p>
      {(fault || again.fault) && <Notice kind="bad">{fault || again.fault}</Notice>}
      {sentAgain && !fault && <Notice kind="good">{t('code.sentAgain')}</Notice>}
      <div ref={field}>
        <Field
          label={t('code.label')}
          name="code"
          className={css.code ?? ''}
          inputMode="numeric"
          autoComplete="one-time-code"
          value={code}
          onChange={(event) => setCode(event.target.value.replace(/\D/g, '').slice(0, DIGITS))}
          error={tried && code.length < DIGITS ? t('code.need') : undefined}
        />
      </div>
      <Button look="primary" type="submit" wide aria-disabled={busy}>
        {busy && <Spinner />}{busy ? t('code.busy') : t('code.submit')}
      </Button>
      <div className={css.others}>
        {stage.why === 'asked' && <Button look="link" onClick={() => void again.submit()}>{t('code.again')}</Button>}
        <Button look="link" onClick={() => go({ name: 'password' })}>{t('code.other')}</Button>
      </div>
    </form>
  );
}

export function ForgottenForm({ email, setEmail, go }: FormProps) {
  const { t } = useTranslation();
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState(false);
  const { busy, fault, submit } = useSubmit(async () => {
    await session.requestReset(email.trim());
    setSent(true);
  });
  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (email.trim()) void submit();
  }
  return (
    <form className={css.fields} onSubmit={onSubmit} noValidate>
      <h1>{t('reset.title')}</h1>
      {sent ? <Notice kind="good">{t('reset.sent', { email: email.trim() })}</Notice> : <p className={css.hint}>{t('reset.ask')}</p>}
      {fault && <Notice kind="bad">{fault}</Notice>}
      {!sent && <EmailField email={email} setEmail={setEmail} missing={tried && !email.trim()} />}
      {!sent && (
        <Button look="primary" type="submit" wide aria-disabled={busy}>
          {busy && <Spinner />}{busy ? t('code.sending') : t('reset.send')}
        </Button>
      )}
      <div className={css.others}>
        <Button look="link" onClick={() => go({ name: 'password' })}>{t('reset.toLogin')}</Button>
      </div>
    </form>
  );
}
