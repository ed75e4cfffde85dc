// One message of a conversation: a line when collapsed, header and text when expanded.
import { ChevronDown, ChevronUp, CloudUpload, Ellipsis, Paperclip, PenLine, Reply, Star, TriangleAlert } from 'lucide-react';
import { Suspense, lazy, useId, useRef, useState } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Addr, Attachment, Delivery, Id, Message } from '../api/types';
import { fullDate, messageDate } from '../i18n/format';
import { openComposer } from '../compose/open';
import { useBeingWritten } from '../compose/Slot';
import { tipKeys } from '../shell/keymap';
import { useMessage } from '../store/hooks';
import { IconButton } from '../ui/Button';
import { Avatar } from '../ui/Feedback';
import { Attachments } from './Attachments';
import { BodyView } from './BodyView';
import { MessageDetails } from './MessageDetails';
import { personName } from './names';
import css from './reader.module.css';
import { useMarkRead } from './useMarkRead';

const Mark = lazy(() => import('../agents/Mark'));
const Invitation = lazy(() => import('../calendar/Invitation'));
const MessageMenu = lazy(() => import('./MessageMenu'));
const Unsubscribe = lazy(() => import('./Unsubscribe'));

interface MessageCardProps {
  id: Id;
  open: boolean;
  only: boolean;
  mine: string[];
  onToggle: () => void;
}

export function MessageCard({ id, open, only, mine, onToggle }: MessageCardProps) {
  const message = useMessage(id);
  const card = useRef<HTMLElement>(null);
  useMarkRead(message, open, card);
  const written = useBeingWritten(message?.draft_id);
  if (!message || written) return null;
  return (
    <article ref={card} className={css.message} data-message={id} data-open={open || undefined} data-unread={message.unread || undefined}>
      {open ? <OpenMessage message={message} only={only} mine={mine} onToggle={onToggle} /> : <ClosedMessage message={message} onToggle={onToggle} />}
    </article>
  );
}

/** What is offered as a file: not the unnamed calendar part that the card shows. */
const files = ({ attachments, invitation }: Message): Attachment[] =>
  (invitation ? attachments.filter(({ filename, content_type: type }) => filename !== '' || type !== 'text/calendar') : attachments);

function senderOf(t: TFunction, message: Message): Addr {
  return message.from[0] ?? { name: t('list.noSender'), address: '' };
}

function ClosedMessage({ message, onToggle }: { message: Message; onToggle: () => void }) {
  const { t } = useTranslation();
  const sender = senderOf(t, message);
  return (
    <button type="button" className={css.closed} aria-expanded={false} onClick={onToggle}>
      <Avatar name={sender.name} address={sender.address} />
      <span className={css.closedName}>{personName(sender)}</span>
      <span className={css.closedSnippet}>{message.snippet}</span>
      <MessageMarks message={message} />
      <time className={css.when} dateTime={message.date} title={fullDate(message.date)}>{messageDate(message.date)}</time>
    </button>
  );
}

function MessageMarks({ message }: { message: Message }) {
  const { t } = useTranslation();
  return (
    <span className={css.messageMarks}>
      {message.delivery?.state === 'failed' && <TriangleAlert size={16} role="img" aria-label={t('reader.delivery.failed')} />}
      {message.pending && <CloudUpload className={css.onItsWay} size={16} role="img" aria-label={t('reader.pending')} />}
      {message.answered && <Reply size={16} role="img" aria-label={t('reader.answered')} />}
      {message.flagged && <Star className={css.star} size={16} role="img" aria-label={t('reader.flagged')} />}
      {files(message).some((item) => !item.inline) && <Paperclip size={16} role="img" aria-label={t('list.hasAttachment')} />}
    </span>
  );
}

interface OpenProps {
  message: Message;
  only: boolean;
  mine: string[];
  onToggle: () => void;
}

function OpenMessage({ message, only, mine, onToggle }: OpenProps) {
  const { t } = useTranslation();
  const [detailed, setDetailed] = useState(false);
  const detailsId = useId();
  const sender = senderOf(t, message);
  const Chevron = detailed ? ChevronUp : ChevronDown;
  return (
    <>
      <header className={css.messageHead}>
        <Avatar name={sender.name} address={sender.address} />
        <div className={css.messageWho}>
          {only ? <p className={css.sender}><Sender sender={sender} /></p> : (
            <button type="button" className={css.sender} aria-expanded onClick={onToggle}><Sender sender={sender} /></button>
          )}
          <button
            type="button"
            className={css.recipients}
            aria-expanded={detailed}
            aria-controls={detailsId}
            onClick={() => setDetailed(!detailed)}
          >
            <span className={css.recipientNames}>{recipientLine(t, message, mine)}</span>
            <Chevron size={16} aria-hidden />
            <span className="vh">{detailed ? t('reader.detailsHide') : t('reader.detailsShow')}</span>
          </button>
        </div>
        <MessageMarks message={message} />
        <time className={css.when} dateTime={message.date} title={fullDate(message.date)}>{messageDate(message.date)}</time>
        <MessageActions message={message} />
      </header>
      {message.delivery && <DeliveryNote delivery={message.delivery} />}
      <div id={detailsId} hidden={!detailed}>{detailed && <MessageDetails message={message} />}</div>
      <div className={css.content}>
        {message.ai && <Suspense fallback={null}><Mark read={message.ai} /></Suspense>}
        {message.can_unsubscribe && <Suspense fallback={null}><Unsubscribe message={message} /></Suspense>}
        {message.invitation && <Suspense fallback={null}><Invitation message={message.id} /></Suspense>}
        <BodyView message={message} />
        <Attachments attachments={files(message)} />
      </div>
    </>
  );
}

function MessageActions({ message }: { message: Message }) {
  const { t } = useTranslation();
  const draft = message.draft_id;
  const [menu, open] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <div className={css.messageActions}>
      {draft && (
        <IconButton label={t('reader.editDraft')} onClick={() => openComposer({ mode: 'new', draftId: draft })}><PenLine size={20} aria-hidden /></IconButton>
      )}
      <IconButton label={t('reader.reply')} keys={tipKeys('compose.reply')} className={css.answer ?? ''} onClick={() => openComposer({ mode: 'reply', messageId: message.id })}>
        <Reply size={20} aria-hidden />
      </IconButton>
      <IconButton ref={button} label={t('reader.messageMenu')} aria-haspopup="menu" aria-expanded={menu} onClick={() => open(true)}>
        <Ellipsis size={20} aria-hidden />
      </IconButton>
      <Suspense fallback={null}>{menu && <MessageMenu message={message} button={button} onClose={() => open(false)} />}</Suspense>
    </div>
  );
}

/** What the reports that came back say about the recipients. */
function DeliveryNote({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation();
  if (delivery.state === 'delivered') return <p className={css.delivered}>{t('reader.delivery.delivered')}</p>;
  return (
    <div className={css.delivery} data-state={delivery.state} role="status">
      <strong>{t(`reader.delivery.${delivery.state}`)}</strong>
      {delivery.recipients.filter(({ state }) => state !== 'delivered').map(({ address, sentence }) => (
        <span key={address}>{t('reader.deliveryTo', { address, sentence })}</span>
      ))}
    </div>
  );
}

function Sender({ sender }: { sender: Addr }) {
  return (
    <>
      <span className={css.senderName}><bdi>{personName(sender)}</bdi></span>
      {sender.name && <span className={css.senderAddress}><bdi>{sender.address}</bdi></span>}
    </>
  );
}

const NAMED = 3;

function recipientLine(t: TFunction, message: Message, mine: string[]): string {
  const people = [...message.to, ...message.cc];
  if (people.length === 0) return t('reader.to', { names: t('common.none') });
  const names = people.slice(0, NAMED).map((person) => (mine.includes(person.address.toLowerCase()) ? t('reader.toMe') : personName(person))).join(', ');
  const more = people.length - NAMED;
  return t('reader.to', { names: more > 0 ? t('reader.andMore', { names, count: more }) : names });
}
