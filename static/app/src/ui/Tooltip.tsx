// One tooltip for the whole page: names icon buttons after half a second. The name itself is in aria-label, so this
// is for the eye only.
import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import css from './ui.module.css';

interface Tip { text: string; keys: string | null; x: number; y: number; above: boolean }

const DELAY = 500;
const GAP = 6;

export function Tooltips() {
  const [tip, setTip] = useState<Tip | null>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hide = (): void => {
      clearTimeout(timer);
      setTip(null);
    };
    const wait = (event: Event): void => {
      const owner = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-tip]') : null;
      hide();
      if (!owner || (event.type === 'focusin' && !owner.matches(':focus-visible'))) return;
      timer = setTimeout(() => owner.isConnected && setTip(place(owner)), DELAY);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') hide();
    };
    document.addEventListener('pointerover', wait);
    document.addEventListener('focusin', wait);
    document.addEventListener('pointerdown', hide);
    document.addEventListener('focusout', hide);
    document.addEventListener('scroll', hide, true);
    document.addEventListener('keydown', escape);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerover', wait);
      document.removeEventListener('focusin', wait);
      document.removeEventListener('pointerdown', hide);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('scroll', hide, true);
      document.removeEventListener('keydown', escape);
    };
  }, []);

  if (!tip) return null;
  return createPortal(
    <div
      className={css.tip}
      aria-hidden
      ref={(node) => {
        if (!node) return;
        const half = node.offsetWidth / 2;
        node.style.left = `${Math.max(4, Math.min(innerWidth - node.offsetWidth - 4, tip.x - half))}px`;
        node.style.top = `${tip.above ? tip.y - node.offsetHeight - GAP : tip.y + GAP}px`;
      }}
    >
      {tip.text}
      {tip.keys && <kbd>{tip.keys}</kbd>}
    </div>,
    document.body,
  );
}

function place(owner: HTMLElement): Tip {
  const box = owner.getBoundingClientRect();
  const above = box.bottom > innerHeight - 60;
  return {
    text: owner.dataset['tip'] ?? '',
    keys: owner.dataset['tipKeys'] ?? null,
    x: box.left + box.width / 2,
    y: above ? box.top : box.bottom,
    above,
  };
}
