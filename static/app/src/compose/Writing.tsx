// One message being written: its head, its text, what it carries, and how it leaves.
import { ChevronDown, Trash2 } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { addressShown } from '../accounts/shown';
import type { Addr, Id } from '../api/types';
import { dayAndTime, fileSize } from '../i18n/format';
import { useAccounts } from '../store/hooks';
import { Button, IconButton } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { toast } from '../ui/toast';
import { formatAddress } from './address';
import { Ask } from './Ask';
import css from './compose.module.css';
import type { SaveStatus } from './desk';
import type { LocalDraft } from './draftStore';
import { beginsWithText, settledKeys, takeKeys } from './early';
import { setSignature } from './editor';
import { AttachButton, FileList, useDropTarget } from './Files';
import type { ComposerProps } from './Host';
import { limitOf } from './limits';
import { closeComposer, onCloseAsked, openComposer, rebindComposer } from './open';
import { QuoteBlock } from './Quote';
import { FIELDS, Recipients, type Field, type RecipientsHandle } from './Recipients';
import { SendButton } from './SendButton';
import { Shell } from './Shell';
import type { Studio } from './studio';
import { TemplateMenu } from './TemplateMenu';
import { PICTURE, TextEditor, type TextHandle } from './TextEditor';
import { Toolbar } from './Toolbar';
import type { DraftFields, Identity } from './types';
import { useCompletion } from './useCompletion';
import { useLock, type Lock } from './useLock';
import { useSending } from './useSending';

const LinkBox = lazy(() => import('./LinkBox'));

export function Writing(props: ComposerProps) {
  const { item, studio, where, onReady } = props;
  const { id } = item;
  const { desk, uploads } = studio;
  const { t } = useTranslation('compose');
  const draft = useDraft(studio, id);
  const { fields } = draft;
  const identities = useSyncExternalStore(useCallback((listener) => studio.on(listener), [studio]), () => studio.identities);
  const identity = identities.find((one) => one.id === fields.identity_id);
  const transfers = useTransfers(studio, id);
  const lock = useLock(id);
  const [linking, setLinking] = useState(false);
  const [meanwhile, setMeanwhile] = useState<Meanwhile | null>(null);
  const text = useRef<TextHandle>(null);
  const people = useRef<Partial<Record<Field, RecipientsHandle | null>>>({});
  const subject = useRef<HTMLInputElement>(null);
  const root = useRef<HTMLDivElement>(null);
  const [asked, setAsked] = useState<ReadonlySet<Field>>(new Set());
  const editable = draft.state === 'editing' || draft.state === 'failed';
  const writable = lock.mine && editable;
  const limit = limitOf(identity);

  const edit = useCallback((change: Partial<DraftFields>) => desk.edit(id, change), [desk, id]);
  const tellText = useCallback((): void => {
    const html = text.current?.touched() ? text.current.html() : undefined;
    if (html !== undefined && html !== desk.draft(id)?.fields.html) edit({ html });
  }, [desk, id, edit]);
  function settle(): void {
    for (const field of FIELDS) people.current[field]?.commit();
    tellText();
  }
  function reveal(field: Field): void {
    flushSync(() => setAsked((before) => new Set([...before, field])));
    people.current[field]?.focus('');
  }
  const sending = useSending({ id, studio, text, transfers, settle, focusPeople: (field) => people.current[field]?.focus('') });
  const { fault, setFault, question, setQuestion } = sending;

  useCompletion(item, studio, text);
  useEffect(() => void uploads.takeUp(id), [uploads, id]);
  useEffect(() => studio.showPictures(draft.attachments), [studio, draft.attachments]);
  useEffect(() => uploads.onDone((transfer, attachment) => {
    if (transfer.draft === id && attachment.content_id) text.current?.renamePicture(transfer.key, attachment.content_id);
  }), [uploads, id]);
  useEffect(() => desk.listen((event) => {
    if (event.id !== id) return;
    if (event.kind === 'conflict') {
      setMeanwhile({ other: event.id });
      rebindComposer(event.id, event.copy);
    } else if (event.kind === 'newer') {
      tellText();
    } else if (event.kind === 'replaced' && text.current?.replace(desk.draft(id)?.fields.html ?? '')) {
      setMeanwhile({ other: null });
    }
  }), [desk, id, tellText]);
  useSettledOnLeave(settle);

  function focus(typed: string): void {
    const { mode, to } = desk.draft(id)?.fields ?? fields;
    if (beginsWithText(mode, to.length > 0)) text.current?.focusStart(typed);
    else people.current.to?.focus(typed);
  }
  const focusNow = useRef(focus);
  useEffect(() => {
    focusNow.current = focus;
  });
  const [{ key }] = useState(item);
  const [editedBefore] = useState(draft.edited);
  useLayoutEffect(() => {
    // Keys typed before now, and the focus with them, in the same task.
    const take = (): void => {
      focusNow.current(takeKeys(key).text);
      onReady();
    };
    const composing = settledKeys(key);
    if (composing) void composing.then(take);
    else take();
    // oxlint-disable-next-line react/exhaustive-deps -- once, when it is first shown
  }, []);
  useEffect(() => {
    if (item.asked > 1 && !root.current?.contains(document.activeElement)) focusNow.current('');
  }, [item.asked]);
  useEffect(() => {
    if (where === 'inline') root.current?.closest('section')?.scrollIntoView({ block: 'end' });
  }, [where]);

  function close(): void {
    settle();
    const changed = (desk.draft(id)?.edited ?? 0) > editedBefore;
    desk.close(id);
    closeComposer(id);
    if (changed && writable) toast({ text: t('savedToast'), action: { label: t('reopen'), run: () => openComposer({ mode: fields.mode, draftId: id }) } });
  }

  const closeNow = useRef(close);
  useEffect(() => {
    closeNow.current = close;
  });
  useEffect(() => onCloseAsked(id, () => closeNow.current()), [id]);

  function discard(): void {
    settle();
    const now = desk.draft(id);
    uploads.cancelAll(id);
    desk.discard(id);
    closeComposer(id);
    if (!now || (now.edited === 0 && now.rev === 0)) return;
    toast({ text: t('discarded'), action: { label: t('undo'), run: () => desk.undiscard(id) && openComposer({ mode: fields.mode, draftId: id }) } });
  }

  function attach(files: File[], inline: boolean): void {
    setFault(null);
    for (const file of files) {
      const used = [...(desk.draft(id)?.attachments ?? []).map(({ size }) => size), ...uploads.of(id).map((one) => one.file.size)].reduce((sum, size) => sum + size, 0);
      if (file.size === 0) setFault(t('emptyFile', { name: file.name }));
      else if (used + file.size > limit.files) setFault(t('tooBig', { name: file.name, most: fileSize(limit.files) }));
      else {
        const picture = inline && PICTURE.test(file.type);
        const transfer = uploads.add(id, file, file.name || t('image'), picture);
        if (!picture) continue;
        studio.pictures.put(transfer.key, file);
        text.current?.insertPicture(transfer.key, file.name);
      }
    }
  }

  function move(person: Addr, from: Field, to: Field): void {
    if (from === to) return;
    edit({ [from]: fields[from].filter(({ address }) => address !== person.address), [to]: [...fields[to].filter(({ address }) => address !== person.address), person] });
    setAsked((before) => new Set([...before, to]));
  }

  function changeIdentity(next: Identity): void {
    edit({ identity_id: next.id, account_id: next.account_id });
    if (text.current) setSignature(text.current.editor, next.signature_html, !identity?.signature_html.trim());
  }

  function insertTemplate(made: { subject: string; html: string }): void {
    if (made.subject && !fields.subject.trim()) edit({ subject: made.subject });
    text.current?.insert(made.html);
  }

  function correct(): void {
    if (!question) return;
    setQuestion(null);
    if (question.kind === 'attachment') root.current?.querySelector<HTMLInputElement>('input[type=file]')?.click();
    else if (question.kind === 'subject') subject.current?.focus();
    else {
      const { person, field, likely } = question;
      const address = person.address.replace(/@[^@]*$/, `@${likely}`);
      edit({ [field]: fields[field].map((one) => (one.address === person.address ? { ...one, address } : one)) });
      people.current[field]?.focus('');
    }
  }

  const acts = useRef({ send: () => void sending.send(), reveal });
  useEffect(() => {
    acts.current = { send: () => void sending.send(), reveal };
  });
  const [keys] = useState(() => ({
    send: () => acts.current.send(),
    link: () => setLinking(true),
    cc: () => acts.current.reveal('cc'),
    bcc: () => acts.current.reveal('bcc'),
  }));
  function onKeyDown(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.defaultPrevented || !writable) return;
    const pressed = event.key.toLowerCase();
    const act = pressed === 'enter' ? keys.send : event.shiftKey && pressed === 'c' ? keys.cc : event.shiftKey && pressed === 'b' ? keys.bcc : null;
    if (!act) return;
    event.preventDefault();
    act();
  }

  const drop = useDropTarget((files) => attach(files, false), writable);
  const rows = FIELDS.filter((field) => field === 'to' || fields[field].length > 0 || asked.has(field));
  const more = FIELDS.filter((field): field is 'cc' | 'bcc' => !rows.includes(field));
  return (
    <Shell {...props} title={fields.subject.trim()} note={<SaveNote status={desk.status(id)} written={draft.edited > 0 || draft.rev > 0} />} onClose={close}>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- hears keys that its fields did not use, and dropped files */}
      <div ref={root} className={css.writing} onKeyDown={onKeyDown} {...drop.props}>
        {drop.over && <div className={css.drop} aria-hidden>{t('dropHere')}</div>}
        <Notes
          draft={draft}
          lock={lock}
          meanwhile={meanwhile}
          onSeen={() => setMeanwhile(null)}
          onUnschedule={() => void studio.outgoing.undo(id).then((how) => how !== 'back' && toast({ text: t(how === 'late' ? 'outgoing.tooLate' : 'outgoing.undoAway') }))}
        />
        <div className={css.fields}>
          {identities.length > 1 && (
            <Row label={t('from')} id={`${key}-from`}>
              <span className={css.from}>
                <select
                  id={`${key}-from`}
                  value={identity?.id ?? ''}
                  disabled={!writable}
                  onChange={(event) => changeIdentity(identities.find((one) => one.id === event.target.value)!)}
                >
                  {!identity && <OwnAddress account={fields.account_id} />}
                  {identities.map((one) => <Sender key={one.id} identity={one} />)}
                </select>
                <ChevronDown size={16} aria-hidden />
              </span>
            </Row>
          )}
          {rows.map((field) => (
            <Recipients
              key={field}
              ref={(handle) => {
                people.current[field] = handle;
              }}
              field={field}
              label={t(field)}
              people={fields[field]}
              source={studio.people}
              disabled={!writable}
              onChange={(list) => edit({ [field]: list })}
              onMove={move}
              onSubmit={() => subject.current?.focus()}
              end={field === 'to' && more.map((other) => (
                <button key={other} type="button" className={css.more} disabled={!writable} aria-label={t(other === 'cc' ? 'addCc' : 'addBcc')} data-tip={t(other === 'cc' ? 'addCc' : 'addBcc')} data-tip-keys={other === 'cc' ? 'Ctrl+Shift+C' : 'Ctrl+Shift+B'} onClick={() => reveal(other)}>{t(other)}</button>
              ))}
            />
          ))}
          <Row label={t('subject')} id={`${key}-subject`}>
            <input
              ref={subject}
              id={`${key}-subject`}
              className={css.subject}
              value={fields.subject}
              readOnly={!writable}
              maxLength={900}
              autoComplete="off"
              onChange={(event) => edit({ subject: event.target.value })}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.nativeEvent.isComposing) return;
                event.preventDefault();
                text.current?.focus();
              }}
            />
          </Row>
        </div>
        <div className={css.scroll}>
          <TextEditor
            ref={text}
            html={fields.html}
            signature={draft.edited === 0 && draft.rev === 0 ? identity?.signature_html ?? '' : ''}
            label={t('body')}
            placeholder={t('placeholder')}
            editable={writable}
            keys={keys}
            pictures={studio.pictures}
            onChange={(html) => edit({ html })}
            onFiles={attach}
          />
          {fields.source_message_id && fields.mode !== 'new' && (
            <QuoteBlock
              quote={draft.quote}
              included={fields.include_quote}
              editable={writable}
              unfolded={fields.mode === 'forward'}
              onInclude={(include_quote) => edit({ include_quote })}
              onEdit={(html) => {
                text.current?.append(html);
                edit({ include_quote: false });
              }}
            />
          )}
        </div>
        <FileList
          attachments={draft.attachments.filter((file) => !(file.inline && file.content_id))}
          transfers={transfers.filter((transfer) => !transfer.inline || transfer.state === 'failed')}
          limit={limit}
          disabled={!writable}
          onRemove={(attachment) => desk.detach(id, attachment)}
          onCancel={(transfer) => {
            uploads.cancel(transfer);
            text.current?.renamePicture(transfer, null);
          }}
          onRetry={(transfer) => uploads.retry(transfer)}
        />
        {fault && <Said kind="bad">{fault}</Said>}
        {sending.waiting && <Said kind="info"><span>{t('waitsForFiles', { count: transfers.length })}</span><Button look="link" onClick={sending.stopWaiting}>{t('doNotWait')}</Button></Said>}
        {question && <Ask question={question} onAnyway={() => void sending.goOn()} onInstead={correct} onClose={() => { setQuestion(null); text.current?.focus(); }} />}
        <div className={css.foot}>
          <SendButton
            disabled={!writable || sending.waiting}
            busy={sending.waiting}
            onSend={() => void sending.send()}
            onSchedule={(at) => void sending.send({ undo_seconds: 0, send_at: new Date(at).toISOString() })}
          />
          <Toolbar text={text} disabled={!writable} onLink={() => setLinking(true)} />
          <span className={css.footEnd}>
            <AttachButton disabled={!writable} onFiles={(files) => attach(files, false)} />
            <TemplateMenu studio={studio} disabled={!writable} draft={fields} onInsert={insertTemplate} onLeave={() => where === 'phone' && close()} written={() => ({ subject: fields.subject, html: text.current?.html() ?? '' })} />
            <IconButton label={t('discard')} disabled={!editable} onClick={discard}><Trash2 size={20} aria-hidden /></IconButton>
          </span>
        </div>
        <Suspense fallback={null}>{linking && text.current && <LinkBox editor={text.current.editor} onClose={() => setLinking(false)} />}</Suspense>
      </div>
    </Shell>
  );
}

/** The draft, and again whenever it changes; after it has left, as it was last. */
function useDraft({ desk }: Studio, id: Id): LocalDraft {
  const subscribe = useCallback((listener: () => void) => desk.listen(listener), [desk]);
  const found = useSyncExternalStore(subscribe, () => desk.draft(id));
  const status = useSyncExternalStore(subscribe, () => desk.status(id).kind);
  const [last, keep] = useState(found!);
  void status;
  if (found && found !== last) keep(found);
  return found ?? last;
}

function useTransfers({ uploads }: Studio, id: Id) {
  const all = useSyncExternalStore(useCallback((listener) => uploads.on(listener), [uploads]), () => uploads.all());
  return useMemo(() => all.filter(({ draft }) => draft === id), [all, id]);
}

/** What stands in the editor is in the draft before the page, or the composer, can go. */
function useSettledOnLeave(settle: () => void): void {
  const latest = useRef(settle);
  useEffect(() => {
    latest.current = settle;
  });
  useEffect(() => {
    const now = (): void => latest.current();
    const hidden = (): void => {
      if (document.visibilityState === 'hidden') now();
    };
    addEventListener('pagehide', now, true);
    document.addEventListener('visibilitychange', hidden, true);
    return () => {
      removeEventListener('pagehide', now, true);
      document.removeEventListener('visibilitychange', hidden, true);
    };
  }, []);
}

function OwnAddress({ account }: { account: Id }) {
  const found = useAccounts().find(({ id }) => id === account);
  return <option value="">{found ? addressShown(found) : ''}</option>;
}

function Sender({ identity }: { identity: Identity }) {
  const simulated = useAccounts().some((account) => account.id === identity.account_id && account.simulated);
  return <option value={identity.id}>{addressShown({ address: formatAddress(identity), simulated })}</option>;
}

function Row({ label, id, children }: { label: string; id: string; children: ReactNode }) {
  return (
    <div className={css.row}>
      <label className={css.rowLabel} htmlFor={id}>{label}</label>
      {children}
    </div>
  );
}

function Said({ kind, children }: { kind: 'info' | 'warn' | 'bad'; children: ReactNode }) {
  return <div className={css.message}><Notice kind={kind}>{children}</Notice></div>;
}

/** How far what is written has got. A screen reader is told only when it is not the usual. */
function SaveNote({ status, written }: { status: SaveStatus; written: boolean }) {
  const { t } = useTranslation('compose');
  if (status.kind === 'away') return <span className={css.note} role="status" title={t('keptHere')}>{t('keptHereShort')}</span>;
  if (!written || status.kind === 'refused') return null;
  const text = { clean: t('saved'), saved: t('saved'), unsaved: '', saving: t('saving') }[status.kind];
  return <span className={css.note}>{text}</span>;
}

/** It was changed elsewhere: what stands here now is that, or both are kept and `other` is the one of elsewhere. */
interface Meanwhile { other: Id | null }

interface NotesProps {
  draft: LocalDraft;
  lock: Lock;
  meanwhile: Meanwhile | null;
  onSeen: () => void;
  onUnschedule: () => void;
}

/** Why it cannot be written here, or what happened to it elsewhere. */
function Notes({ draft, lock, meanwhile, onSeen, onUnschedule }: NotesProps) {
  const { t } = useTranslation('compose');
  const { state, sendAt, error } = draft;
  const other = meanwhile?.other;
  return (
    <>
      {!lock.mine && <Said kind="warn"><span>{t(lock.lost ? 'taken' : 'elsewhere')}</span><Button look="link" onClick={lock.take}>{t('takeOver')}</Button></Said>}
      {meanwhile && (
        <Said kind={other ? 'warn' : 'info'}>
          <span>{t(other ? 'conflict' : 'replaced')}</span>
          {other && <Button look="link" onClick={() => { openComposer({ mode: 'new', draftId: other }); onSeen(); }}>{t('openOther')}</Button>}
          <Button look="link" onClick={onSeen}>{t('dismiss')}</Button>
        </Said>
      )}
      {(state === 'scheduled' || state === 'waiting' || state === 'sending') && (
        <Said kind="info">
          <span>{state === 'scheduled' && sendAt ? t('scheduledFor', { when: dayAndTime(Date.parse(sendAt)) }) : t('onItsWay')}</span>
          {state !== 'sending' && <Button look="link" onClick={onUnschedule}>{t('unschedule')}</Button>}
        </Said>
      )}
      {state === 'failed' && error && <Said kind="bad">{error.sentence}</Said>}
    </>
  );
}
