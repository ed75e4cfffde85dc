// List and reader side by side with a draggable border; one at a time on phones.
import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { remember, remembered } from '../shell/preferences';
import { usePhone, usePreference } from '../shell/usePreference';
import css from './mail.module.css';

const NARROWEST = 320;
const WIDEST = 560;
const USUAL = 400;
const STEP = 16;

const fitted = (width: number): number => Math.min(WIDEST, Math.max(NARROWEST, Math.round(width)));

interface PanesProps {
  reading: boolean;
  list: ReactNode;
  reader: ReactNode;
}

export function Panes({ reading, list, reader }: PanesProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const width = usePreference(() => fitted(Number(remembered('list-width') ?? USUAL) || USUAL));
  const left = useRef<HTMLDivElement>(null);
  if (phone) return <div className={css.onePane}>{reading ? reader : list}</div>;

  function drag(event: PointerEvent<HTMLDivElement>): void {
    const handle = event.currentTarget;
    const origin = left.current?.getBoundingClientRect().left ?? 0;
    handle.setPointerCapture(event.pointerId);
    const move = (now: globalThis.PointerEvent): void => remember('list-width', String(fitted(now.clientX - origin)));
    const end = (): void => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', end);
      handle.removeEventListener('pointercancel', end);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', end);
    handle.addEventListener('pointercancel', end);
  }

  function press(event: KeyboardEvent): void {
    const by = event.key === 'ArrowLeft' ? -STEP : event.key === 'ArrowRight' ? STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    remember('list-width', String(fitted(width + by)));
  }

  return (
    <div className={css.panes}>
      <div ref={left} className={css.left} style={{ width: `min(${width}px, 45%)` }}>{list}</div>
      <div
        className={css.border}
        role="separator"
        aria-orientation="vertical"
        aria-label={t('list.resize')}
        aria-valuenow={width}
        aria-valuemin={NARROWEST}
        aria-valuemax={WIDEST}
        tabIndex={0}
        onPointerDown={drag}
        onKeyDown={press}
        onDoubleClick={() => remember('list-width', null)}
      />
      <div className={css.right}>{reader}</div>
    </div>
  );
}
