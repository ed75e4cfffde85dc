// Who one writes as: names, addresses and signatures of each account, and how sending behaves.
import i18next from 'i18next';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, Unreachable } from '../api/request';
import type { Account } from '../api/types';
import { formatAddress } from '../compose/address';
import { calls } from '../compose/calls';
import compose from '../compose/compose.module.css';
import { currentStudio } from '../compose/studio';
import { TextEditor, type TextHandle } from '../compose/TextEditor';
import type { Identity } from '../compose/types';
import { UNDO_CHOICES, undoSeconds } from '../compose/useSending';
import '../compose/words';
import { remember } from '../shell/preferences';
import { usePreference } from '../shell/usePreference';
import { addressShown } from '../accounts/shown';
import { useAccounts } from '../store/hooks';
import { Button } from '../ui/Button';
import { Field, Select } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { Templates } from './Templates';
import css from './settings.module.css';

const Dialog = lazy(() => import('../ui/Dialog'));

/** All that settings say about writing. */
export default function WritingSettings() {
  return (
    <>
      <Identities />
      <SendingSettings />
      <Templates />
    </>
  );
}

function Identities() {
  const { t } = useTranslation('compose');
  const accounts = useAccounts().filter(({ role }) => role !== 'reader');
  const [identities, setIdentities] = useState<Identity[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [editing, edit] = useState<string | null>(null);
  async function read(): Promise<void> {
    try {
      const { items } = await calls.identities();
      setIdentities(items);
      currentStudio()?.setIdentities(items);
      setFault(null);
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => void read(), []);
  async function done(): Promise<void> {
    await read();
    edit(null);
  }
  return (
    <section className={css.section} aria-labelledby="identities">
      <h2 id="identities">{t('settings.identities')}</h2>
      <p className={css.lead}>{t('settings.identitiesHint')}</p>
      {fault !== null && <Notice kind="warn"><span>{t('settings.failed', { reason: faultText(i18next.t, fault) })}</span><Button look="link" onClick={() => void read()}>{t('retry')}</Button></Notice>}
      <ul>
        {identities?.map((identity) => (
          <li key={identity.id} className={css.session}>
            {editing === identity.id
              ? <IdentityForm identity={identity} accounts={accounts} onDone={() => void done()} onClose={() => edit(null)} />
              : (
                <>
                  <div className={css.sessionText}>
                    <p><bdi>{formatAddress(identity)}</bdi></p>
                    {identity.is_default && <p className={css.hint}>{t('settings.default')}</p>}
                  </div>
                  <Button look="quiet" aria-label={`${t('settings.edit')}: ${identity.address}`} onClick={() => edit(identity.id)}>{t('settings.edit')}</Button>
                </>
              )}
          </li>
        ))}
      </ul>
      {editing === 'new'
        ? <IdentityForm identity={null} accounts={accounts} onDone={() => void done()} onClose={() => edit(null)} />
        : accounts.length > 0 && <div><Button onClick={() => edit('new')}><Plus size={16} aria-hidden />{t('settings.add')}</Button></div>}
    </section>
  );
}

interface IdentityFormProps {
  identity: Identity | null;
  accounts: Account[];
  onDone: () => void;
  onClose: () => void;
}

function IdentityForm({ identity, accounts, onDone, onClose }: IdentityFormProps) {
  const { t } = useTranslation('compose');
  const signature = useRef<TextHandle>(null);
  const [values, setValues] = useState({ account_id: identity?.account_id ?? accounts[0]?.id ?? '', name: identity?.name ?? '', address: identity?.address ?? '', reply_to: identity?.reply_to ?? '', is_default: identity?.is_default ?? false });
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [fault, setFault] = useState<{ field: string | null; text: string } | null>(null);
  const own = accounts.find(({ id }) => id === values.account_id)?.address === identity?.address;
  const put = (change: Partial<typeof values>): void => setValues({ ...values, ...change });
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setFault(null);
    try {
      await work();
      toast({ text: t('settings.saved') });
      onDone();
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      setFault({ field: error instanceof Problem ? Object.keys(error.errors)[0] ?? null : null, text: faultText(i18next.t, error) });
      setBusy(false);
    }
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    const editor = signature.current?.editor;
    const signature_html = !editor || editor.isEmpty ? '' : editor.getHTML();
    const { account_id, ...rest } = values;
    const body = { ...rest, signature_html };
    void attempt(() => (identity ? calls.changeIdentity(identity.id, body) : calls.addIdentity({ ...body, account_id })));
  }
  const faultOf = (field: string): string | undefined => (fault?.field === field ? fault.text : undefined);
  return (
    <form className={`${css.form} ${compose.settingsForm}`} noValidate onSubmit={submit}>
      {fault && (fault.field === null || !['name', 'address', 'reply_to'].includes(fault.field)) && <Notice kind="bad">{fault.text}</Notice>}
      {!identity && accounts.length > 1 && (
        <Select label={t('settings.addTo')} value={values.account_id} onChange={(event) => put({ account_id: event.target.value })}>
          {accounts.map((account) => <option key={account.id} value={account.id}>{addressShown(account)}</option>)}
        </Select>
      )}
      <div className={css.pair}>
        <Field label={t('settings.name')} autoFocus autoComplete="name" value={values.name} error={faultOf('name')} onChange={(event) => put({ name: event.target.value })} />
        <Field label={t('settings.address')} type="email" inputMode="email" autoComplete="email" value={values.address} error={faultOf('address')} hint={own && identity ? undefined : t('settings.aliasHint')} onChange={(event) => put({ address: event.target.value })} />
      </div>
      <Field label={t('settings.replyTo')} type="email" inputMode="email" autoComplete="off" value={values.reply_to} error={faultOf('reply_to')} hint={t('settings.replyToHint')} onChange={(event) => put({ reply_to: event.target.value })} />
      <div>
        <p className={css.switchLabel}>{t('settings.signature')}</p>
        <p className={css.hint}>{t('settings.signatureHint')}</p>
        <div className={compose.boxed}>
          <TextEditor ref={signature} html={identity?.signature_html ?? ''} signature="" label={t('settings.signature')} placeholder="" editable keys={null} pictures={null} onChange={() => undefined} className={compose.smallText ?? ''} />
        </div>
      </div>
      {!identity?.is_default && (
        <label className={compose.check}>
          <input type="checkbox" checked={values.is_default} onChange={(event) => put({ is_default: event.target.checked })} />
          {t('settings.makeDefault')}
        </label>
      )}
      <div className={compose.formButtons}>
        <Button type="submit" look="primary" aria-disabled={busy}>{busy && <Spinner />}{t('settings.save')}</Button>
        <Button onClick={onClose}>{t('settings.cancel')}</Button>
        {identity && !identity.is_default && <Button look="quiet" onClick={() => setRemoving(true)}>{t('settings.removeIdentity')}</Button>}
      </div>
      <Suspense fallback={null}>
        {removing && identity && (
          <Dialog title={t('settings.removeIdentityTitle', { address: identity.address })} alert onClose={() => setRemoving(false)}>
            <p>{t('settings.removeIdentityBody')}</p>
            <div className={compose.formButtons}>
              <Button autoFocus onClick={() => setRemoving(false)}>{t('settings.cancel')}</Button>
              <Button look="danger" onClick={() => { setRemoving(false); void attempt(() => calls.removeIdentity(identity.id)); }}>{t('settings.removeIdentity')}</Button>
            </div>
          </Dialog>
        )}
      </Suspense>
    </form>
  );
}

function SendingSettings() {
  const { t } = useTranslation('compose');
  const undo = usePreference(undoSeconds);
  return (
    <section className={css.section} aria-labelledby="sending">
      <h2 id="sending">{t('settings.sending')}</h2>
      <Select label={t('settings.undoSend')} hint={t('settings.undoSendHint')} value={undo} onChange={(event) => remember('undo-send', event.target.value)}>
        {UNDO_CHOICES.map((seconds) => <option key={seconds} value={seconds}>{seconds === 0 ? t('settings.undoNone') : t('settings.seconds', { count: seconds })}</option>)}
      </Select>
      <MailLinks />
    </section>
  );
}

/** The browser decides whether PMSync opens mail links; it does not tell what it decided. */
function MailLinks() {
  const { t } = useTranslation('compose');
  const able = 'registerProtocolHandler' in navigator;
  return (
    <div className={css.switchRow}>
      <div>
        <p className={css.switchLabel}>{t('settings.mailto')}</p>
        <p className={css.hint}>{able ? t('settings.mailtoHint') : t('settings.mailtoNo')}</p>
      </div>
      {able && (
        <Button
          onClick={() => {
            navigator.registerProtocolHandler('mailto', `${location.origin}/?mailto=%s`);
            toast({ text: t('settings.mailtoDone') });
          }}
        >
          {t('settings.mailtoDo')}
        </Button>
      )}
    </div>
  );
}
