// One follow-up with what can be done about it; what was decided can be taken back.
import { Check, Clock, EyeOff, Reply, RotateCcw } from 'lucide-react';
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { request } from '../auth/session';
import { openComposer } from '../compose/open';
import { dayAndTime } from '../i18n/format';
import { Button, IconButton } from '../ui/Button';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './reports.module.css';
import type { FollowUp } from './types';
import { useWhen } from './useWhen';

const PutOff = lazy(() => import('./PutOff'));

interface FollowUpRowProps {
  item: FollowUp;
  putOff: boolean;
  onChanged: () => void;
}

type Decision = { state: 'open' | 'done' | 'dismissed' } | { state: 'snoozed'; until: string };

export function FollowUpRow({ item, putOff, onChanged }: FollowUpRowProps) {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  const when = useWhen();
  const [choosing, choose] = useState(false);
  const title = item.said || t('noSubject');
  async function decide(decision: Decision, told = ''): Promise<void> {
    try {
      await request(`follow-ups/${item.id}`, { method: 'PATCH', body: decision });
      onChanged();
      if (told) toast({ text: told, action: { label: common('act.undo'), run: () => void decide({ state: 'open' }) } });
    } catch (error) {
      toast({ text: faultText(common, error) });
    }
  }
  const later = (until: Date): void => {
    choose(false);
    void decide({ state: 'snoozed', until: until.toISOString() }, t('wasPutOff', { day: dayAndTime(until.getTime()) }));
  };
  const kind = item.kind === 'asked' ? '' : t(item.kind);
  return (
    <li className={css.row} id={item.id}>
      <Link href={`/inboxes/${item.thread_id}`} className={css.line ?? ''} data-tip={t('open')}>
        <span className={css.what}>{title}</span>
        <span className={item.missed ? css.late : css.quiet}>{[item.who, when(item), kind].filter(Boolean).join(' · ')}</span>
      </Link>
      <div className={css.decide} role="group" aria-label={title}>
        {putOff
          ? <Button onClick={() => void decide({ state: 'open' })}><RotateCcw size={16} aria-hidden />{t('reopen')}</Button>
          : (
            <>
              {item.kind !== 'bounced' && <Button onClick={() => openComposer({ mode: 'reply', messageId: item.message_id })}><Reply size={16} aria-hidden />{t(item.direction === 'mine' ? 'reply' : 'remind')}</Button>}
              <Button onClick={() => void decide({ state: 'done' }, t('wasDone'))}><Check size={16} aria-hidden />{t('done')}</Button>
              <IconButton label={t('putOff')} onClick={() => choose(true)}><Clock size={16} aria-hidden /></IconButton>
              <IconButton label={t('dismiss')} onClick={() => void decide({ state: 'dismissed' }, t('wasDismissed'))}><EyeOff size={16} aria-hidden /></IconButton>
            </>
          )}
      </div>
      <Suspense fallback={null}>{choosing && <PutOff onChosen={later} onClose={() => choose(false)} />}</Suspense>
    </li>
  );
}
