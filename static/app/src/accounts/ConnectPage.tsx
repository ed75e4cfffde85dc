// The wizard: a provider's own sign-in or an address, what was found for it, the password, the checks, the first import.
import { ArrowLeft } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'wouter';
import { Problem } from '../api/request';
import type { Account, ConnectionCheck, Discovery, Host, Id, NewAccount, Provider } from '../api/types';
import { request } from '../auth/session';
import { useAccounts, useMirror } from '../store/hooks';
import { Button } from '../ui/Button';
import { Field, PasswordField } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import css from './accounts.module.css';
import Again from './Again';
import { CheckList } from './CheckList';
import { useProviders } from './consent';
import { ConsentChoice } from './ConsentChoice';
import { DoneStep } from './DoneStep';
import { HostFields, type ServerSettings } from './HostFields';
import { isByConsent } from './shown';
import { Simulated } from './Simulated';
import './words';

type Step =
  | { name: 'address' }
  | { name: 'found'; found: Discovery; byPassword: boolean }
  | { name: 'done'; account: Account };

/** `account` is null for a new one, else the account to reconnect. */
export default function ConnectPage({ account }: { account: Id | null }) {
  const { t } = useTranslation();
  const { t: say } = useTranslation('consent');
  const mirror = useMirror();
  const [params] = useSearchParams();
  const wanted = account ?? params.get('account');
  const known = useAccounts().find(({ id, mine }) => id === wanted && (account !== null || mine));
  const providers = useProviders();
  const [step, go] = useState<Step>({ name: 'address' });
  const [address, setAddress] = useState('');
  if (account && !known) return mirror.ready ? <p className={css.page}>{t('fault.notFound')}</p> : null;
  const begun = step.name !== 'address';
  const failed = begun ? null : params.get('consent');
  const shownAddress = known?.address ?? address;
  const found = step.name === 'found' ? step.found : null;
  // A password that was good for it before is what it is mended with.
  const byPassword = step.name === 'found' && (step.byPassword || !!known || found?.provider_type === 'imap');
  const provider = byPassword ? undefined : providers?.find(({ name }) => name === found?.provider_type);
  const back = (): void => go({ name: 'address' });
  return (
    <div className={css.scroll}>
      <div className={css.wizard}>
        {step.name !== 'done' && (
          <Link href="/accounts" className={css.up ?? ''}><ArrowLeft size={16} aria-hidden />{t('accounts.title')}</Link>
        )}
        {step.name !== 'done' && <h1>{known ? t('connect.reconnectTitle', { address: known.address }) : t('connect.title')} {known?.simulated && <Simulated />}</h1>}
        {failed && <Failed code={failed} account={known} />}
        {step.name === 'address' && known && isByConsent(known) && <div><Again account={known} look="primary" /></div>}
        {step.name === 'address' && !(known && isByConsent(known)) && (
          <>
            {!known && providers && providers.length > 0 && (
              <>
                <ConsentChoice providers={providers} />
                <p className={css.or}>{say('or')}</p>
              </>
            )}
            <AddressStep address={shownAddress} fixed={!!known} setAddress={setAddress} next={(next) => go({ name: 'found', found: next, byPassword: false })} />
          </>
        )}
        {found && provider && (
          <ConsentStep found={found} provider={provider} back={back} usePassword={() => go({ name: 'found', found, byPassword: true })} />
        )}
        {found && !provider && (byPassword || providers) && !found.password_works && <NotOffered found={found} back={back} />}
        {found && !provider && (byPassword || providers) && found.password_works && (
          <ServersStep
            found={found}
            reconnecting={known}
            back={back}
            next={(connected) => {
              go({ name: 'done', account: connected });
              void mirror.refresh();
            }}
          />
        )}
        {step.name === 'done' && <DoneStep initial={step.account} again={() => { setAddress(''); go({ name: 'address' }); }} />}
      </div>
    </div>
  );
}

const FAILURES = [
  'declined', 'admin_needed', 'refused', 'try_later', 'stale', 'other_browser', 'signed_out', 'nothing_granted', 'other_account', 'account_gone', 'already_connected', 'by_company',
] as const;

/** Why the way to a provider ended without an account. The code stands in the address, where anybody may have written it. */
function Failed({ code, account }: { code: string; account: Account | undefined }) {
  const { t } = useTranslation('consent');
  const known = FAILURES.find((one) => one === code) ?? 'refused';
  return <Notice kind="bad">{t(`failed.${known}`, { address: account?.address ?? '' })}</Notice>;
}

interface ConsentStepProps {
  found: Discovery;
  provider: Provider;
  back: () => void;
  usePassword: () => void;
}

/** The address is of a provider whose own sign-in page connects it. */
function ConsentStep({ found, provider, back, usePassword }: ConsentStepProps) {
  const { t } = useTranslation('consent');
  const domain = found.address.split('@')[1] ?? '';
  return (
    <div className={css.fields}>
      <div className={css.found}>
        <p className={css.foundAddress}>{found.address}</p>
        <p className={css.lead}>{t('found', { domain, provider: provider.title })}</p>
        <Button look="link" onClick={back}>{t('another')}</Button>
      </div>
      <ConsentChoice providers={[provider]} address={found.address} />
      {found.password_works && <div><Button look="link" onClick={usePassword}>{t('usePassword')}</Button></div>}
    </div>
  );
}

/** The address takes no password, and this installation is not registered with its provider. */
function NotOffered({ found, back }: { found: Discovery; back: () => void }) {
  const { t } = useTranslation();
  const { t: say } = useTranslation('consent');
  return (
    <div className={css.fields}>
      <Notice kind="warn">
        <p>{found.password_hint}</p>
        <p>{say('notOffered', { provider: t(`accounts.provider.${found.provider_type}`) })}</p>
      </Notice>
      <div><Button onClick={back}>{say('another')}</Button></div>
    </div>
  );
}

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

interface AddressStepProps {
  address: string;
  fixed: boolean;
  setAddress: (address: string) => void;
  next: (found: Discovery) => void;
}

function AddressStep({ address, fixed, setAddress, next }: AddressStepProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  const [fault, setFault] = useState('');
  async function look(event: FormEvent): Promise<void> {
    event.preventDefault();
    const wanted = address.trim();
    if (busy) return;
    if (!ADDRESS.test(wanted)) return setWrong(t('connect.needAddress'));
    setWrong('');
    setFault('');
    setBusy(true);
    try {
      next(await request<Discovery>('accounts/discover', { method: 'POST', body: { address: wanted } }));
    } catch (error) {
      const said = error instanceof Problem ? error.errors['address']?.join(' ') : undefined;
      if (said) setWrong(said);
      else setFault(faultText(t, error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form className={css.fields} noValidate onSubmit={(event) => void look(event)}>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <Field
        label={t('connect.address')}
        hint={t('connect.addressHint')}
        type="email"
        name="address"
        inputMode="email"
        autoComplete="email"
        autoCapitalize="off"
        spellCheck={false}
        value={address}
        readOnly={fixed}
        onChange={(event) => setAddress(event.target.value)}
        error={wrong || undefined}
      />
      <div>
        <Button look="primary" type="submit" aria-disabled={busy}>
          {busy && <Spinner />}{busy ? t('connect.looking', { domain: address.split('@')[1] ?? '' }) : t('connect.look')}
        </Button>
      </div>
    </form>
  );
}

const SOURCES = { preset: 'foundPreset', srv: 'foundSrv', autoconfig: 'foundAutoconfig', mx: 'foundMx', guess: 'foundGuess' } as const;
const NO_HOST: Host = { host: '', port: 993, security: 'tls' };

interface ServersStepProps {
  found: Discovery;
  reconnecting: Account | undefined;
  back: () => void;
  next: (account: Account) => void;
}

function ServersStep({ found, reconnecting, back, next }: ServersStepProps) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const [name, setName] = useState(reconnecting?.display_name ?? '');
  const [settings, setSettings] = useState<ServerSettings>({
    username: found.username,
    imap: found.imap ?? NO_HOST,
    smtp: found.smtp ?? { ...NO_HOST, port: 465 },
    caldav: found.caldav ?? '',
    carddav: found.carddav ?? '',
  });
  const [shown, show] = useState(found.confirm_hosts || !found.imap);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const [checks, setChecks] = useState<ConnectionCheck[]>([]);
  const domain = found.address.split('@')[1] ?? '';

  async function connect(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setTried(true);
    if (!settings.imap.host.trim()) return show(true);
    if (!password) return;
    setBusy(true);
    setFault('');
    setChecks([]);
    try {
      const path = reconnecting ? `accounts/${reconnecting.id}/reconnect` : 'accounts';
      next(await request<Account>(path, { method: 'POST', body: bodyOf(found, settings, password, name) }));
    } catch (error) {
      if (error instanceof Problem && error.document.checks?.length) {
        setChecks(error.document.checks);
        show(true);
      } else if (error instanceof Problem && error.code === 'already_connected') setFault(t('connect.already'));
      else setFault(faultText(t, error));
      setBusy(false);
    }
  }

  return (
    <form className={css.fields} noValidate onSubmit={(event) => void connect(event)}>
      <div className={css.found}>
        <p className={css.foundAddress}>{found.address}</p>
        <p className={css.lead}>{t(`connect.${found.imap ? SOURCES[found.source] : 'foundNothing'}`, { domain })}</p>
        {!reconnecting && <Button look="link" onClick={back} disabled={busy}>{t('connect.otherAddress')}</Button>}
      </div>
      {fault && <Notice kind="bad">{fault}</Notice>}
      {checks.length > 0 && <CheckList checks={checks} />}
      {found.confirm_hosts && <Notice kind="warn">{t('connect.confirmHosts')}</Notice>}
      <PasswordField
        label={t('connect.password')}
        name="account-password"
        autoComplete="off"
        hint={found.password_hint ?? undefined}
        value={password}
        disabled={busy}
        onChange={(event) => setPassword(event.target.value)}
        error={tried && !password ? t('connect.needPassword') : undefined}
      />
      {!reconnecting && (
        <Field label={t('connect.displayName')} optional name="display-name" autoComplete="name" value={name} disabled={busy} onChange={(event) => setName(event.target.value)} />
      )}
      <details className={css.settings} open={shown} onToggle={(event) => show(event.currentTarget.open)}>
        <summary>
          {t('connect.settings')}
          {!shown && <span className={css.summaryHosts}>{[settings.imap.host, settings.smtp.host].filter(Boolean).join(', ')}</span>}
        </summary>
        <HostFields settings={settings} onChange={setSettings} disabled={busy} missingHost={tried && !settings.imap.host.trim()} />
      </details>
      {busy ? <Connecting settings={settings} /> : (
        <div><Button look="primary" type="submit">{reconnecting ? t('connect.reconnect') : t('connect.connect')}</Button></div>
      )}
    </form>
  );
}

/** Only what the person or the discovery has set is sent. */
function bodyOf(found: Discovery, settings: ServerSettings, password: string, name: string): NewAccount {
  const body: NewAccount = { address: found.address, password, username: settings.username.trim() || found.address, imap: settings.imap };
  if (name.trim()) body.display_name = name.trim();
  if (settings.smtp.host.trim()) body.smtp = settings.smtp;
  if (settings.caldav.trim()) body.caldav = settings.caldav.trim();
  if (settings.carddav.trim()) body.carddav = settings.carddav.trim();
  return body;
}

/** What is being asked right now; the verdicts come together with the server's answer. */
function Connecting({ settings }: { settings: ServerSettings }) {
  const { t } = useTranslation();
  const asked = [
    { service: 'imap', host: settings.imap.host },
    { service: 'smtp', host: settings.smtp.host },
    { service: 'caldav', host: hostName(settings.caldav) },
    { service: 'carddav', host: hostName(settings.carddav) },
  ] as const;
  return (
    <div className={css.checks} role="status">
      <p className={css.checksTitle}>{t('connect.connecting')}</p>
      <ul>
        {asked.filter(({ host }) => host).map(({ service, host }) => (
          <li key={service} className={css.check}>
            <Spinner />
            <span>{t(`connect.service.${service}`)} <span className={css.checkHost}>{host}</span></span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function hostName(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
