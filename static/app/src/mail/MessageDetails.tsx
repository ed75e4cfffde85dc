// The full header block of a message: every address in full, both dates, and the original to download.
import { Download } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Addr, Message } from '../api/types';
import { fileSize, fullDate } from '../i18n/format';
import { Button } from '../ui/Button';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { downloadOriginal } from './download';
import css from './reader.module.css';

export function MessageDetails({ message }: { message: Message }) {
  const { t } = useTranslation();
  const same = (a: Addr[], b: Addr[]): boolean => a.map((x) => x.address).join() === b.map((x) => x.address).join();
  return (
    <dl className={css.details}>
      <Line label={t('reader.from')}><People people={message.from} /></Line>
      {message.reply_to.length > 0 && !same(message.reply_to, message.from) && (
        <Line label={t('reader.replyTo')}><People people={message.reply_to} /></Line>
      )}
      <Line label={t('reader.toLabel')}><People people={message.to} /></Line>
      {message.cc.length > 0 && <Line label={t('reader.cc')}><People people={message.cc} /></Line>}
      {message.bcc.length > 0 && <Line label={t('reader.bcc')}><People people={message.bcc} /></Line>}
      <Line label={t('reader.date')}><time dateTime={message.date_header ?? message.date}>{fullDate(message.date_header ?? message.date)}</time></Line>
      {message.received_at && message.received_at !== message.date_header && (
        <Line label={t('reader.received')}><time dateTime={message.received_at}>{fullDate(message.received_at)}</time></Line>
      )}
      <Line label={t('reader.subject')}>{message.subject || t('list.noSubject')}</Line>
      {message.list_id && <Line label={t('reader.list')}>{message.list_id}</Line>}
      <Line label={t('reader.messageId')}><span className={css.mono}>{message.message_id || t('common.none')}</span></Line>
      <Line label={t('reader.size')}><span data-num>{fileSize(message.size)}</span></Line>
      <Line label=""><Original message={message} /></Line>
    </dl>
  );
}

function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

function People({ people }: { people: Addr[] }) {
  const { t } = useTranslation();
  if (people.length === 0) return t('common.none');
  return people.map((person, index) => (
    <span key={index} className={css.person}>
      {person.name && <bdi>{person.name} </bdi>}
      <bdi className={css.address}>{person.name ? `<${person.address}>` : person.address}</bdi>
    </span>
  ));
}

export function Original({ message }: { message: Message }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  async function download(): Promise<void> {
    setBusy(true);
    try {
      await downloadOriginal(message.id, message.subject);
    } catch (error) {
      toast({ text: t('reader.downloadFailed', { reason: faultText(t, error) }) });
    } finally {
      setBusy(false);
    }
  }
  return (
    <Button look="link" onClick={() => void download()} disabled={busy}>
      <Download size={16} aria-hidden /> {t('reader.source')}
    </Button>
  );
}
