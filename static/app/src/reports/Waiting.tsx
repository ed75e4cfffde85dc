// What was open between people when a report was made, both ways; the page of follow-ups says how it stands now.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Part } from './Part';
import css from './reports.module.css';
import type { FollowUp, Stats } from './types';
import { useWhen } from './useWhen';

const LINES = 5;

export function Waiting({ items, stats }: { items: FollowUp[]; stats: Stats }) {
  const { t } = useTranslation('reports');
  const when = useWhen();
  return (
    <>
      {(['mine', 'theirs'] as const).map((direction) => {
        const rows = items.filter((item) => item.direction === direction);
        return (
          <Part key={direction} title={t(direction)}>
            {rows.length === 0 && <p className={css.quiet}>{t(direction === 'mine' ? 'noMine' : 'noTheirs')}</p>}
            <ul className={css.lines}>
              {rows.slice(0, LINES).map((item) => (
                <li key={item.id}>
                  <Link href={`/inboxes/${item.thread_id}`} className={css.line ?? ''}>
                    <span className={css.what}>{item.said || t('noSubject')}</span>
                    <span className={item.missed ? css.late : css.quiet}>{[item.who, when(item)].filter(Boolean).join(' · ')}</span>
                  </Link>
                </li>
              ))}
            </ul>
            {stats[direction] > 0 && <p><Link href={`/follow-ups?direction=${direction}`}>{stats[direction] > LINES ? t('all', { count: stats[direction] }) : t('followUps')}</Link></p>}
          </Part>
        );
      })}
    </>
  );
}
