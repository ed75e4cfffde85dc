// Senders whose remote images are always shown, each of which can be taken off the list.
import { Image, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { removeImageSender, useImageSenders } from '../mail/imageSenders';
import { IconButton } from '../ui/Button';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './settings.module.css';

export function ImageSenders() {
  const { t } = useTranslation();
  const senders = useImageSenders();
  if (!senders) return null;
  const remove = (address: string): Promise<void> =>
    removeImageSender(address).catch((error: unknown) => {
      toast({ text: faultText(t, error) });
    });
  return (
    <div role="group" aria-labelledby="image-senders">
      <h3 id="image-senders" className={css.subhead}>{t('settings.imageSenders')}</h3>
      <p className={css.hint}>{senders.size > 0 ? t('settings.imageSendersHint') : t('settings.imageSendersNone')}</p>
      <ul>
        {[...senders].toSorted().map((address) => (
          <li key={address} className={css.session}>
            <Image size={20} aria-hidden />
            <span className={css.sessionText}><bdi>{address}</bdi></span>
            <IconButton label={t('settings.imageSendersRemove', { address })} onClick={() => void remove(address)}><X size={20} aria-hidden /></IconButton>
          </li>
        ))}
      </ul>
    </div>
  );
}
