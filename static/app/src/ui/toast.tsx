// One toast at a time, said to screen readers as a status; stays while the pointer or focus is on it.
import { X } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Emitter } from '../store/emitter';
import { Button, IconButton } from './Button';
import css from './ui.module.css';

interface Toast { text: string; action?: { label: string; run: () => void } }

const LASTS = 10_000;
const changed = new Emitter();
let current: Toast | null = null;

export function toast(next: Toast | null): void {
  current = next;
  changed.emit();
}

export function ToastRegion() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore((listener) => changed.on(listener), () => current);
  const [held, hold] = useState(false);
  useEffect(() => {
    if (!shown || held) return;
    const timer = setTimeout(() => current === shown && toast(null), LASTS);
    return () => clearTimeout(timer);
  }, [shown, held]);
  return (
    <div role="status">
      {shown && (
        <div
          className={css.toast}
          data-toast
          onPointerEnter={() => hold(true)}
          onPointerLeave={() => hold(false)}
          onFocus={() => hold(true)}
          onBlur={() => hold(false)}
        >
          <span>{shown.text}</span>
          {shown.action && (
            <Button look="quiet" onClick={() => { shown.action?.run(); toast(null); }}>{shown.action.label}</Button>
          )}
          <IconButton label={t('common.close')} onClick={() => toast(null)}><X size={16} aria-hidden /></IconButton>
        </div>
      )}
    </div>
  );
}
