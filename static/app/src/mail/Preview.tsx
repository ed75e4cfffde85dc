// An attachment shown in place: pictures, text and PDF. Its bytes come by a signed link and are shown as what we take
// them for; the page's policy allows no plug-in, so a PDF's pages are drawn here.
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { send } from '../api/request';
import type { Attachment } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { downloadAttachment } from './download';
import { previewOf } from './previewable';
import css from './reader.module.css';

const PdfView = lazy(() => import('./PdfView'));

/** Text beyond this many characters is cut: a viewer, not an editor. */
const SHOWN = 200_000;

type Content = { url: string } | { text: string; cut: boolean } | { pdf: Blob };

export default function Preview({ attachment, onClose }: { attachment: Attachment; onClose: () => void }) {
  const { t } = useTranslation();
  const [content, setContent] = useState<Content | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const kind = previewOf(attachment);
  const name = attachment.filename || t('reader.unnamed');

  useEffect(() => {
    const left = new AbortController();
    let made: string | undefined;
    load(attachment, left.signal).then(
      (blob) => {
        if (left.signal.aborted) return;
        if (kind === 'text') return blob.text().then((text) => setContent({ text: text.slice(0, SHOWN), cut: text.length > SHOWN }));
        if (kind === 'pdf') return setContent({ pdf: blob });
        made = URL.createObjectURL(blob);
        setContent({ url: made });
      },
      (error: unknown) => left.signal.aborted || setFault(faultText(t, error)),
    );
    return () => {
      left.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [attachment, kind, t]);

  return (
    <Dialog title={name} width="wide" onClose={onClose}>
      <div className={css.preview}>
        {fault && <Notice kind="bad">{t('reader.previewFailed', { reason: fault })}</Notice>}
        {!content && !fault && <Spinner size={20} />}
        {content && 'url' in content && <img className={css.previewPicture} src={content.url} alt={name} onError={() => setFault(attachment.content_type)} />}
        {content && 'pdf' in content && !fault && (
          <Suspense fallback={<Spinner size={20} />}><PdfView blob={content.pdf} name={name} onFault={setFault} /></Suspense>
        )}
        {content && 'text' in content && (
          <>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys must be able to scroll it */}
            <pre className={css.previewText} tabIndex={0}>{content.text}</pre>
            {content.cut && <p>{t('reader.previewCut')}</p>}
          </>
        )}
      </div>
      <DialogActions>
        <Button onClick={() => void downloadAttachment(attachment).catch((error: unknown) => setFault(faultText(t, error)))}>{t('reader.save')}</Button>
      </DialogActions>
    </Dialog>
  );
}

/** The bytes, as what we take them for and nothing else. */
async function load(attachment: Attachment, signal: AbortSignal): Promise<Blob> {
  const { url } = await request<{ url: string }>(`attachments/${attachment.id}/link`, { method: 'POST', signal });
  const answer = await send(url, { signal });
  const bytes = await answer.blob();
  return new Blob([bytes], { type: previewOf(attachment) === 'text' ? 'text/plain' : attachment.content_type });
}
