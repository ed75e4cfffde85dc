// What the assistant may read and do, account by account; an administrator's switch for the whole company.
import i18next from 'i18next';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, Unreachable } from '../api/request';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import css from '../settings/settings.module.css';
import agentsCss from './agents.module.css';
import { Switch } from '../settings/Switch';
import { useAccounts } from '../store/hooks';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { askAgain } from './standing';
import './words';

interface State {
  enabled: boolean;
  simulated: boolean;
  off_because: { code: 'not_configured' | 'switched_off'; detail: string }[];
  daily_tokens: number;
  used_today: number;
  may_change: boolean;
}
interface Consent { account_id: Id; reading: boolean; drafting: boolean; mine: boolean }

export default function AssistantSettings() {
  const { t, i18n } = useTranslation('agents');
  const accounts = useAccounts();
  const [state, setState] = useState<State | null>(null);
  const [consents, setConsents] = useState<Consent[]>([]);
  const [fault, setFault] = useState<unknown>(null);
  const number = new Intl.NumberFormat(i18n.language);

  async function read(): Promise<void> {
    try {
      const [now, held] = await Promise.all([request<State>('assistant'), request<{ items: Consent[] }>('assistant/accounts')]);
      setState(now);
      setConsents(held.items);
      setFault(null);
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => void read(), []);
  const heading = useRef<HTMLHeadingElement>(null);
  const known = state !== null;
  useEffect(() => {
    // Whoever follows a link to here comes before the section is read.
    if (known && location.hash === '#assistant') heading.current?.scrollIntoView({ block: 'start' });
  }, [known]);

  /** Do it, and show how things stand then; what goes wrong is said. */
  async function change(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      toast({ text: faultText(i18next.t, error) });
    }
    askAgain();
    await read();
  }
  const allow = (id: Id, body: { reading: boolean; drafting: boolean }): Promise<void> =>
    change(() => request(`assistant/accounts/${id}`, { method: 'PUT', body }));
  const erase = (id: Id, address: string): Promise<void> =>
    change(async () => {
      await request(`assistant/accounts/${id}`, { method: 'DELETE' });
      toast({ text: t('erased', { address }) });
    });

  if (fault !== null) {
    return (
      <section className={css.section} aria-labelledby="assistant">
        <h2 id="assistant">{t('title')}</h2>
        <Notice kind="warn"><span>{t('failed', { reason: faultText(i18next.t, fault) })}</span><Button look="link" onClick={() => void read()}>{t('retry')}</Button></Notice>
      </section>
    );
  }
  if (!state) return null;
  const mine = consents.filter((consent) => consent.mine);
  return (
    <section className={css.section} aria-labelledby="assistant">
      <h2 id="assistant" ref={heading}>{t('title')}</h2>
      <p className={css.lead}>{t('lead')}</p>
      {state.off_because.map(({ code }) => <Notice key={code} kind="warn">{t(`off.${code}`)}</Notice>)}
      {state.simulated && <Notice>{t('simulated')}</Notice>}
      {state.may_change && (
        <Switch
          label={t('company')}
          hint={t('companyHint', { used: number.format(state.used_today), most: number.format(state.daily_tokens) })}
          on={state.enabled}
          onChange={(enabled) => void change(() => request('assistant', { method: 'PATCH', body: { enabled } }))}
        />
      )}
      {mine.map(({ account_id: id, reading, drafting }) => {
        const address = accounts.find((account) => account.id === id)?.address ?? '';
        return (
          <div key={id} className={css.form} role="group" aria-label={address}>
            <Switch label={t('reading', { address })} hint={t('readingHint')} on={reading} onChange={(on) => void allow(id, { reading: on, drafting: on && drafting })} />
            {reading && <Switch label={t('drafting', { address })} hint={t('draftingHint')} on={drafting} onChange={(on) => void allow(id, { reading, drafting: on })} />}
            {reading && <div><Button className={agentsCss.erase ?? ''} onClick={() => void erase(id, address)}>{t('erase', { address })}</Button></div>}
          </div>
        );
      })}
    </section>
  );
}
