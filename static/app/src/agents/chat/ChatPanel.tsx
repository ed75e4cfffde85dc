// The conversation with the assistant: beside the page on a desk, a page of its own on a phone.
import { ArrowUp, History, MessageSquarePlus, Sparkles, Square, Trash2, X } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef, useState, useSyncExternalStore, type FormEvent, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Id } from '../../api/types';
import { Simulated } from '../../accounts/Simulated';
import { messageDate } from '../../i18n/format';
import { tipKeys } from '../../shell/keymap';
import { Button, IconButton } from '../../ui/Button';
import { Notice } from '../../ui/Feedback';
import { faultText } from '../../ui/fault';
import { toast } from '../../ui/toast';
import css from './chat.module.css';
import { type Talk, talkOf } from './talk';
import { TurnView } from './TurnView';
import '../words';

const MOST = 2_000;

interface ChatPanelProps {
  scope: string;
  /** It is the whole page. */
  page: boolean;
  /** Counts the calls that asked for it: each brings the focus to the field. */
  asked?: number;
  onClose?: () => void;
}

export default function ChatPanel({ scope, page, asked = 0, onClose }: ChatPanelProps) {
  const { t } = useTranslation('agents');
  const { t: common } = useTranslation();
  const talk = talkOf(scope);
  useSyncExternalStore(talk.subscribe, () => talk.version);
  const [older, showOlder] = useState(false);
  const title = useId();
  useEffect(() => void talk.read(), [talk]);
  const Frame = page ? 'section' : 'aside';
  const pick = (work: () => void): void => {
    showOlder(false);
    work();
  };
  return (
    // Escape closes what stands beside the page; in the page itself there is nothing to close.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <Frame className={css.panel} data-page={page || undefined} aria-labelledby={title} onKeyDown={(event) => closes(event, onClose)}>
      <header className={css.head}>
        <Sparkles size={16} aria-hidden />
        {page ? <h1 id={title}>{t('title')}</h1> : <h2 id={title}>{t('title')}</h2>}
        {talk.overview?.simulated && <Simulated />}
        <span className={css.space} />
        <IconButton label={t('chat.older')} aria-pressed={older} onClick={() => showOlder(!older)}><History size={16} aria-hidden /></IconButton>
        <IconButton label={t('chat.fresh')} onClick={() => pick(() => talk.fresh())}><MessageSquarePlus size={16} aria-hidden /></IconButton>
        {onClose && <IconButton label={common('common.close')} keys={tipKeys('app.assistant')} onClick={onClose}><X size={16} aria-hidden /></IconButton>}
      </header>
      {older ? <Older talk={talk} onOpen={(id) => pick(() => void talk.open(id))} /> : <Turns talk={talk} />}
      <Ask talk={talk} asked={page ? null : asked} onAsk={() => showOlder(false)} />
    </Frame>
  );
}

function closes(event: KeyboardEvent, onClose: (() => void) | undefined): void {
  if (event.key !== 'Escape' || !onClose || event.nativeEvent.isComposing) return;
  event.stopPropagation();
  onClose();
}

/** What has been said, the newest at the bottom; it stays in view while it grows, unless the person has scrolled away. */
function Turns({ talk }: { talk: Talk }) {
  const { t } = useTranslation('agents');
  const { t: common } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  useLayoutEffect(() => {
    const node = scroller.current;
    if (node && following.current) node.scrollTop = node.scrollHeight;
  }, [talk.version]);
  const onScroll = (): void => {
    const node = scroller.current!;
    following.current = node.scrollHeight - node.scrollTop - node.clientHeight < node.clientHeight / 4;
  };
  const empty = talk.turns.length === 0 && !talk.opening;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys must be able to scroll it
    <div ref={scroller} className={css.turns} role="log" aria-label={t('chat.log')} aria-busy={talk.busy} tabIndex={0} onScroll={onScroll}>
      {talk.overview && <Standing overview={talk.overview} />}
      {talk.fault !== null && (
        <Notice kind="warn">
          {faultText(common, talk.fault)} <Button look="link" onClick={() => void talk.read()}>{common('common.retry')}</Button>
        </Notice>
      )}
      {empty && talk.overview && (
        <div className={css.welcome}>
          <p>{t('chat.welcome')}</p>
          <ul>
            {talk.overview.prompts.map((prompt) => (
              <li key={prompt}><button type="button" className={css.prompt} onClick={() => void talk.ask(prompt)}>{prompt}</button></li>
            ))}
          </ul>
        </div>
      )}
      {talk.turns.map((turn, place) => (
        <TurnView key={turn.id || `new:${place}`} turn={turn} last={place === talk.turns.length - 1} onAgain={() => void talk.ask(turn.question)} />
      ))}
    </div>
  );
}

/** Why nothing will be answered, before anybody asks. */
function Standing({ overview }: { overview: NonNullable<Talk['overview']> }) {
  const { t } = useTranslation('agents');
  const [off] = overview.off;
  if (off) {
    return <Notice kind="warn">{off.code === 'ai_switched_off' ? t('fault.ai_switched_off') : t('fault.ai_not_configured')} {t('chat.searches')}</Notice>;
  }
  if (overview.reads) return null;
  return <Notice>{t('chat.readsNothing')} <Link href="/settings#assistant">{t('chat.toSettings')}</Link></Notice>;
}

function Older({ talk, onOpen }: { talk: Talk; onOpen: (id: Id) => void }) {
  const { t } = useTranslation('agents');
  const { t: common } = useTranslation();
  const sessions = talk.overview?.sessions ?? [];
  async function forget(id: Id): Promise<void> {
    try {
      await talk.forget(id);
    } catch (error) {
      toast({ text: faultText(common, error) });
    }
  }
  if (sessions.length === 0) return <div className={css.turns}><p className={css.quiet}>{t('chat.noneOlder')}</p></div>;
  return (
    <ul className={css.older} aria-label={t('chat.older')}>
      {sessions.map(({ id, title, updated_at: at }) => (
        <li key={id} aria-current={id === talk.session ? 'true' : undefined}>
          <button type="button" onClick={() => onOpen(id)}>
            <span className={css.olderTitle}>{title}</span>
            <time dateTime={at}>{messageDate(at)}</time>
          </button>
          <IconButton label={t('chat.forget', { title })} onClick={() => void forget(id)}><Trash2 size={16} aria-hidden /></IconButton>
        </li>
      ))}
    </ul>
  );
}

/** `asked` null: the person comes to read as well, and a phone's keyboard would hide it. */
function Ask({ talk, asked, onAsk }: { talk: Talk; asked: number | null; onAsk: () => void }) {
  const { t } = useTranslation('agents');
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (asked !== null) field.current?.focus();
  }, [asked]);
  useLayoutEffect(() => {
    const node = field.current!;
    node.style.height = 'auto';
    node.style.height = `${node.scrollHeight}px`;
  }, [text]);
  function ask(event?: FormEvent): void {
    event?.preventDefault();
    const question = text.trim();
    if (!question || talk.busy) return;
    setText('');
    onAsk();
    void talk.ask(question);
  }
  return (
    <form className={css.ask} onSubmit={ask}>
      <div className={css.box}>
        <textarea
          ref={field}
          rows={1}
          maxLength={MOST}
          value={text}
          aria-label={t('chat.question')}
          placeholder={t('chat.placeholder')}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            ask();
          }}
        />
        {talk.busy
          ? <IconButton label={t('chat.stop')} className={css.send ?? ''} onClick={() => void talk.stop()}><Square size={16} aria-hidden /></IconButton>
          : <IconButton label={t('chat.send')} type="submit" className={css.send ?? ''} disabled={!text.trim()}><ArrowUp size={16} aria-hidden /></IconButton>}
      </div>
      <p className={css.honest}>{t('chat.honest')}</p>
    </form>
  );
}
