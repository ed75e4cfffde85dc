// One approval: exactly what will happen, why and from what, and the decision, which is bound to what is shown.
import { ArrowLeft, CloudOff } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { messageDate } from '../i18n/format';
import readerCss from '../mail/reader.module.css';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { newestOnly } from '../store/newest';
import { Button, IconButton } from '../ui/Button';
import { Empty, Notice } from '../ui/Feedback';
import { toast } from '../ui/toast';
import ui from '../ui/ui.module.css';
import { decide, delegate, refusal, sentence, undo, whole, word } from './acts';
import css from './approvals.module.css';
import { EditForm } from './EditForm';
import { Shown } from './Shown';
import type { Approval, WholeApproval } from './types';

interface ApprovalViewProps {
  id: Id;
  onChange: (approval: Approval) => void;
  onBack: () => void;
}

export function ApprovalView({ id, onChange, onBack }: ApprovalViewProps) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const phone = usePhone();
  const { seen, fault, news, read, setSeen } = useApproval(id);
  const [, navigate] = useLocation();
  useEffect(() => {
    // A link may name the action; from here on it is the approval.
    if (seen && seen.id !== id) navigate(`/review/${seen.id}`, { replace: true });
  }, [seen, id, navigate]);
  const Heading = phone ? 'h1' : 'h2';
  return (
    <article className={readerCss.reader} aria-label={seen?.title || t('approvals')}>
      <div className={readerCss.bar}>
        {phone && <IconButton label={t('toList')} onClick={onBack}><ArrowLeft size={20} aria-hidden /></IconButton>}
        <p className={css.second}>{seen && word(t('kinds', { returnObjects: true }), seen.kind)}</p>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it */}
      <div className={readerCss.scroll} tabIndex={0} role="region" aria-label={t('one')}>
        {fault !== null && !seen && (
          <Empty icon={CloudOff} action={<Button onClick={read}>{common('common.retry')}</Button>}>
            {fault instanceof Problem && fault.status === 404 ? t('gone_text') : refusal(t, common, fault)}
          </Empty>
        )}
        {seen && (
          <div className={css.card}>
            <Heading className={css.title}><bdi>{seen.title || t('no_title')}</bdi></Heading>
            <Standing seen={seen} />
            {news && <Notice kind="warn">{t('changed')}</Notice>}
            <Body key={seen.digest} seen={seen} onSeen={setSeen} onChange={onChange} onReread={read} />
          </div>
        )}
      </div>
    </article>
  );
}

function Standing({ seen }: { seen: WholeApproval }) {
  const { t } = useTranslation('approvals');
  const done = word(t('done', { returnObjects: true }), seen.done);
  return (
    <div className={css.standing}>
      <p className={css.meta}>
        <span className={css.chip} data-state={seen.state}>{seen.state === 'approved' ? done : t(`states.${seen.state}`)}</span>
        <span data-risk={seen.risk} className={css.risk}>{t('risk')}: {t(`risks.${seen.risk}`)}</span>
        {seen.state === 'open' && <span>{t('lapses')} {messageDate(seen.expires_at)}</span>}
        {seen.decided_at && <span>{seen.decided_by?.name ?? t('by_rule')} · {messageDate(seen.decided_at)}</span>}
      </p>
      {seen.reason && <p>“<bdi>{seen.reason}</bdi>”</p>}
      {seen.error && <Notice kind="bad">{sentence(t, seen.error.code, seen.error.sentence)}</Notice>}
      {seen.state === 'open' && !seen.agents_on && <Notice kind="warn">{t('agents_off')}</Notice>}
      {seen.stale && <Notice kind="warn">{t('stale')}</Notice>}
      {seen.state === 'open' && seen.second && <Notice>{t('second')} {seen.first_by && `${t('first_by')} ${seen.first_by.name}.`}</Notice>}
      {seen.state === 'open' && seen.delegated_to && <Notice>{t('handed')} {seen.delegated_to.name}.</Notice>}
    </div>
  );
}

interface BodyProps {
  seen: WholeApproval;
  onSeen: (seen: WholeApproval) => void;
  onChange: (approval: Approval) => void;
  onReread: () => void;
}

function Body({ seen, onSeen, onChange, onReread }: BodyProps) {
  const { t } = useTranslation('approvals');
  const [editing, setEditing] = useState(false);
  if (editing) {
    const saved = (fresh: WholeApproval): void => {
      setEditing(false);
      onSeen(fresh);
      onChange(fresh);
      toast({ text: t('edited') });
    };
    return <EditForm seen={seen} onDone={saved} onCancel={() => setEditing(false)} />;
  }
  return (
    <>
      <section className={css.section} aria-label={t(seen.state === 'open' ? 'what' : 'happened')}>
        <p className={css.label}>{t(seen.state === 'open' ? 'what' : 'happened')}</p>
        {seen.problem && <Notice kind="bad">{seen.problem.sentence}</Notice>}
        {seen.preview && <Shown preview={seen.preview} />}
      </section>
      <Why seen={seen} />
      {seen.state === 'open' && <Decision seen={seen} onEdit={() => setEditing(true)} onChange={onChange} onReread={onReread} />}
      {seen.undoable && <Undo seen={seen} onReread={onReread} />}
      <History seen={seen} />
    </>
  );
}

function Why({ seen }: { seen: WholeApproval }) {
  const { t } = useTranslation('approvals');
  const origin = seen.origin === 'person' ? 'person' : seen.agent === 'chat' || seen.agent === 'writer' ? seen.agent : 'content';
  return (
    <section className={css.section} aria-label={t('why')}>
      <p className={css.label}>{t('why')}</p>
      <p className={css.second}>{t(`origins.${origin}`)}</p>
      {(seen.why_hidden || seen.why) && <p className={css.pre}>{seen.why_hidden ? t('why_hidden') : seen.why}</p>}
      {seen.sources.length > 0 && (
        <ul className={css.plain} aria-label={t('sources')}>
          {seen.sources.map((source) => {
            const name = <bdi>{source.title || t('no_title')}</bdi>;
            return <li key={source.id} className={css.second}>{t(`types.${source.type}`)}: {source.href ? <Link href={source.href}>{name}</Link> : name}</li>;
          })}
        </ul>
      )}
    </section>
  );
}

interface DecisionProps {
  seen: WholeApproval;
  onEdit: () => void;
  onChange: (approval: Approval) => void;
  onReread: () => void;
}

function Decision({ seen, onEdit, onChange, onReread }: DecisionProps) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [to, setTo] = useState(seen.may_delegate_to[0]?.id ?? '');
  async function act(what: () => Promise<Approval>, said: (stands: Approval) => string): Promise<void> {
    setBusy(true);
    try {
      const stands = await what();
      onChange(stands);
      toast({ text: said(stands) });
    } catch (error) {
      toast({ text: refusal(t, common, error) });
    }
    setBusy(false);
    onReread();
  }
  const approve = (): Promise<void> => act(() => decide(seen, 'approve', reason), ({ state }) => t(state === 'open' ? 'now_first' : 'now_approved'));
  const reject = (): Promise<void> => act(() => decide(seen, 'reject', reason), () => t('now_rejected'));
  return (
    <section className={css.decision} aria-label={t('approve')}>
      <label className={ui.field}>
        <span className={ui.label}>{t('reason')}</span>
        <input className={ui.input} value={reason} maxLength={500} autoComplete="off" onChange={({ target }) => setReason(target.value)} />
      </label>
      <div className={css.buttons}>
        <Button look="primary" disabled={busy || !seen.agents_on} onClick={() => void approve()}>{t('approve')}</Button>
        <Button disabled={busy} onClick={() => void reject()}>{t('reject')}</Button>
        {Object.keys(seen.editable).length > 0 && <Button disabled={busy} onClick={onEdit}>{t('edit')}</Button>}
      </div>
      {seen.may_delegate_to.length > 0 && (
        <details>
          <summary>{t('delegate')}</summary>
          <div className={css.buttons}>
            <select className={ui.input} aria-label={t('delegate')} value={to} onChange={({ target }) => setTo(target.value)}>
              {seen.may_delegate_to.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
            </select>
            <Button disabled={busy} onClick={() => void act(() => delegate(seen, to), () => t('now_delegated'))}>{t('hand')}</Button>
          </div>
        </details>
      )}
    </section>
  );
}

function Undo({ seen, onReread }: { seen: WholeApproval; onReread: () => void }) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  async function back(): Promise<void> {
    try {
      const { outcome, code, sentence: said } = await undo(seen);
      const more = code ? sentence(t, code, said) : '';
      toast({ text: outcome === 'undone' ? `${t('undone')} ${more}`.trim() : more });
    } catch (error) {
      toast({ text: refusal(t, common, error) });
    }
    onReread();
  }
  return <div className={css.buttons}><Button onClick={() => void back()}>{t('undo')}</Button></div>;
}

function History({ seen }: { seen: WholeApproval }) {
  const { t } = useTranslation('approvals');
  const whats = t('record_whats', { returnObjects: true });
  return (
    <details className={css.record}>
      <summary>{t('record')}</summary>
      <ol className={css.plain}>
        {seen.record.map(({ at, what, by, via, details }) => (
          <li key={`${at} ${what}`} className={css.second}>
            <time dateTime={at}>{messageDate(at)}</time> {[word(whats, what), by || (via === 'rule' ? t('by_rule') : via === 'agent' ? details.agent : '')].filter(Boolean).join(' · ')}
          </li>
        ))}
      </ol>
      <p className={css.digest}>SHA-256 {seen.digest}</p>
    </details>
  );
}

interface Held {
  seen: WholeApproval | null;
  fault: unknown;
  /** It is not what it was when it was opened. */
  news: boolean;
  read: () => void;
  setSeen: (seen: WholeApproval) => void;
}

/** One approval, read again when the journal tells of it. */
function useApproval(id: Id): Held {
  const mirror = useMirror();
  const [seen, setSeen] = useState<WholeApproval | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [news, setNews] = useState(false);
  const shown = useRef<WholeApproval | null>(null);
  const [begin] = useState(newestOnly);
  const keep = useCallback((fresh: WholeApproval): void => {
    shown.current = fresh;
    setSeen(fresh);
  }, []);
  const read = useCallback((): void => {
    const counts = begin();
    whole(id).then((fresh) => {
      if (!counts()) return;
      setNews(shown.current !== null && shown.current.digest !== fresh.digest);
      keep(fresh);
    }, (error: unknown) => counts() && setFault(error));
  }, [id, keep, begin]);
  useEffect(() => {
    read();
    const ends = [
      mirror.onFrame((frame) => {
        const about = frame.event === 'hitl:approval_required' || frame.event === 'hitl:approval_decided';
        if (about && frame.data.approval.id === id) read();
      }),
      mirror.onStartOver(read),
    ];
    return () => {
      begin()();
      ends.forEach((end) => end());
    };
  }, [mirror, id, read, begin]);
  const edited = useCallback((fresh: WholeApproval): void => {
    begin()();
    setNews(false);
    keep(fresh);
  }, [keep, begin]);
  return { seen, fault, news, read, setSeen: edited };
}
