// What the assistant can do for the conversation that is open: sum it up, draft a reply, and what it suggests because of it.
import { ChevronRight, PenLine, Sparkles, Text } from 'lucide-react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { decide } from '../approvals/acts';
import type { Approval, ApprovalPage } from '../approvals/types';
import { request } from '../auth/session';
import { openComposer } from '../compose/open';
import { usePhone } from '../shell/usePreference';
import { failed, useServer } from '../store/useServer';
import { Button } from '../ui/Button';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './agents.module.css';
import { en } from './en';
import { useReads } from './standing';
import './words';

interface StripProps {
  thread: Id;
  account: Id;
  /** The message that a reply would answer. */
  answered: Id;
  /** Grows with the conversation: a summary may be of an earlier state. */
  count: number;
}
interface Held { summary: { text: string; points: string[] } | null; stale?: boolean }

export default function Strip(props: StripProps) {
  return useReads(props.account) ? <Offered {...props} /> : null;
}

/** The heading of a part, below that of the conversation. */
function Part({ children }: { children: string }) {
  const Heading = usePhone() ? 'h2' : 'h3';
  return <Heading>{children}</Heading>;
}

function Offered({ thread, answered, count }: StripProps) {
  const { t } = useTranslation('agents');
  const [drafting, setDrafting] = useState(false);
  const summary = useSummary(thread, count);
  const { held, busy, fault } = summary;
  const kept = held?.summary ?? null;
  return (
    <section className={css.strip} aria-label={t('strip.label')}>
      <div className={css.offers}>
        <Sparkles size={16} aria-hidden />
        {(!kept || held?.stale) && (
          <Button look="quiet" disabled={busy} onClick={() => void summary.make()}>
            {busy ? <Spinner /> : <Text size={16} aria-hidden />}{t(kept ? 'strip.summaryAgain' : 'strip.summarise')}
          </Button>
        )}
        <Button look="quiet" aria-expanded={drafting} onClick={() => setDrafting(!drafting)}><PenLine size={16} aria-hidden />{t('strip.draft')}</Button>
      </div>
      {fault !== null && <Notice kind="warn"><Told fault={fault} /></Notice>}
      {kept && (
        <div className={css.summary} aria-live="polite">
          <Part>{t('strip.summary')}</Part>
          <p dir="auto">{kept.text}</p>
          {kept.points.length > 0 && <ul>{kept.points.map((point) => <li key={point} dir="auto">{point}</li>)}</ul>}
          {held?.stale && <p className={css.stale}>{t('strip.stale')}</p>}
        </div>
      )}
      {drafting && <DraftForm message={answered} onDone={() => setDrafting(false)} />}
      <Suggestions thread={thread} />
    </section>
  );
}

/** A refusal of the model's, in words. */
function Told({ fault }: { fault: unknown }) {
  const { t } = useTranslation('agents');
  const { t: common } = useTranslation();
  if (fault instanceof Problem && fault.code in en.fault) return <>{t(`fault.${fault.code as keyof typeof en.fault}`)}</>;
  return <>{faultText(common, fault)}</>;
}

function useSummary(thread: Id, count: number) {
  const [held, setHeld] = useState<Held | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let wanted = true;
    // Without an answer there is simply none yet: the button makes one.
    request<Held>(`threads/${thread}/summary`).then((found) => wanted && setHeld(found), () => undefined);
    return () => {
      wanted = false;
    };
  }, [thread, count]);
  async function make(): Promise<void> {
    setBusy(true);
    setFault(null);
    try {
      setHeld(await request<Held>(`threads/${thread}/summary`, { method: 'POST' }));
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  }
  return { held, busy, fault, make };
}

function DraftForm({ message, onDone }: { message: Id; onDone: () => void }) {
  const { t } = useTranslation('agents');
  const [hint, setHint] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  async function write(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      const { text } = await request<{ text: string }>(`messages/${message}/draft`, { method: 'POST', body: { hint } });
      onDone();
      openComposer({ mode: 'reply', messageId: message, body: text });
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  }
  return (
    <form className={css.draft} onSubmit={(event) => void write(event)}>
      <input ref={field} value={hint} maxLength={500} disabled={busy} aria-label={t('strip.hint')} placeholder={t('strip.hint')} onChange={({ target }) => setHint(target.value)} />
      <Button type="submit" disabled={busy}>{busy && <Spinner />}{t(busy ? 'strip.writing' : 'strip.write')}</Button>
      {fault !== null && <Notice kind="warn"><Told fault={fault} /></Notice>}
    </form>
  );
}

/** What waits for a decision because of this conversation. */
function Suggestions({ thread }: { thread: Id }) {
  const { t } = useTranslation('agents');
  const [page, read] = useServer<ApprovalPage>(`threads/${thread}/suggestions`, ({ event }) => event.startsWith('hitl:'));
  if (page === null || failed(page) || page.items.length === 0) return null;
  return (
    <div className={css.suggestions}>
      <Part>{t('strip.suggests')}</Part>
      <ul>{page.items.map((item) => <li key={item.id}><Suggestion item={item} onDecided={read} /></li>)}</ul>
    </div>
  );
}

/** An answer is read before it goes; what only touches the person's own calendar can be decided here. */
const HERE: ReadonlySet<string> = new Set(['calendar.create', 'task.create', 'contact.create']);

function Suggestion({ item, onDecided }: { item: Approval; onDecided: () => Promise<void> }) {
  const { t } = useTranslation('agents');
  const { t: common } = useTranslation();
  const [busy, setBusy] = useState(false);
  const kinds: Record<string, string> = t('strip.kinds', { returnObjects: true });
  async function settle(decision: 'approve' | 'reject'): Promise<void> {
    setBusy(true);
    try {
      await decide(item, decision, '');
      toast({ text: t(decision === 'approve' ? 'strip.accepted' : 'strip.dismissed') });
    } catch (error) {
      toast({ text: faultText(common, error) });
    } finally {
      setBusy(false);
    }
    await onDecided();
  }
  return (
    <div className={css.suggestion}>
      <Link href={`/review/${item.id}`}>
        <span className={css.kind}>{kinds[item.kind] ?? kinds['other']}</span>
        <span className={css.title}><bdi>{item.title}</bdi></span>
        <ChevronRight size={16} aria-hidden />
      </Link>
      {HERE.has(item.kind) && <Button disabled={busy} onClick={() => void settle('approve')}>{t('strip.accept')}</Button>}
      <Button disabled={busy} onClick={() => void settle('reject')}>{t('strip.dismiss')}</Button>
    </div>
  );
}
