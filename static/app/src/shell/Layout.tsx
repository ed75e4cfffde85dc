// The frame of the application: sidebar, banners, the page, and on phones the bottom bar.
import { BookUser, CalendarDays, CloudOff, Ellipsis, Mail, PenLine, Sparkles } from 'lucide-react';
import { Suspense, lazy, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import type { Me } from '../api/types';
import { ComposeHost } from '../compose/Host';
import { openComposer } from '../compose/open';
import { MailPage } from '../mail/MailPage';
import { useAccounts, useLoad, useMailboxes, useMirror } from '../store/hooks';
import { Empty } from '../ui/Feedback';
import { Button, buttonClass } from '../ui/Button';
import { AccountBanners, ConnectionBanner } from './Banners';
import { CommandHost } from './CommandHost';
import { useCommand } from './commands';
import { homePath } from './home';
import { Nav, NavDrawer } from './Nav';
import { remember, remembered } from './preferences';
import css from './shell.module.css';
import { NARROW, useMedia, usePhone, usePreference } from './usePreference';
import { useGoCommands } from './useGoCommands';
import { usePageTitle } from './usePageTitle';

const AllInboxes = lazy(() => import('../mail/AllInboxes'));
const AccountsPage = lazy(() => import('../accounts/AccountsPage'));
const CompanyPage = lazy(() => import('../accounts/CompanyPage'));
const CalendarPage = lazy(() => import('../calendar/CalendarPage'));
const ApprovalsPage = lazy(() => import('../approvals/ApprovalsPage'));
const ContactsPage = lazy(() => import('../contacts/ContactsPage'));
const ConnectPage = lazy(() => import('../accounts/ConnectPage'));
const AlertNotices = lazy(() => import('../reports/AlertNotices'));
const ChatPanel = lazy(() => import('../agents/chat/ChatPanel'));
const FollowUpsPage = lazy(() => import('../reports/FollowUpsPage'));
const MorePage = lazy(() => import('./MorePage'));
const ReportsPage = lazy(() => import('../reports/ReportsPage'));
const SearchPage = lazy(() => import('../search/SearchPage'));
const SettingsPage = lazy(() => import('../settings/SettingsPage'));
const Palette = lazy(() => import('./Palette'));
const KeySheet = lazy(() => import('./KeySheet'));

const LISTING = /^\/(?:mail\/|inboxes|search)/;
const READING = /^\/(?:mail\/[^/]+|inboxes|search)\/[^/]+/;

export function Layout({ me }: { me: Me }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const narrow = useMedia(NARROW);
  const folded = usePreference(() => remembered('nav') === 'narrow');
  const [overlay, open] = useState<'palette' | 'keys' | 'drawer' | null>(null);
  const close = (): void => open(null);
  const [path] = useLocation();
  usePageTitle();
  useGoCommands();
  useCommand('app.palette', () => open(overlay === 'palette' ? null : 'palette'));
  useCommand('app.keys', () => open('keys'));
  const scope = `${me.tenant.id}:${me.id}`;
  const chat = useChat(phone, path.startsWith('/assistant'));
  const slim = narrow || folded;
  // On a phone the conversation has its own bar at the bottom.
  const reading = READING.test(path);
  const listing = !reading && LISTING.test(path);
  return (
    <div className={css.layout} data-slim={slim || undefined}>
      <a className={css.skip} href="#main">{t('app.skip')}</a>
      {!phone && (
        <Nav
          me={me}
          slim={slim}
          onToggle={() => (narrow ? open('drawer') : remember('nav', folded ? null : 'narrow'))}
        />
      )}
      <div className={css.stage}>
        <ConnectionBanner />
        <AccountBanners />
        <main id="main" className={css.main} tabIndex={-1}>
          <Suspense fallback={null}><StartGate><Pages me={me} scope={scope} onMenu={() => open('drawer')} /></StartGate></Suspense>
        </main>
        {phone && !reading && <BottomBar />}
        {phone && listing && <WriteButton />}
      </div>
      {chat.shown && <Suspense fallback={null}><ChatPanel scope={scope} page={false} asked={chat.asked} onClose={chat.close} /></Suspense>}
      <CommandHost />
      <Suspense fallback={null}><AlertNotices /></Suspense>
      <ComposeHost scope={scope} />
      {overlay === 'drawer' && <NavDrawer me={me} onClose={close} />}
      <Suspense fallback={null}>
        {overlay === 'palette' && <Palette onClose={close} onKeys={() => open('keys')} />}
        {overlay === 'keys' && <KeySheet onClose={close} />}
      </Suspense>
    </div>
  );
}

/** The assistant beside the page: a key opens it, focuses it, and closes it again. On a phone it is a page. */
function useChat(phone: boolean, onPage: boolean) {
  const [, navigate] = useLocation();
  const wanted = usePreference(() => remembered('assistant') === 'open');
  const [asked, ask] = useState(0);
  const shown = wanted && !phone && !onPage;
  const close = (): void => {
    remember('assistant', null);
    document.getElementById('main')?.focus({ preventScroll: true });
  };
  useCommand('app.assistant', () => {
    if (phone) return navigate('/assistant');
    if (shown && document.activeElement?.closest('aside')) return close();
    remember('assistant', 'open');
    ask(asked + 1);
  });
  return { shown, asked, close };
}

/** Until mailboxes are known, from this device or the server, there is only the reason why not. */
function StartGate({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const load = useLoad('mailboxes:');
  if (mirror.ready || load === 'idle' || load === 'loading') return children;
  const reason = typeof load === 'object' ? load.reason : t('fault.unreachableShort');
  return (
    <Empty page icon={CloudOff} action={<Button onClick={() => void mirror.refresh()}>{t('common.retry')}</Button>}>
      {t('fault.start', { reason })}
    </Empty>
  );
}

function Pages({ me, scope, onMenu }: { me: Me; scope: string; onMenu: () => void }) {
  return (
    <Switch>
      <Route path="/inboxes/:thread?">{({ thread }) => <AllInboxes thread={thread} onMenu={onMenu} />}</Route>
      <Route path="/mail/:mailbox/:thread?">
        {({ mailbox, thread }) => <MailPage key={mailbox} mailbox={mailbox} thread={thread} onMenu={onMenu} />}
      </Route>
      <Route path="/search/:thread?">{({ thread }) => <SearchPage thread={thread} onMenu={onMenu} />}</Route>
      <Route path="/calendar/:view?/:date?">{({ view, date }) => <CalendarPage view={view} date={date} onMenu={onMenu} />}</Route>
      <Route path="/contacts/:id?">{({ id }) => <ContactsPage id={id} onMenu={onMenu} />}</Route>
      <Route path="/review/:id?">{({ id }) => <ApprovalsPage id={id} onMenu={onMenu} />}</Route>
      <Route path="/reports/:day?">{({ day }) => <ReportsPage day={day} onMenu={onMenu} />}</Route>
      <Route path="/follow-ups"><FollowUpsPage onMenu={onMenu} /></Route>
      <Route path="/assistant"><ChatPanel scope={scope} page /></Route>
      <Route path="/more"><MorePage me={me} /></Route>
      <Route path="/accounts"><AccountsPage /></Route>
      <Route path="/accounts/company"><CompanyPage /></Route>
      <Route path="/accounts/new"><ConnectPage key="new" account={null} /></Route>
      <Route path="/accounts/:id/reconnect">{({ id }) => <ConnectPage key={id} account={id} />}</Route>
      <Route path="/settings"><SettingsPage me={me} /></Route>
      <Route path="/"><Home /></Route>
      <Route><NoSuchPage /></Route>
    </Switch>
  );
}

function Home() {
  const { t } = useTranslation();
  const mirror = useMirror();
  const accounts = useAccounts();
  const boxes = useMailboxes();
  if (!mirror.ready) return null;
  const home = homePath(accounts, boxes);
  if (home) return <Redirect to={home} replace />;
  const coming = accounts.find((one) => one.status === 'active' && one.import && one.surfaces.includes('mail'));
  if (coming) return <Empty page icon={Mail}>{t('accounts.coming', { address: coming.address })}</Empty>;
  return (
    <Empty page icon={Mail} action={<Link href="/accounts/new" className={buttonClass('primary')}>{t('accounts.emptyAction')}</Link>}>
      {t('accounts.empty')}
    </Empty>
  );
}

function NoSuchPage() {
  const { t } = useTranslation();
  return (
    <Empty page icon={Mail} action={<Link href="/" className={buttonClass()}>{t('fault.toInbox')}</Link>}>{t('fault.notFound')}</Empty>
  );
}

const TABS = [
  { href: '/', icon: Mail, label: 'nav.mail', under: ['/mail', '/inboxes', '/search'] },
  { href: '/calendar', icon: CalendarDays, label: 'nav.calendar', under: ['/calendar'] },
  { href: '/contacts', icon: BookUser, label: 'nav.contacts', under: ['/contacts'] },
  { href: '/assistant', icon: Sparkles, label: 'nav.assistant', under: ['/assistant'] },
  { href: '/more', icon: Ellipsis, label: 'nav.more', under: ['/more', '/review', '/reports', '/follow-ups', '/accounts', '/settings'] },
] as const;

function WriteButton() {
  const { t } = useTranslation();
  return (
    <button type="button" className={css.write} aria-label={t('command.compose.new')} onClick={() => openComposer({ mode: 'new' })}>
      <PenLine size={20} aria-hidden />
    </button>
  );
}

function BottomBar() {
  const { t } = useTranslation();
  const [path] = useLocation();
  return (
    <nav className={css.bottom} aria-label={t('nav.main')}>
      {TABS.map(({ href, icon: Icon, label, under }) => {
        const here = under.some((start) => path.startsWith(start));
        return (
          <Link key={href} href={href} className={css.tab ?? ''} aria-current={here ? 'page' : undefined}>
            <Icon size={20} aria-hidden />
            <span>{t(label)}</span>
          </Link>
        );
      })}
    </nav>
  );
}
