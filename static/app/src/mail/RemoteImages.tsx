// What was held back of a message, above its text: remote images, which the person may have shown, and trackers.
import { Image, ImageOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Body, Message } from '../api/types';
import { useMirror } from '../store/hooks';
import { Button } from '../ui/Button';
import { Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { addImageSender, isListed, useImageSenders } from './imageSenders';
import css from './reader.module.css';

export function RemoteImages({ message, body }: { message: Message; body: Body }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const [busy, setBusy] = useState(false);
  const sender = message.from[0]?.address ?? '';
  const waiting = body.images_waiting ?? body.blocked_remote;
  const shown = body.images === true;
  const listed = isListed(useImageSenders(waiting > 0 || shown), sender);

  useEffect(() => {
    // Kept on this device before the sender was put on the list.
    if (listed && !shown && waiting > 0) void mirror.readBody(message.id, false).catch(() => undefined);
  }, [listed, shown, waiting, mirror, message.id]);

  async function act(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      toast({ text: t('reader.imagesFailed', { reason: faultText(t, error) }) });
    } finally {
      setBusy(false);
    }
  }

  const show = (): Promise<void> => act(() => mirror.readBody(message.id, true));
  const showAlways = (): Promise<void> => act(async () => {
    await addImageSender(sender);
    await mirror.readBody(message.id, false);
  });
  const offered = !listed && (waiting > 0 || shown);
  const blocked = shown ? 0 : body.blocked_remote;
  if (!offered && blocked === 0 && body.trackers === 0) return null;
  return (
    <div className={css.blocked} role="group" aria-label={t('reader.remoteImages')}>
      <span className={css.blockedText}>
        {shown && blocked === 0 ? <Image size={16} aria-hidden /> : <ImageOff size={16} aria-hidden />}
        <span>
          {shown && offered && t('reader.imagesShown')}{blocked > 0 && t('reader.blocked', { count: blocked })}{' '}
          {body.trackers > 0 && t('reader.trackers', { count: body.trackers })}
        </span>
      </span>
      {offered && (
        <span className={css.blockedActions}>
          {busy && <Spinner />}
          {waiting > 0 && !shown && <Button look="link" disabled={busy} onClick={() => void show()}>{t('reader.showImages')}</Button>}
          {sender && <Button look="link" disabled={busy} title={sender} onClick={() => void showAlways()}>{t('reader.alwaysShowImages')}</Button>}
        </span>
      )}
    </div>
  );
}
