// The window around a message: its title, its place, closing. The same nodes in every place, so that nothing in it is
// lost on the way from one to another.
import { ArrowLeft, ChevronUp, Maximize2, Minimize2, Minus, PictureInPicture2, X } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/Button';
import css from './compose.module.css';
import type { ComposerProps } from './Host';
import { closeComposer, placeComposer, showComposer } from './open';

interface ShellProps extends ComposerProps {
  title: string;
  note?: ReactNode;
  onClose?: () => void;
  children: ReactNode;
}

export function Shell({ item, where, title, note, onClose, children }: ShellProps) {
  const { t } = useTranslation('compose');
  const close = onClose ?? (() => closeComposer(item.id));
  const small = where === 'minimised';
  const alone = where === 'phone' || where === 'full';
  const shown = title || t('newMessage');
  function popOut(): void {
    placeComposer(item.id, 'window');
    showComposer(item.id);
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !event.defaultPrevented && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (where === 'full') placeComposer(item.id, 'window');
      else close();
    }
    // What is pressed in here is never one of the page's single keys; those with Ctrl or Cmd pass.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- hears keys that its fields did not use
    <section className={css.window} data-where={where} aria-label={t('label', { subject: shown })} onKeyDown={onKeyDown} {...(alone ? { role: 'dialog', 'aria-modal': true } : {})}>
      <div className={css.head}>
        {where === 'phone' && <IconButton label={t('back')} onClick={close}><ArrowLeft size={20} aria-hidden /></IconButton>}
        {small
          ? <button type="button" className={css.title} aria-expanded={false} onClick={() => showComposer(item.id)}>{shown}</button>
          : <h2 className={css.title}>{shown}</h2>}
        {!small && note}
        {small && <IconButton label={t('restore')} onClick={() => showComposer(item.id)}><ChevronUp size={16} aria-hidden /></IconButton>}
        {where === 'inline' && <IconButton label={t('popOut')} onClick={popOut}><PictureInPicture2 size={16} aria-hidden /></IconButton>}
        {where === 'window' && <IconButton label={t('minimise')} onClick={() => placeComposer(item.id, 'minimised')}><Minus size={16} aria-hidden /></IconButton>}
        {(where === 'window' || where === 'full') && (
          <IconButton label={where === 'full' ? t('leaveFullScreen') : t('fullScreen')} keys={where === 'full' ? 'Esc' : undefined} onClick={() => placeComposer(item.id, where === 'full' ? 'window' : 'full')}>
            {where === 'full' ? <Minimize2 size={16} aria-hidden /> : <Maximize2 size={16} aria-hidden />}
          </IconButton>
        )}
        {where !== 'phone' && <IconButton label={t('close')} keys={where === 'full' ? undefined : 'Esc'} onClick={close}><X size={16} aria-hidden /></IconButton>}
      </div>
      <div className={css.inside} hidden={small}>{children}</div>
    </section>
  );
}
