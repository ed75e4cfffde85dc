// Send now, or at a moment to come, in the person's own time zone.
import { ChevronDown, Send } from 'lucide-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { Menu, MenuItem, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { dayAndTime } from '../i18n/format';
import { presets } from '../mail/act/snoozeTimes';
import { Button } from '../ui/Button';
import { Spinner } from '../ui/Feedback';
import menu from '../ui/menu.module.css';
import css from './compose.module.css';

const PickTime = lazy(() => import('./PickTime'));
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

interface SendButtonProps {
  disabled: boolean;
  busy: boolean;
  onSend: () => void;
  onSchedule: (at: number) => void;
}

export function SendButton({ disabled, busy, onSend, onSchedule }: SendButtonProps) {
  const { t } = useTranslation('compose');
  const more = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<'menu' | 'pick' | null>(null);
  const offered = open === 'menu' ? presets() : [];
  return (
    <span className={css.send}>
      <Button look="primary" disabled={disabled} onClick={onSend} data-tip={t('sendKeys')} data-tip-keys={MAC ? '⌘↵' : 'Ctrl+↵'}>
        {busy ? <Spinner /> : <Send size={16} aria-hidden />}{t('send')}
      </Button>
      <button ref={more} type="button" className={css.sendMore} disabled={disabled} aria-label={t('sendMore')} data-tip={t('sendMore')} aria-haspopup="menu" aria-expanded={open === 'menu'} onClick={() => setOpen('menu')}>
        <ChevronDown size={16} aria-hidden />
      </button>
      {open === 'menu' && (
        <Popover triggerRef={more} isOpen onOpenChange={(now) => !now && setOpen(null)} placement="top start" aria-label={t('sendLater')} className={menu.popover ?? ''}>
          <Menu
            aria-label={t('sendLater')}
            className={menu.menu ?? ''}
            autoFocus="first"
            onAction={(key) => {
              const preset = offered.find(({ id }) => id === key);
              setOpen(preset ? null : 'pick');
              if (preset) onSchedule(preset.at);
            }}
          >
            {offered.map(({ id, at }) => (
              <MenuItem key={id} id={id} textValue={t(`preset.${id}`)} className={menu.item ?? ''}>
                <span className={css.grow}>{t(`preset.${id}`)}</span><span className={css.hint} data-num>{dayAndTime(at)}</span>
              </MenuItem>
            ))}
            <MenuItem id="pick" className={menu.item ?? ''}>{t('pickTime')}</MenuItem>
          </Menu>
        </Popover>
      )}
      <Suspense fallback={null}>
        {open === 'pick' && <PickTime onClose={() => setOpen(null)} onPick={(at) => { setOpen(null); onSchedule(at); }} />}
      </Suspense>
    </span>
  );
}
