// Fingers on a list: a long press chooses a row, a swipe to the side archives it. Both have other ways: the checkbox
// and the bars.
import { useEffect, useRef, type RefObject } from 'react';
import type { Id } from '../../api/types';
import { selection } from './selection';

const LONG_PRESS = 450;
/** Movement (pixels) that is no press any more, and from which a sideways one is a swipe. */
const STILL = 10;
/** Share of the row's width that must be crossed. */
const FAR = 0.32;

interface Touch {
  row: HTMLElement;
  id: Id;
  x: number;
  y: number;
  pointer: number;
  swiping: boolean;
  timer: ReturnType<typeof setTimeout>;
}

export function useTouch(container: RefObject<HTMLElement | null>, onSwipe: ((id: Id) => void) | null): void {
  const swiped = useRef(onSwipe);
  useEffect(() => {
    swiped.current = onSwipe;
  }, [onSwipe]);

  useEffect(() => {
    const node = container.current;
    if (!node) return;
    const over = new AbortController();
    const { signal } = over;
    let touch: Touch | null = null;
    let swallow = false;

    const end = (): void => {
      if (!touch) return;
      clearTimeout(touch.timer);
      touch.row.style.removeProperty('--pulled');
      delete touch.row.dataset['swipe'];
      touch = null;
    };
    const down = (event: PointerEvent): void => {
      swallow = false;
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
      end();
      if (event.pointerType === 'mouse' || !row) return;
      const id = row.dataset['row']!;
      const timer = setTimeout(() => {
        swallow = true;
        selection.toggle(id);
        navigator.vibrate?.(10);
        end();
      }, LONG_PRESS);
      touch = { row, id, x: event.clientX, y: event.clientY, pointer: event.pointerId, swiping: false, timer };
    };
    const move = (event: PointerEvent): void => {
      if (!touch || event.pointerId !== touch.pointer) return;
      const [dx, dy] = [event.clientX - touch.x, event.clientY - touch.y];
      if (Math.hypot(dx, dy) > STILL) clearTimeout(touch.timer);
      if (!touch.swiping) {
        if (!swiped.current || selection.ids().size > 0 || Math.abs(dx) < STILL || Math.abs(dx) < 2 * Math.abs(dy)) return;
        touch.swiping = true;
        swallow = true;
        node.setPointerCapture(touch.pointer);
      }
      touch.row.style.setProperty('--pulled', `${dx}px`);
      touch.row.dataset['swipe'] = Math.abs(dx) > touch.row.clientWidth * FAR ? 'far' : dx > 0 ? 'right' : 'left';
    };
    const up = (event: PointerEvent): void => {
      if (!touch || event.pointerId !== touch.pointer) return;
      const { swiping, id, row, x } = touch;
      const far = Math.abs(event.clientX - x) > row.clientWidth * FAR;
      end();
      if (swiping && far) swiped.current?.(id);
    };
    node.addEventListener('pointerdown', down, { signal });
    node.addEventListener('pointermove', move, { signal });
    node.addEventListener('pointerup', up, { signal });
    node.addEventListener('pointercancel', end, { signal });
    node.addEventListener('click', (event) => {
      if (!swallow) return;
      swallow = false;
      event.preventDefault();
      event.stopPropagation();
    }, { signal, capture: true });
    // A long press on a link would open the browser's own menu.
    node.addEventListener('contextmenu', (event) => (touch || swallow) && event.preventDefault(), { signal });
    return () => {
      end();
      over.abort();
    };
  }, [container]);
}
