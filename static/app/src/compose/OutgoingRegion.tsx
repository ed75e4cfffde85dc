// The corner of the page that says what is on its way out, with the one thing that can be done about it.
import i18next from 'i18next';
import { X } from 'lucide-react';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, Unreachable } from '../api/request';
import { dayAndTime } from '../i18n/format';
import { Button, IconButton } from '../ui/Button';
import { Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './compose.module.css';
import type { Parcel } from './outgoing';
import type { Studio } from './studio';
import './words';

/** `raised`: its corner is taken by what is being written. */
export default function OutgoingRegion({ studio, raised }: { studio: Studio; raised: boolean }) {
  const { t } = useTranslation('compose');
  const { outgoing } = studio;
  const parcels = useSyncExternalStore(useCallback((listener) => outgoing.on(listener), [outgoing]), () => outgoing.all());
  return (
    <div className={css.outgoing} data-raised={raised || undefined} role="status" aria-label={t('outgoing.label')}>
      {parcels.map((parcel) => <ParcelLine key={parcel.id} parcel={parcel} studio={studio} />)}
    </div>
  );
}

function ParcelLine({ parcel, studio }: { parcel: Parcel; studio: Studio }) {
  const { t } = useTranslation('compose');
  const { outgoing } = studio;
  const { id, phase, sentence, sendAt } = parcel;
  const subject = parcel.subject.trim() || t('outgoing.noSubject');
  const text = {
    handing: () => t('outgoing.handing', { subject }),
    queued: () => t('outgoing.queued', { subject }),
    waiting: () => t('outgoing.waiting', { subject }),
    scheduled: () => t('outgoing.scheduled', { subject, when: sendAt ? dayAndTime(Date.parse(sendAt)) : '' }),
    sending: () => t('outgoing.sending', { subject }),
    sent: () => t('outgoing.sent', { subject }),
    failed: () => t('outgoing.failed', { subject, reason: sentence }),
    doubt: () => t('outgoing.doubt', { subject }),
  }[phase]();
  const attempt = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      toast({ text: faultText(i18next.t, error) });
    });
  };
  const undo = (): void => {
    void outgoing.undo(id).then((how) => {
      if (how === 'late') toast({ text: t('outgoing.tooLate') });
      else if (how === 'away') toast({ text: t('outgoing.undoAway') });
    });
  };
  return (
    <div className={css.parcel} data-phase={phase} {...(phase === 'failed' || phase === 'doubt' ? { role: 'alert' } : {})}>
      {(phase === 'handing' || phase === 'sending') && <Spinner />}
      <span className={css.parcelText}>{text}{phase === 'waiting' && parcel.until !== null && <Countdown until={parcel.until} />}</span>
      {(phase === 'waiting' || phase === 'queued' || phase === 'scheduled') && <Button look="quiet" onClick={undo}>{t('outgoing.undo')}</Button>}
      {phase === 'failed' && (
        <>
          <Button look="quiet" onClick={() => attempt(outgoing.retry(id))}>{t('outgoing.retry')}</Button>
          <Button look="quiet" onClick={() => outgoing.edit(id)}>{t('outgoing.edit')}</Button>
        </>
      )}
      {phase === 'doubt' && (
        <>
          <Button look="quiet" onClick={() => attempt(outgoing.resolve(id, 'was_sent'))}>{t('outgoing.wasSent')}</Button>
          <Button look="quiet" onClick={() => attempt(outgoing.resolve(id, 'resend'))}>{t('outgoing.resend')}</Button>
        </>
      )}
      {(phase === 'failed' || phase === 'sent' || phase === 'scheduled') && <IconButton label={t('outgoing.dismiss')} onClick={() => outgoing.dismiss(id)}><X size={16} aria-hidden /></IconButton>}
    </div>
  );
}

/** Seconds that are left, for the eye; a screen reader is not told each of them. */
function Countdown({ until }: { until: number }) {
  const { t } = useTranslation('compose');
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden data-num> {t('outgoing.waitingIn', { count: Math.max(0, Math.ceil((until - now) / 1000)) })}</span>;
}
