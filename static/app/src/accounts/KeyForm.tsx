// The key of a company: what to grant at the provider, and what to give here. The provider's refusal says what is missing.
import { Copy, ExternalLink } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { SURFACES, type Surface } from '../api/types';
import { request } from '../auth/session';
import { Button, buttonClass } from '../ui/Button';
import { Field, PasswordField } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import { toast } from '../ui/toast';
import css from './accounts.module.css';
import { BASE, useAct, type Connection, type KeyField, type Offer } from './company';
import { SurfaceChoice } from './SurfaceChoice';

const KEY_MOST = 16_384;

interface KeyFormProps {
  offer: Offer;
  /** The connection that gets another key; left out for a new one. */
  connection?: Connection;
  cancel: () => void;
  done: () => void;
}

export function KeyForm({ offer, connection, cancel, done }: KeyFormProps) {
  const { t: say } = useTranslation('company');
  const { t: sayConsent } = useTranslation('consent');
  const [wanted, want] = useState<readonly Surface[]>(connection?.surfaces ?? SURFACES);
  const [given, give] = useState<Record<KeyField, string>>({ key: '', administrator: connection?.administrator ?? '', directory: '', client_id: '', secret: '' });
  const [missing, setMissing] = useState('');
  const { busy, fault, act } = useAct();
  const scopes = [...offer.scopes.directory, ...wanted.flatMap((surface) => offer.scopes[surface])];
  const set = (field: KeyField) => (value: string): void => give((before) => ({ ...before, [field]: value }));
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const complete = offer.fields.every((field) => given[field].trim());
    setMissing(!complete ? say('needAll') : wanted.length === 0 ? sayConsent('needSurface') : '');
    if (!complete || wanted.length === 0) return;
    const body = Object.fromEntries(offer.fields.map((field) => [field, given[field]]));
    const ask = connection
      ? () => request(`${BASE}/${connection.id}/key`, { method: 'PUT', body })
      : () => request(BASE, { method: 'POST', body: { ...body, provider: offer.name, surfaces: wanted } });
    if (await act(ask)) done();
  }
  return (
    <form className={css.fields} noValidate onSubmit={(event) => void submit(event)}>
      <ol className={css.steps}>
        {say(`steps.${offer.name}`, { returnObjects: true }).map((step) => <li key={step}>{step}</li>)}
      </ol>
      {!connection && <SurfaceChoice wanted={wanted} onChange={want} />}
      <Scopes offer={offer} scopes={scopes} />
      {offer.fields.map((field) => <KeyInput key={field} field={field} value={given[field]} onChange={set(field)} />)}
      {missing && <Notice kind="warn">{missing}</Notice>}
      {fault && <Notice kind="bad">{fault}</Notice>}
      <div className={css.actions}>
        <Button type="submit" look="primary" aria-disabled={busy}>
          {busy && <Spinner />}{busy ? say('checking', { provider: offer.title }) : say(connection ? 'replace' : 'check')}
        </Button>
        <Button look="quiet" onClick={cancel}>{say('cancel')}</Button>
      </div>
    </form>
  );
}

/** What to paste into the provider's console. */
function Scopes({ offer, scopes }: { offer: Offer; scopes: string[] }) {
  const { t: say } = useTranslation('company');
  const id = useId();
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(scopes.join(','));
    toast({ text: say('copied') });
  };
  return (
    <div className={css.scopes}>
      <p id={id}>{say(`scopes.${offer.name}`)}</p>
      <ul aria-labelledby={id}>{scopes.map((scope) => <li key={scope}><code>{scope}</code></li>)}</ul>
      <div className={css.actions}>
        <Button onClick={() => void copy()}><Copy size={16} aria-hidden />{say('copy')}</Button>
        <a className={buttonClass('quiet')} href={offer.console} target="_blank" rel="noreferrer"><ExternalLink size={16} aria-hidden />{say('console')}</a>
      </div>
    </div>
  );
}

function KeyInput({ field, value, onChange }: { field: KeyField; value: string; onChange: (value: string) => void }) {
  const { t: say } = useTranslation('company');
  if (field === 'key') return <KeyFile value={value} onChange={onChange} />;
  const plain = { value, autoComplete: 'off', autoCapitalize: 'off', spellCheck: false, onChange: ({ target }: { target: { value: string } }) => onChange(target.value) };
  if (field === 'secret') return <PasswordField label={say('secret')} name="secret" hint={say('keyHint')} {...plain} />;
  const labels = { administrator: say('administrator'), directory: say('directory'), client_id: say('clientId') };
  return <Field label={labels[field]} name={field} type={field === 'administrator' ? 'email' : 'text'} {...plain} />;
}

/** A key file that is chosen or pasted; it is read here and sent as text. */
function KeyFile({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t: say } = useTranslation('company');
  const id = useId();
  const [fault, setFault] = useState('');
  // What a file holds is not put on the screen.
  const [chosen, setChosen] = useState(false);
  async function take(file: File | undefined): Promise<void> {
    const fits = !file || file.size <= KEY_MOST;
    setFault(fits ? '' : say('tooLong'));
    setChosen(!!file && fits);
    onChange(file && fits ? await file.text() : '');
  }
  return (
    <div className={css.keyFile}>
      <label htmlFor={`${id}-file`}>{say('keyFile')}</label>
      <input id={`${id}-file`} type="file" accept=".json,application/json" onChange={({ target }) => void take(target.files?.[0])} />
      <label htmlFor={`${id}-text`}>{say('keyPaste')}</label>
      <textarea id={`${id}-text`} name="key" rows={3} disabled={chosen} value={chosen ? '' : value} maxLength={KEY_MOST} autoComplete="off" spellCheck={false} onChange={({ target }) => onChange(target.value)} />
      <p className={css.lead}>{say('keyHint')}</p>
      {fault && <p className={css.none} role="alert">{fault}</p>}
    </div>
  );
}
