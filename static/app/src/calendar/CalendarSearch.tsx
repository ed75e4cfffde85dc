// Finding events by words: each with the date that is next, or was last.
import { CalendarSearch as Icon, CloudOff, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { region } from '../i18n';
import { useCommand } from '../shell/commands';
import { IconButton } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import css from './calendar.module.css';
import type { Places } from './Grid';
import { spoken } from './spoken';
import { HERE } from './times';
import type { Instance } from './types';

const ASK_AFTER = 150;

export function CalendarSearch({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const { t } = useTranslation('calendar');
  const field = useRef<HTMLInputElement>(null);
  useCommand('search.focus', () => field.current?.focus());
  useCommand('app.close', () => onQuery(''), query !== '');
  return (
    <div className={css.search} role="search">
      <input ref={field} type="search" aria-label={t('search')} placeholder={t('search')} value={query} maxLength={200} onChange={({ target }) => onQuery(target.value)} />
      {query && <IconButton label={t('clear')} onClick={() => onQuery('')}><X size={16} aria-hidden /></IconButton>}
    </div>
  );
}

interface FoundProps { query: string; places: Places; onOpen: (instance: Instance) => void }

CalendarSearch.Found = function Found({ query, places, onOpen }: FoundProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [found, setFound] = useState<Instance[] | { fault: unknown } | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      request<{ items: Instance[] }>(`events/search?${new URLSearchParams({ q: query, zone: HERE })}`).then(
        ({ items }) => current && setFound(items),
        (fault: unknown) => current && setFound({ fault }),
      );
    }, ASK_AFTER);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [query]);
  if (found === null) return null;
  if ('fault' in found) return <Empty icon={CloudOff}>{faultText(common, found.fault)}</Empty>;
  if (found.length === 0) return <Empty icon={Icon}>{t('notFound', { query })}</Empty>;
  return (
    <div className={css.found}>
      <p role="status" className={css.quiet}>{t('found', { count: found.length })}</p>
      <ul>
        {found.map((instance) => (
          <li key={`${instance.id} ${instance.key}`}>
            <button type="button" className={css.hit} data-hue={places.get(instance.collection_id)?.hue ?? 0} onClick={() => onOpen(instance)}>
              <span>{instance.title || t('untitled')}</span>
              <span className={css.quiet}>{[spoken(instance.start, instance.end, instance.all_day, region()), instance.location].filter(Boolean).join(' · ')}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
};
