// On a phone: what the bottom bar has no room for.
import { ChartNoAxesColumn, CheckCheck, ChevronRight, CircleUser, ListChecks, Search, Settings } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Me } from '../api/types';
import { Avatar } from '../ui/Feedback';
import css from './more.module.css';

const PLACES = [
  { href: '/review', icon: CheckCheck, label: 'nav.approvals' },
  { href: '/follow-ups', icon: ListChecks, label: 'nav.followUps' },
  { href: '/reports', icon: ChartNoAxesColumn, label: 'nav.reports' },
  { href: '/search', icon: Search, label: 'nav.search' },
  { href: '/accounts', icon: CircleUser, label: 'nav.accounts' },
  { href: '/settings', icon: Settings, label: 'nav.settings' },
] as const;

export default function MorePage({ me }: { me: Me }) {
  const { t } = useTranslation();
  const name = me.name || me.email;
  return (
    <section className={css.page} aria-label={t('nav.more')}>
      <header className={css.person}>
        <Avatar name={name} address={me.email} />
        <div>
          <h1>{name}</h1>
          <p>{me.tenant.name}</p>
        </div>
      </header>
      <ul>
        {PLACES.map(({ href, icon: Icon, label }) => (
          <li key={href}>
            <Link href={href} className={css.place ?? ''}>
              <Icon size={20} aria-hidden />
              <span>{t(label)}</span>
              <ChevronRight size={16} aria-hidden />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
