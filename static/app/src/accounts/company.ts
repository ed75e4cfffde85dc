// A company's connections as its administrators see them: what the server tells, and asking it again while it works.
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccountStatus, Id, Iso, Provider, Surface } from '../api/types';
import { request } from '../auth/session';
import { useSession } from '../auth/useSession';
import { faultText } from '../ui/fault';

export type KeyField = 'key' | 'administrator' | 'directory' | 'client_id' | 'secret';

/** What a provider asks an administrator for. */
export interface Offer {
  name: Provider['name'];
  title: string;
  simulated: boolean;
  fields: KeyField[];
  scopes: Record<'directory' | Surface, string[]>;
  console: string;
}
export interface Connection {
  id: Id;
  provider: Provider['name'];
  title: string;
  simulated: boolean;
  realm: string;
  application: string;
  administrator: string;
  surfaces: Surface[];
  status: 'active' | 'refused' | 'ending';
  /** What the provider refuses and what to grant; empty while all is well. */
  sentence: string;
  read_at: Iso | null;
  people: Record<'all' | 'connected' | 'new' | 'left' | 'waiting', number>;
}
export interface Person {
  id: Id;
  address: string;
  name: string;
  unit: string;
  state: 'offered' | 'wanted' | 'connected' | 'refused';
  left: boolean;
  new: boolean;
  account_status: AccountStatus | null;
  sentence: string;
}
export interface Companies { items: Connection[]; offers: Offer[] }

const AGAIN_MS = 1500;
export const BASE = 'company/connections';

/** Whether the person administers the company. */
export function useAdministers(): boolean {
  const state = useSession();
  return state.status === 'in' && state.me.role !== 'member';
}

export interface Told<T> { told: T | undefined; fault: string; ask: () => void }

/** What the server answers at this path; asked again at short intervals while `works`, always the same function, says that something is under way. */
export function useTold<T>(path: string, works: (told: T) => boolean): Told<T> {
  const { t } = useTranslation();
  const [told, tell] = useState<T>();
  const [fault, setFault] = useState('');
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let timer = 0;
    let here = true;
    const look = async (): Promise<void> => {
      try {
        const answer = await request<T>(path);
        if (!here) return;
        tell(answer);
        setFault('');
        if (works(answer)) timer = window.setTimeout(() => void look(), AGAIN_MS);
      } catch (error) {
        if (here) setFault(faultText(t, error));
      }
    };
    void look();
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [path, works, turn, t]);
  return { told, fault, ask: useCallback(() => setTurn((before) => before + 1), []) };
}

/** Carries one thing out at a time, and keeps the fault that it ended with. */
export function useAct(): { busy: boolean; fault: string; act: (what: () => Promise<unknown>) => Promise<boolean> } {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  async function act(what: () => Promise<unknown>): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    setFault('');
    try {
      await what();
      return true;
    } catch (error) {
      setFault(faultText(t, error));
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { busy, fault, act };
}
