// A question, what was looked at, the answer as text with numbered citations, what it proposed, or why there is none.
import { CalendarDays, CircleUser, CheckCheck, Mail } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { messageDate } from '../../i18n/format';
import { Button } from '../../ui/Button';
import { Notice, Spinner } from '../../ui/Feedback';
import { en } from '../en';
import css from './chat.module.css';
import { parts } from './fold';
import { dayOf, placeOf } from './place';
import type { ChatFault, Citation, Hit, Proposed, Step, Turn } from './types';

const ICONS = { message: Mail, event: CalendarDays, contact: CircleUser };

interface TurnViewProps {
  turn: Turn;
  last: boolean;
  onAgain: () => void;
}

export function TurnView({ turn, last, onAgain }: TurnViewProps) {
  const { t } = useTranslation('agents');
  const working = turn.state === 'asked';
  return (
    <article className={css.turn}>
      <p className={css.question} dir="auto"><span className="vh">{t('chat.you')}: </span>{turn.question}</p>
      <Steps steps={turn.steps} working={working && turn.answer === ''} />
      {turn.answer !== '' && <Answer turn={turn} />}
      {turn.proposed.length > 0 && <ul className={css.proposals}>{turn.proposed.map((one) => <li key={one.id}><Proposal proposed={one} /></li>)}</ul>}
      {turn.citations.length > 0 && !working && <Sources citations={turn.citations} />}
      {turn.problem && <Fault fault={turn.problem} stopped={turn.state === 'stopped'} onAgain={last ? onAgain : undefined} />}
      {turn.hits && turn.hits.length > 0 && <Hits hits={turn.hits} />}
    </article>
  );
}

/** The answer is text whatever it looks like; only marks of what was shown become links. */
function Answer({ turn }: { turn: Turn }) {
  const { t } = useTranslation('agents');
  const numbers = new Map(turn.citations.map(({ name }, place) => [name, place + 1]));
  return (
    <div className={css.answer} dir="auto">
      <span className="vh">{t('title')}: </span>
      {parts(turn.answer).map((part, place) => {
        if (part.kind === 'text') return <span key={place}>{part.text}</span>;
        const citation = turn.citations.find(({ name }) => name === part.name);
        return citation && <Chip key={place} citation={citation} number={numbers.get(part.name)!} />;
      })}
      {turn.state === 'asked' && <span className={css.caret} aria-hidden />}
    </div>
  );
}

function Chip({ citation, number }: { citation: Citation; number: number }) {
  const { t } = useTranslation('agents');
  const href = placeOf(citation);
  const label = t('chat.source', { number, title: citation.title || t('chat.untitled') });
  if (!href) return <span className={css.chip} title={label}>{number}</span>;
  return <Link href={href} className={css.chip ?? ''} aria-label={label} data-tip={citation.title || t('chat.untitled')}>{number}</Link>;
}

function Sources({ citations }: { citations: Citation[] }) {
  const { t } = useTranslation('agents');
  return (
    <ol className={css.sources} aria-label={t('chat.sources')}>
      {citations.map((citation, place) => <li key={citation.name}><Source hit={citation} number={place + 1} /></li>)}
    </ol>
  );
}

function Source({ hit, number }: { hit: Hit; number?: number }) {
  const { t } = useTranslation('agents');
  const Icon = ICONS[hit.type];
  const href = placeOf(hit);
  const when = hit.at ? messageDate(hit.at.length > dayOf(hit.at).length ? hit.at : `${hit.at}T12:00:00Z`) : '';
  const inside = (
    <>
      {number !== undefined && <span className={css.number} aria-hidden>{number}</span>}
      <Icon size={16} aria-hidden />
      <span className={css.sourceText}><bdi>{hit.title || t('chat.untitled')}</bdi></span>
      <span className={css.sourceWhen}>{[hit.type === 'message' ? hit.who : '', when].filter(Boolean).join(' · ')}</span>
    </>
  );
  return href ? <Link href={href} className={css.sourceLine ?? ''}>{inside}</Link> : <span className={css.sourceLine}>{inside}</span>;
}

function Proposal({ proposed }: { proposed: Proposed }) {
  const { t } = useTranslation('agents');
  const waits = proposed.state === 'proposed';
  return (
    <Link href={`/review/${proposed.id}`} className={css.proposal ?? ''}>
      <CheckCheck size={16} aria-hidden />
      <span className={css.sourceText}><bdi>{proposed.title}</bdi></span>
      <span className={css.sourceWhen}>{t(waits ? 'chat.decide' : 'chat.decided')}</span>
    </Link>
  );
}

type Tool = keyof typeof en.chat.tools;

/** What was looked at; what was asked for and not allowed is said. */
function Steps({ steps, working }: { steps: Step[]; working: boolean }) {
  const { t } = useTranslation('agents');
  const named = [...new Set(steps.filter(({ refused }) => !refused).map(({ tool }) => t(`chat.tools.${tool in en.chat.tools ? (tool as Tool) : 'unknown'}`)))];
  const refused = steps.some((step) => step.refused);
  if (!working && named.length === 0 && !refused) return null;
  return (
    <div className={css.steps}>
      {working && <Spinner />}
      <p>
        {working && named.length === 0 ? t('chat.thinking') : named.join(' · ')}
        {refused && <span className={css.refused}>{t('chat.refused')}</span>}
      </p>
    </div>
  );
}

type Code = keyof typeof en.fault;
const AGAIN: ReadonlySet<string> = new Set(['ai_rate_limited', 'ai_timed_out', 'ai_unavailable', 'ai_malformed', 'failed', 'interrupted', 'stopped', 'unreachable', 'busy', 'closed']);
const SETTINGS: ReadonlySet<string> = new Set(['ai_no_consent', 'ai_switched_off']);

/** What happened, in words, and what can be done next. */
function Fault({ fault, stopped, onAgain }: { fault: ChatFault; stopped: boolean; onAgain: (() => void) | undefined }) {
  const { t } = useTranslation('agents');
  const text = fault.code in en.fault ? t(`fault.${fault.code as Code}`) : fault.detail;
  return (
    <Notice kind={stopped ? 'info' : 'warn'}>
      {text}
      {SETTINGS.has(fault.code) && <> <Link href="/settings#assistant">{t('chat.toSettings')}</Link></>}
      {AGAIN.has(fault.code) && onAgain && <> <Button look="link" onClick={onAgain}>{t('chat.again')}</Button></>}
    </Notice>
  );
}

function Hits({ hits }: { hits: Hit[] }) {
  const { t } = useTranslation('agents');
  return (
    <div className={css.hits}>
      <p className={css.quiet}>{t('chat.hits')}</p>
      <ul className={css.sources}>{hits.map((hit) => <li key={`${hit.type}:${hit.id}`}><Source hit={hit} /></li>)}</ul>
    </div>
  );
}
