// A conversation: read messages collapsed, opened at the first unread one, each with its text and attachments.
import { ArrowLeft, ChevronDown, ChevronUp, Clock, CloudOff, FoldVertical, MailX, Printer, Reply, Star, UnfoldVertical } from 'lucide-react';
import { Suspense, lazy, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id, Message, ThreadRow } from '../api/types';
import { isOffered, onCommands, run, useCommand } from '../shell/commands';
import { tipKeys } from '../shell/keymap';
import { usePhone } from '../shell/usePreference';
import { useAccounts, useConversation, useMirror } from '../store/hooks';
import type { Load } from '../store/mirror';
import { openComposer } from '../compose/open';
import { ComposeSlot } from '../compose/Slot';
import { Button, IconButton } from '../ui/Button';
import { Empty, Notice } from '../ui/Feedback';
import { ActionButton } from './act/ActionButton';
import actCss from './act/act.module.css';
import { isLabel, labelName } from './act/labels';
import { offered, useActions } from './act/place';
import { snoozedText } from './act/snoozeTimes';
import { MessageCard } from './MessageCard';
import { startPrint } from './startPrint';
import css from './reader.module.css';

const Strip = lazy(() => import('../agents/Strip'));

interface ReaderProps {
  id: Id;
  onBack: () => void;
}

export default function Reader({ id, onBack }: ReaderProps) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const { thread, messages, load } = useConversation(id);
  if (messages && messages.length > 0) return <OpenConversation thread={thread} messages={messages} onBack={onBack} />;
  if (mirror.tables.gone.has(id) || messages?.length === 0) {
    return <Empty icon={MailX} action={<Button onClick={onBack}>{t('reader.toList')}</Button>}>{t('reader.gone')}</Empty>;
  }
  if (load === 'idle' || load === 'loading') return <ReaderWait thread={thread} onBack={onBack} />;
  return <ReaderFault load={load} retry={() => void mirror.openConversation(id)} onBack={onBack} />;
}

function ReaderFault({ load, retry, onBack }: { load: Exclude<Load, 'idle' | 'loading'>; retry: () => void; onBack: () => void }) {
  const { t } = useTranslation();
  if (load === 'missing') {
    return <Empty icon={MailX} action={<Button onClick={onBack}>{t('reader.toList')}</Button>}>{t('reader.missing')}</Empty>;
  }
  const text = load === 'away' ? t('reader.away') : t('reader.failed', { reason: load.reason });
  return <Empty icon={CloudOff} action={<Button onClick={retry}>{t('common.retry')}</Button>}>{text}</Empty>;
}

function ReaderWait({ thread, onBack }: { thread: ThreadRow | undefined; onBack: () => void }) {
  return (
    <div className={css.reader}>
      <ReaderBar thread={thread} onBack={onBack} />
      <div className={css.scroll}>
        <div className={css.conversation}>{thread && <Title thread={thread} />}</div>
      </div>
    </div>
  );
}

interface ReaderBarProps {
  thread: ThreadRow | undefined;
  onBack: () => void;
  expand?: { all: boolean; toggle: () => void } | undefined;
  printable?: boolean;
}

function ReaderBar({ thread, onBack, expand, printable = false }: ReaderBarProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const canMove = useListBeside();
  return (
    <div className={css.bar}>
      {phone && <IconButton label={t('reader.toList')} keys={tipKeys('list.back')} onClick={onBack}><ArrowLeft size={20} aria-hidden /></IconButton>}
      {!phone && thread && <ReaderActions thread={thread} />}
      <span className={css.barSpace} />
      {printable && !phone && (
        <IconButton label={t('reader.printAll')} keys={tipKeys('thread.print')} onClick={() => run('thread.print')}><Printer size={20} aria-hidden /></IconButton>
      )}
      {expand && (
        <IconButton
          label={expand.all ? t('reader.collapseAll') : t('reader.expandAll')}
          keys={tipKeys(expand.all ? 'thread.collapse' : 'thread.expand')}
          onClick={expand.toggle}
        >
          {expand.all ? <FoldVertical size={20} aria-hidden /> : <UnfoldVertical size={20} aria-hidden />}
        </IconButton>
      )}
      {canMove && (
        <>
          <IconButton label={t('reader.previous')} keys={tipKeys('list.previous')} onClick={() => run('list.previous')}><ChevronUp size={20} aria-hidden /></IconButton>
          <IconButton label={t('reader.next')} keys={tipKeys('list.next')} onClick={() => run('list.next')}><ChevronDown size={20} aria-hidden /></IconButton>
        </>
      )}
    </div>
  );
}

/** What can be done to the whole conversation; its star is beside the subject. */
function ReaderActions({ thread }: { thread: ThreadRow }) {
  const { t } = useTranslation();
  const { place, act } = useActions();
  return (
    <div role="toolbar" aria-label={t('act.bar')} className={css.actions}>
      {offered(place).filter((action) => action !== 'star').map((action) => (
        <ActionButton key={action} action={action === 'read' && thread.unread === 0 ? 'unread' : action} onAct={() => act(action, [thread.id])} />
      ))}
    </div>
  );
}

/** On a phone the same stands at the bottom, under the thumb: what is used most, and the answer. */
function PhoneActions({ thread, onReply }: { thread: ThreadRow; onReply: () => void }) {
  const { t } = useTranslation();
  const { place, act } = useActions();
  return (
    <div role="toolbar" aria-label={t('act.bar')} className={actCss.bottomActions}>
      {offered(place).filter((action) => action !== 'star' && action !== 'junk').map((action) => (
        <ActionButton key={action} action={action === 'read' && thread.unread === 0 ? 'unread' : action} onAct={() => act(action, [thread.id])} />
      ))}
      <IconButton label={t('reader.reply')} onClick={onReply}><Reply size={20} aria-hidden /></IconButton>
    </div>
  );
}

/** The list beside the reader offers next and previous; on a phone it is not there. */
function useListBeside(): boolean {
  const [beside, set] = useState(() => isOffered('list.next'));
  useEffect(() => {
    const update = (): void => set(isOffered('list.next'));
    update();
    return onCommands(update);
  }, []);
  return beside;
}

function Title({ thread }: { thread: ThreadRow }) {
  const { t } = useTranslation();
  const { act } = useActions();
  const Heading = usePhone() ? 'h1' : 'h2'; // beside the list, the mailbox has the first heading
  const labels = (thread.keywords ?? []).filter((word) => isLabel(word));
  return (
    <div className={css.top}>
      <Heading className={css.title}>{thread.subject || t('list.noSubject')}</Heading>
      <IconButton
        label={t(`act.name.${thread.flagged ? 'unstar' : 'star'}`)}
        keys={tipKeys('mail.star')}
        aria-pressed={thread.flagged}
        className={css.starButton ?? ''}
        onClick={() => act('star', [thread.id])}
      >
        <Star className={thread.flagged ? css.star : undefined} size={20} aria-hidden />
      </IconButton>
      {(labels.length > 0 || thread.snoozed_until) && (
        <p className={css.labels}>
          {thread.snoozed_until && <span className={css.snoozed}><Clock size={16} aria-hidden />{t('act.snoozed', { when: snoozedText(thread.snoozed_until) })}</span>}
          {labels.map((label) => <span key={label} className={css.label}>{labelName(label)}</span>)}
        </p>
      )}
    </div>
  );
}

interface OpenConversationProps {
  thread: ThreadRow | undefined;
  messages: Message[];
  onBack: () => void;
}

function OpenConversation({ thread, messages, onBack }: OpenConversationProps) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const scroller = useRef<HTMLDivElement>(null);
  const accounts = useAccounts();
  const mine = useMemo(() => accounts.filter((account) => account.mine).map((account) => account.address.toLowerCase()), [accounts]);
  const { isOpen, setOpen, setAll, start } = useExpansion(messages);
  const removed = useRemoved(messages);
  const [unstacked, unstack] = useState(false);
  const stack = unstacked ? [] : stackOf(messages, isOpen);
  const allOpen = messages.every((message) => isOpen(message.id));
  const several = messages.length > 1;
  const phone = usePhone();
  const [first] = useState(messages[0]!.id);

  useLayoutEffect(() => {
    // At the first message the conversation simply begins, with its subject.
    if (start !== first) scroller.current?.querySelector(`[data-message="${CSS.escape(start)}"]`)?.scrollIntoView({ block: 'start' });
  }, [start, first]);

  function step(by: number): void {
    const nodes = [...(scroller.current?.querySelectorAll<HTMLElement>('[data-message]') ?? [])];
    const at = currentIndex(nodes, scroller.current);
    const next = nodes[at + by];
    const id = next?.dataset['message'];
    if (!next || !id) return;
    setOpen(id, true);
    requestAnimationFrame(() => {
      next.scrollIntoView({ block: 'start' });
      next.querySelector<HTMLElement>('button:enabled')?.focus({ preventScroll: true });
    });
  }
  /** The message one is at answers the keys: that with the focus, else the last that is open. */
  function answer(mode: 'reply' | 'reply_all' | 'forward'): void {
    const focused = document.activeElement?.closest<HTMLElement>('[data-message]')?.dataset['message'];
    const at = messages.find(({ id }) => id === focused) ?? answerable(messages);
    openComposer({ mode, messageId: at.id });
  }
  useCommand('compose.reply', () => answer('reply'));
  useCommand('compose.replyAll', () => answer('reply_all'));
  useCommand('compose.forward', () => answer('forward'));
  useCommand('message.next', () => step(1), several);
  useCommand('message.previous', () => step(-1), several);
  useCommand('thread.expand', () => setAll(true), several);
  useCommand('thread.collapse', () => setAll(false), several);
  useCommand('thread.print', () => startPrint(t, mirror, { thread: messages[0]!.thread_id, messages: messages.map(({ id }) => id) }));

  return (
    <section className={css.reader} aria-label={t('reader.label')}>
      <ReaderBar thread={thread} onBack={onBack} expand={several ? { all: allOpen, toggle: () => setAll(!allOpen) } : undefined} printable />
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys must be able to scroll it */}
      <div className={css.scroll} ref={scroller} tabIndex={0} role="region" aria-label={thread?.subject || t('list.noSubject')}>
        <div className={css.conversation}>
          {thread && <Title thread={thread} />}
          {thread && <Suspense fallback={null}><Strip thread={thread.id} account={thread.account_id} answered={answerable(messages).id} count={messages.length} /></Suspense>}
          {removed > 0 && <Notice>{t('reader.removed', { count: removed })}</Notice>}
          {messages.map((message) => {
            if (stack.includes(message.id)) {
              if (message.id !== stack[0]) return null;
              return (
                <button key="stack" type="button" className={css.stack} onClick={() => unstack(true)}>
                  <span className={css.stackCount} data-num>{stack.length}</span>
                  {t('reader.older', { count: stack.length })}
                </button>
              );
            }
            return (
              <MessageCard
                key={message.id}
                id={message.id}
                open={isOpen(message.id)}
                only={!several}
                mine={mine}
                onToggle={() => setOpen(message.id, !isOpen(message.id))}
              />
            );
          })}
          <ComposeSlot messages={messages.map((message) => message.id)} onAnswer={answer} />
        </div>
      </div>
      {phone && thread && <PhoneActions thread={thread} onReply={() => answer('reply')} />}
    </section>
  );
}

/** The newest message that is none of the person's drafts. */
const answerable = (messages: Message[]): Message => messages.findLast(({ draft }) => !draft) ?? messages.at(-1)!;

/** The message whose top is nearest above the reading line. */
function currentIndex(nodes: HTMLElement[], scroller: HTMLElement | null): number {
  const focused = nodes.findIndex((node) => node.contains(document.activeElement));
  if (focused >= 0) return focused;
  const line = (scroller?.getBoundingClientRect().top ?? 0) + 8;
  return nodes.findLastIndex((node) => node.getBoundingClientRect().top <= line);
}

/** Which messages are expanded: the unread and the last, until the person says otherwise; arrivals are. */
function useExpansion(messages: Message[]) {
  const [{ open, known, start }] = useState(() => ({
    open: new Set(messages.filter((message, index) => message.unread || index === messages.length - 1).map(({ id }) => id)),
    known: new Set(messages.map(({ id }) => id)),
    start: (messages.find((message) => message.unread) ?? messages.at(-1)!).id,
  }));
  const [chosen, choose] = useState<ReadonlyMap<Id, boolean>>(new Map());
  return {
    start,
    isOpen: (id: Id): boolean => chosen.get(id) ?? (open.has(id) || !known.has(id)),
    setOpen: (id: Id, value: boolean): void => choose((map) => new Map(map).set(id, value)),
    setAll: (value: boolean): void => choose(new Map(messages.map((message, index) => [message.id, value || index === messages.length - 1]))),
  };
}

/** How many messages that were shown have left the conversation since it was opened. */
function useRemoved(messages: Message[]): number {
  const [seen, setSeen] = useState<ReadonlySet<Id>>(new Set());
  const unseen = messages.filter(({ id }) => !seen.has(id));
  if (unseen.length > 0) setSeen(new Set([...seen, ...unseen.map(({ id }) => id)]));
  return Math.max(0, seen.size - messages.length);
}

const STACK_FROM = 5;

/** The middle of a long run of collapsed messages at the top: one line instead of many. */
function stackOf(messages: Message[], isOpen: (id: Id) => boolean): Id[] {
  const firstOpen = messages.findIndex(({ id }) => isOpen(id));
  const closed = firstOpen < 0 ? messages.length : firstOpen;
  return closed >= STACK_FROM ? messages.slice(1, closed - 1).map(({ id }) => id) : [];
}
