// The text of one message in the form it came in, with what was held back said above it.
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attachment, Body, Message } from '../api/types';
import { isDark, remember, remembered } from '../shell/preferences';
import { usePreference } from '../shell/usePreference';
import { useBody } from '../store/hooks';
import type { Load } from '../store/mirror';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { HtmlFrame, useColourless } from './HtmlFrame';
import { Original } from './MessageDetails';
import css from './reader.module.css';
import { RemoteImages } from './RemoteImages';
import { TextBody } from './TextBody';

const LinkSheet = lazy(() => import('./LinkSheet'));

/** The limit that cuts what search finds and nothing that is shown. */
const SEARCH_ONLY = 'search';

export function BodyView({ message }: { message: Message }) {
  const { t } = useTranslation();
  if (message.unreadable) return <div className={css.body}><Notice kind="warn">{t('reader.unreadable')}</Notice></div>;
  return <Readable message={message} />;
}

function Readable({ message }: { message: Message }) {
  const { t } = useTranslation();
  const { body, load, retry } = useBody(message.id);
  return (
    <div className={css.body}>
      {message.truncated.some((limit) => limit !== SEARCH_ONLY) && <Notice><span>{t('reader.truncated')}</span><Original message={message} /></Notice>}
      {body?.from_html && <RemoteImages message={message} body={body} />}
      {body ? <Content body={body} attachments={message.attachments} /> : <BodyMissing load={load} retry={retry} />}
    </div>
  );
}

function Content({ body, attachments }: { body: Body; attachments: Attachment[] }) {
  const { t } = useTranslation();
  const [link, askAbout] = useState<{ href: string; shown: string } | null>(null);
  const colourless = useColourless(body);
  const dark = usePreference(isDark);
  const adapting = usePreference(() => remembered('adapt') === 'on');
  if (!body.html.trim() && !body.text.trim()) {
    // A text beyond a megabyte is left at the server and listed like a file.
    const elsewhere = attachments.some(({ filename, content_type }) => !filename && content_type.startsWith('text/'));
    return <p className={css.emptyBody}>{t(elsewhere ? 'reader.textIsFile' : 'reader.empty')}</p>;
  }
  if (!body.from_html) return <TextBody body={body} />;
  return (
    <>
      <HtmlFrame body={body} adapt={adapting && colourless} onConfirmLink={askAbout} />
      {dark && colourless && (
        <Button look="link" className={css.adapt ?? ''} onClick={() => remember('adapt', adapting ? null : 'on')}>
          {adapting ? t('reader.paper') : t('reader.adapt')}
        </Button>
      )}
      <Suspense fallback={null}>
        {link && <LinkSheet href={link.href} shown={link.shown} onClose={() => askAbout(null)} />}
      </Suspense>
    </>
  );
}

function BodyMissing({ load, retry }: { load: Load; retry: () => void }) {
  const { t } = useTranslation();
  if (load === 'idle' || load === 'loading') {
    return (
      <div className={css.bodyWait} role="status" aria-label={t('reader.bodyLoading')}>
        <span /><span /><span />
      </div>
    );
  }
  const text = load === 'away' ? t('reader.bodyAway') : t('reader.bodyFailed', { reason: typeof load === 'object' ? load.reason : '' });
  return <Notice kind="warn"><span>{text}</span><Button look="link" onClick={retry}>{t('common.retry')}</Button></Notice>;
}
