// Whether this tab may write a draft: one tab at a time, the person's last choice wins.
import { useEffect, useRef, useState } from 'react';
import type { Id } from '../api/types';
import { holdDraft, type Hold } from './locks';

export interface Lock {
  mine: boolean;
  /** It was ours and another tab has taken it. */
  lost: boolean;
  take: () => void;
}

export function useLock(draft: Id): Lock {
  const [state, setState] = useState<'mine' | 'other' | 'lost'>('mine');
  const hold = useRef<Hold | null>(null);
  const [steals, steal] = useState(0);
  useEffect(() => {
    let left = false;
    void holdDraft(draft, () => !left && setState('lost'), steals > 0).then((held) => {
      if (left) held?.release();
      else {
        hold.current = held;
        setState(held ? 'mine' : 'other');
      }
    });
    return () => {
      left = true;
      hold.current?.release();
      hold.current = null;
    };
  }, [draft, steals]);
  return { mine: state === 'mine', lost: state === 'lost', take: () => steal(steals + 1) };
}
