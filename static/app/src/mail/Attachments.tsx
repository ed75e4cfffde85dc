// What came with a message: name, kind and size, each downloadable.
import { Download, File, FileArchive, FileAudio, FileImage, FileSpreadsheet, FileText, FileVideo, Calendar, Contact, Mail, type LucideIcon } from 'lucide-react';
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attachment } from '../api/types';
import { fileSize } from '../i18n/format';
import { IconButton } from '../ui/Button';
import { Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { downloadAttachment } from './download';
import { previewOf } from './previewable';
import css from './reader.module.css';

const Preview = lazy(() => import('./Preview'));

const KINDS: [RegExp, LucideIcon][] = [
  [/^image\//, FileImage],
  [/^audio\//, FileAudio],
  [/^video\//, FileVideo],
  [/^message\//, Mail],
  [/calendar/, Calendar],
  [/vcard/, Contact],
  [/zip|compressed|x-tar|gzip|rar/, FileArchive],
  [/sheet|excel|csv/, FileSpreadsheet],
  [/pdf|word|text|document|rtf/, FileText],
];

const iconOf = (type: string): LucideIcon => KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? File;

/** "PDF" says more than "application/pdf"; the full type is in the tooltip. */
function kindName({ filename, content_type }: Attachment): string {
  const extension = /\.([\p{L}\p{N}]{1,5})$/u.exec(filename)?.[1];
  return (extension ?? content_type.split('/')[1] ?? content_type).toUpperCase();
}

export function Attachments({ attachments }: { attachments: Attachment[] }) {
  const { t } = useTranslation();
  const listed = attachments.filter((attachment) => !attachment.inline);
  if (listed.length === 0) return null;
  return (
    <div role="group" className={css.attachments} aria-label={t('reader.attachments', { count: listed.length })}>
      <p aria-hidden>{t('reader.attachments', { count: listed.length })}</p>
      <ul>
        {listed.map((attachment) => <li key={attachment.id}><AttachmentButton attachment={attachment} /></li>)}
      </ul>
    </div>
  );
}

function AttachmentButton({ attachment }: { attachment: Attachment }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [previewing, preview] = useState(false);
  const Icon = iconOf(attachment.content_type);
  const name = attachment.filename || t('reader.unnamed');
  async function download(): Promise<void> {
    setBusy(true);
    try {
      await downloadAttachment(attachment);
    } catch (error) {
      toast({ text: t('reader.downloadFailed', { reason: faultText(t, error) }) });
    } finally {
      setBusy(false);
    }
  }
  const inside = (
    <>
      <Icon size={20} aria-hidden />
      <span className={css.attachmentText}>
        <span className={css.attachmentName}><bdi>{name}</bdi></span>
        <span className={css.attachmentMeta} data-num>{kindName(attachment)} · {fileSize(attachment.size)}</span>
      </span>
    </>
  );
  if (!previewOf(attachment)) {
    return (
      <button type="button" className={css.attachment} onClick={() => void download()} disabled={busy} title={attachment.content_type}>
        {inside}
        {busy ? <Spinner /> : <Download size={16} aria-hidden />}
        <span className="vh">{t('reader.download', { name })}</span>
      </button>
    );
  }
  return (
    <div className={css.attachmentPair}>
      <button type="button" className={css.attachment} onClick={() => preview(true)} title={attachment.content_type}>
        {inside}
        <span className="vh">{t('reader.preview', { name })}</span>
      </button>
      <IconButton label={t('reader.download', { name })} className={css.attachmentSave ?? ''} onClick={() => void download()} disabled={busy}>
        {busy ? <Spinner /> : <Download size={16} aria-hidden />}
      </IconButton>
      <Suspense fallback={null}>{previewing && <Preview attachment={attachment} onClose={() => preview(false)} />}</Suspense>
    </div>
  );
}
