// One message of a conversation: a line when collapsed, header and text when expanded.
import { ChevronDown, ChevronUp, Paperclip, Reply, Star } from 'lucide-react';
import { useId, useState } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Addr, Id, Message } from '../api/types';
import { fullDate, messageDate } from '../i18n/format';
import { useMessage } from '../store/hooks';
import { Avatar } from '../ui/Feedback';
import { Attachments } from './Attachments';
import { BodyView } from './BodyView';
import { MessageDetails } from './MessageDetails';
import { personName } from './names';
import css from './reader.module.css';

interface MessageCardProps {
  id: Id;
  open: boolean;
  only: boolean;
  mine: string[];
  onToggle: () => void;
}

export function MessageCard({ id, open, only, mine, onToggle }: MessageCardProps) {
  const message = useMessage(id);
  if (!message) return null;
  return (
    <article className={css.message} data-message={id} data-open={open || undefined} data-unread={message.unread || undefined}>
      {open ? <OpenMessage message={message} only={only} mine={mine} onToggle={onToggle} /> : <ClosedMessage message={message} onToggle={onToggle} />}
    </article>
  );
}

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
      {message.answered && <Reply size={16} role="img" aria-label={t('reader.answered')} />}
      {message.flagged && <Star className={css.star} size={16} role="img" aria-label={t('reader.flagged')} />}
      {message.attachments.some((item) => !item.inline) && <Paperclip size={16} role="img" aria-label={t('list.hasAttachment')} />}
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
      </header>
      <div id={detailsId} hidden={!detailed}>{detailed && <MessageDetails message={message} />}</div>
      <div className={css.content}>
        <BodyView message={message} />
        <Attachments attachments={message.attachments} />
      </div>
    </>
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
