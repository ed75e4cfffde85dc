// The daily reports: their days, the newest first, and beside them (on phones instead of them) the one that is read.
import { ChartNoAxesColumn, CloudOff, ListChecks, RefreshCw, Settings } from 'lucide-react';
import { Suspense, lazy, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useSearchParams } from 'wouter';
import { request } from '../auth/session';
import { Panes } from '../mail/Panes';
import mailCss from '../mail/mail.module.css';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { failed, useServer, type Loaded } from '../store/useServer';
import { Button, IconButton, buttonClass } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { dayName } from './dates';
import { ReportView } from './ReportView';
import css from './reports.module.css';
import type { ReportHead, Wishes } from './types';
import './words';

const WishesDialog = lazy(() => import('./WishesDialog'));

interface ReportsPageProps {
  day: string | undefined;
  onMenu: () => void;
}

interface History { items: ReportHead[]; next: string | null }

export default function ReportsPage({ day, onMenu }: ReportsPageProps) {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const phone = usePhone();
  const [loaded, read] = useServer<History>('reports', (frame) => frame.event === 'report:ready');
  const [wishes, readWishes] = useServer<Wishes>('reports/settings', () => false);
  const [older, setOlder] = useState<ReportHead[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [making, setMaking] = useState(false);
  const heads = loaded !== null && !failed(loaded) ? [...loaded.items, ...older.filter(({ date }) => !loaded.items.some((item) => item.date === date))] : [];
  const more = older.length > 0 ? next : loaded !== null && !failed(loaded) ? loaded.next : null;
  const shown = day ?? (phone ? undefined : heads[0]?.date);
  const toList = (): void => navigate('/reports');
  useCommand('list.back', toList, day !== undefined);
  useCommand('app.close', toList, day !== undefined);
  useEffect(() => setMaking(false), [loaded]);
  async function make(): Promise<void> {
    setMaking(true);
    try {
      await request('reports/now', { method: 'POST' });
      toast({ text: t('making') });
    } catch (error) {
      setMaking(false);
      toast({ text: faultText(common, error) });
    }
  }
  async function page(): Promise<void> {
    try {
      const found = await request<History>(`reports?before=${more}`);
      setOlder((held) => [...held, ...found.items]);
      setNext(found.next);
    } catch (error) {
      toast({ text: faultText(common, error) });
    }
  }
  const forgot = (): void => {
    setOlder((held) => held.filter(({ date }) => date !== shown));
    toList();
    void read();
  };
  return (
    <>
      <Panes
        reading={day !== undefined}
        list={
          <section className={mailCss.listPane} aria-label={t('title')}>
            <header className={mailCss.listHead}>
              {phone && <MenuButton onMenu={onMenu} />}
              <div className={mailCss.listTitle}><h1>{t('title')}</h1></div>
              <div className={css.acts}>
                <IconButton label={t('make')} disabled={making} onClick={() => void make()}><RefreshCw size={16} aria-hidden /></IconButton>
                <IconButton label={t('settings')} onClick={() => setParams({ settings: '1' })}><Settings size={16} aria-hidden /></IconButton>
              </div>
            </header>
            <div className={css.links}>
              <Link href="/follow-ups" className={buttonClass('secondary', true)}><ListChecks size={16} aria-hidden />{t('followUps')}</Link>
            </div>
            <Days loaded={loaded} heads={heads} shown={shown} wishes={wishes} onRetry={() => void read()} />
            {more && <div className={css.links}><Button wide onClick={() => void page()}>{t('older')}</Button></div>}
          </section>
        }
        reader={shown ? <ReportView key={shown} day={shown} onBack={toList} onForgotten={forgot} /> : <Empty icon={ChartNoAxesColumn}>{t('pick')}</Empty>}
      />
      <Suspense fallback={null}>
        {params.get('settings') && wishes && !failed(wishes) && (
          <WishesDialog wishes={wishes} onClose={() => setParams({})} onSaved={() => void readWishes()} />
        )}
      </Suspense>
    </>
  );
}

interface DaysProps { loaded: Loaded<History>; heads: ReportHead[]; shown: string | undefined; wishes: Loaded<Wishes>; onRetry: () => void }

function Days({ loaded, heads, shown, wishes, onRetry }: DaysProps) {
  const { t } = useTranslation('reports');
  const { t: common } = useTranslation();
  if (loaded === null) return null;
  if (failed(loaded)) return <Empty icon={CloudOff} action={<Button onClick={onRetry}>{common('common.retry')}</Button>}>{faultText(common, loaded.fault)}</Empty>;
  if (heads.length === 0) {
    if (wishes === null || failed(wishes)) return null;
    return <Empty icon={ChartNoAxesColumn}>{wishes.report === 'off' ? t('emptyOff') : t('empty', { at: wishes.at })}</Empty>;
  }
  return (
    <ul className={mailCss.listScroll}>
      {heads.map((head) => (
        <li key={head.date}>
          <Link href={`/reports/${head.date}`} className={css.day ?? ''} aria-current={head.date === shown ? 'page' : undefined}>
            <span className={css.dayName}>{dayName(head.date)}</span>
            <span className={css.quiet}>{head.summary || t('line', { received: head.stats.received, mine: head.stats.mine })}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
