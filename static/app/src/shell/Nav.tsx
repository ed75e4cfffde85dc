// The sidebar: accounts, their mailboxes with unread counters, and the person. As icons when there is little room.
import {
  BookUser, Bookmark, CalendarDays, ChartNoAxesColumn, CheckCheck, ChevronDown, ChevronRight, CircleUser, Ellipsis, Inbox, ListChecks, Menu, PanelLeftClose, PanelLeftOpen, PenLine, Plus, Settings, Sparkles, TriangleAlert, X,
} from 'lucide-react';
import { Suspense, lazy, useEffect, useRef, useState, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { Account, Id, Mailbox, Me } from '../api/types';
import { number, shortNumber } from '../i18n/format';
import { openComposer } from '../compose/open';
import { isByConsent, addressShown } from '../accounts/shown';
import { Simulated } from '../accounts/Simulated';
import { iconOf } from '../mail/icons';
import { mailboxName } from '../mail/names';
import { mailboxTree, type Branch } from '../mail/tree';
import { useAccounts, useMailbox, useMailboxes } from '../store/hooks';
import { savedSearches } from '../search/saved';
import { Button, IconButton } from '../ui/Button';
import { Progress } from '../ui/Feedback';
import { Logo, Mark } from '../ui/Logo';
import css from './nav.module.css';
import { tipKeys } from './keymap';
import { run } from './commands';
import { remember, remembered, rememberedSet } from './preferences';
import { usePreference } from './usePreference';

const MailboxMenu = lazy(() => import('./MailboxMenu'));

interface NavProps {
  me: Me;
  slim: boolean;
  onToggle: () => void;
}

export function Nav({ me, slim, onToggle }: NavProps) {
  const { t } = useTranslation();
  return (
    <nav className={css.nav} data-slim={slim || undefined} aria-label={t('nav.label')}>
      <div className={css.top}>
        {slim ? <Mark /> : <Logo />}
        <IconButton label={slim ? t('nav.expand') : t('nav.collapse')} onClick={onToggle}>
          {slim ? <PanelLeftOpen size={20} aria-hidden /> : <PanelLeftClose size={20} aria-hidden />}
        </IconButton>
      </div>
      <ComposeButton slim={slim} />
      <div className={css.scroll}>{slim ? <SlimMailboxes /> : <Accounts />}</div>
      <NavFoot me={me} slim={slim} />
    </nav>
  );
}

/** The sidebar as a drawer, for phones and narrow windows. */
export function NavDrawer({ me, onClose }: { me: Me; onClose: () => void }) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const [path] = useLocation();
  const opened = useRef(path);
  useEffect(() => {
    const node = dialog.current;
    if (node && !node.open) node.showModal();
    return () => node?.close();
  }, []);
  useEffect(() => {
    if (path !== opened.current) onClose();
  }, [path, onClose]);
  return (
    // A click beside the drawer closes it; Escape does the same by the dialog's own rule.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      className={css.drawer}
      aria-label={t('nav.label')}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={css.drawerIn}>
        <div className={css.top}>
          <Logo />
          <IconButton label={t('common.close')} onClick={onClose}><X size={20} aria-hidden /></IconButton>
        </div>
        <ComposeButton slim={false} onOpen={onClose} />
        <div className={css.scroll}><Accounts /></div>
        <NavFoot me={me} slim={false} />
      </div>
    </dialog>
  );
}

function ComposeButton({ slim, onOpen }: { slim: boolean; onOpen?: () => void }) {
  const { t } = useTranslation();
  const accounts = useAccounts();
  if (accounts.length === 0) return null;
  const write = (): void => {
    onOpen?.();
    openComposer({ mode: 'new' });
  };
  if (slim) return <IconButton label={t('nav.compose')} keys={tipKeys('compose.new')} className={css.composeSlim ?? ''} onClick={write}><PenLine size={20} aria-hidden /></IconButton>;
  return (
    <div className={css.compose}>
      <Button look="primary" wide onClick={write} data-tip={t('command.compose.new')} data-tip-keys={tipKeys('compose.new')}>
        <PenLine size={16} aria-hidden /> {t('nav.compose')}
      </Button>
    </div>
  );
}

export function MenuButton({ onMenu }: { onMenu: () => void }) {
  const { t } = useTranslation();
  return <IconButton label={t('app.menu')} onClick={onMenu}><Menu size={20} aria-hidden /></IconButton>;
}

function Accounts() {
  const { t } = useTranslation();
  const accounts = useAccounts();
  const boxes = useMailboxes();
  return (
    <>
      <Everywhere />
      {accounts.map((account) => (
        <AccountSection key={account.id} account={account} tree={mailboxTree(boxes, account.id)} alone={accounts.length === 1} />
      ))}
      <Link href="/accounts/new" className={css.add ?? ''}>
        <Plus size={16} aria-hidden /> {t('nav.addAccount')}
      </Link>
    </>
  );
}

/** What lies across accounts: all inboxes as one, and the searches that were saved. */
function Everywhere() {
  const { t } = useTranslation();
  const [path] = useLocation();
  const [params] = useSearchParams();
  const inboxes = useMailboxes().filter(({ role }) => role === 'inbox');
  const saved = usePreference(() => JSON.stringify(savedSearches()));
  const searches = JSON.parse(saved) as string[];
  if (inboxes.length < 2 && searches.length === 0) return null;
  const unread = inboxes.reduce((sum, box) => sum + box.unread_threads, 0);
  return (
    <ul className={css.account}>
      {inboxes.length > 1 && (
        <li>
          <EverywhereLink href="/inboxes" here={path.startsWith('/inboxes')} icon={<Inbox size={16} aria-hidden />} text={t('box.all')} unread={unread} />
        </li>
      )}
      {searches.map((query) => (
        <li key={query}>
          <EverywhereLink
            href={`/search?q=${encodeURIComponent(query)}`}
            here={path.startsWith('/search') && params.get('q') === query}
            icon={<Bookmark size={16} aria-hidden />}
            text={query}
            unread={0}
          />
        </li>
      ))}
    </ul>
  );
}

function EverywhereLink({ href, here, icon, text, unread }: { href: string; here: boolean; icon: ReactNode; text: string; unread: number }) {
  const { t } = useTranslation();
  return (
    <div className={css.item} data-here={here || undefined} data-flat>
      <Link href={href} className={css.link ?? ''} aria-current={here ? 'page' : undefined} data-unread={unread > 0 || undefined}>
        {icon}
        <span className={css.grow}>{text}</span>
        {unread > 0 && (
          <span className={css.count} data-num title={number(unread)}>
            <span aria-hidden>{shortNumber(unread)}</span>
            <span className="vh">{t('nav.unread', { count: unread })}</span>
          </span>
        )}
      </Link>
    </div>
  );
}

/** A button for the menu of a mailbox or an account, seen when the pointer or the focus is there. */
function MenuFor({ box, account, name }: { box: Mailbox | null; account: Account; name: string }) {
  const { t } = useTranslation();
  const [menu, open] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button ref={button} type="button" className={css.more} aria-label={t('box.menu', { name })} aria-haspopup="menu" aria-expanded={menu} data-menu onClick={() => open(true)}>
        <Ellipsis size={16} aria-hidden />
      </button>
      <Suspense fallback={null}>{menu && <MailboxMenu box={box} account={account} button={button} onClose={() => open(false)} />}</Suspense>
    </>
  );
}

/** A right click, and the menu key on the link, do as the button does. */
function openMenu(event: MouseEvent<HTMLElement>): void {
  const button = event.currentTarget.querySelector<HTMLButtonElement>(':scope > [data-menu]');
  if (!button) return;
  event.preventDefault();
  button.click();
}

function useFolded(key: string, byDefault: boolean): [boolean, () => void] {
  const mark = byDefault ? `+${key}` : key;
  const marked = usePreference(() => rememberedSet('folded').includes(mark));
  const toggle = (): void => {
    const others = rememberedSet('folded').filter((item) => item !== mark);
    remember('folded', JSON.stringify(marked ? others : [...others, mark]));
  };
  return [marked !== byDefault, toggle];
}

function AccountSection({ account, tree, alone }: { account: Account; tree: Branch[]; alone: boolean }) {
  const { t } = useTranslation();
  const [folded, toggle] = useFolded(account.id, false);
  const shut = folded && !alone;
  const Chevron = shut ? ChevronRight : ChevronDown;
  return (
    <section className={css.account}>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the button inside does the same */}
      <div className={css.accountHead} onContextMenu={openMenu}>
        <h2 className={css.accountName}>
          <button type="button" className={css.accountButton} onClick={toggle} aria-expanded={!shut} disabled={alone}>
            <span className={css.dot} style={{ background: `var(--hue-${account.color % 8}-fg)` }} aria-hidden />
            <span className={css.grow} title={account.address}>{account.display_name || account.address}</span>
            {account.simulated && <Simulated />}
            {account.status === 'needs_reconnect' && <TriangleAlert className={css.warn} size={16} aria-label={t(isByConsent(account) ? 'accounts.needsSignIn' : 'accounts.status.needs_reconnect')} />}
            {!alone && <Chevron size={16} aria-hidden />}
          </button>
        </h2>
        {account.role !== 'reader' && <MenuFor box={null} account={account} name={account.address} />}
      </div>
      {account.import && !shut && <ImportLine account={account} />}
      {!shut && <Branches branches={tree} depth={0} account={account} />}
    </section>
  );
}

function ImportLine({ account }: { account: Account }) {
  const { t } = useTranslation();
  const progress = account.import!;
  const text = progress.total
    ? t('list.importing', { done: progress.done, total: progress.total })
    : t('list.importingNoTotal', { done: progress.done });
  return (
    <div className={css.import}>
      <Progress label={text} done={progress.done} total={progress.total} />
      <span>{text}</span>
    </div>
  );
}

function Branches({ branches, depth, account }: { branches: Branch[]; depth: number; account: Account }) {
  return (
    <ul>
      {branches.map(({ box, children }) => <MailboxItem key={box.id} id={box.id} branches={children} depth={depth} account={account} />)}
    </ul>
  );
}

function MailboxItem({ id, branches, depth, account }: { id: Id; branches: Branch[]; depth: number; account: Account }) {
  const { t } = useTranslation();
  const box = useMailbox(id);
  const [path] = useLocation();
  const [folded, toggle] = useFolded(id, true);
  if (!box) return null;
  const name = mailboxName(t, box);
  const Icon = iconOf(box);
  const Chevron = folded ? ChevronRight : ChevronDown;
  const here = path.startsWith(`/mail/${id}`);
  const inside: ReactNode = (
    <>
      <Icon size={16} aria-hidden />
      <span className={css.grow}>{name}</span>
      <Counter box={box} />
    </>
  );
  return (
    <li>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the button inside does the same */}
      <div className={css.item} onContextMenu={openMenu} style={{ paddingInlineStart: `calc(var(--s2) + ${depth} * var(--s4))` }} data-here={here || undefined}>
        {branches.length > 0 ? (
          <button
            type="button"
            className={css.chevron}
            aria-expanded={!folded}
            aria-label={folded ? t('nav.openFolder', { name }) : t('nav.closeFolder', { name })}
            onClick={toggle}
          >
            <Chevron size={16} aria-hidden />
          </button>
        ) : null}
        {box.selectable ? (
          <Link href={`/mail/${id}`} className={css.link ?? ''} aria-current={here ? 'page' : undefined} data-unread={box.unread > 0 || undefined}>
            {inside}
          </Link>
        ) : (
          <span className={css.link}>{inside}</span>
        )}
        {account.role !== 'reader' && <MenuFor box={box} account={account} name={name} />}
      </div>
      {branches.length > 0 && !folded && <Branches branches={branches} depth={depth + 1} account={account} />}
    </li>
  );
}

/** Drafts count what waits; every other mailbox counts what is unread. */
function Counter({ box }: { box: Mailbox }) {
  const { t } = useTranslation();
  const count = box.role === 'drafts' ? box.total : box.role === 'trash' || box.role === 'sent' ? 0 : box.unread_threads;
  if (count === 0) return null;
  const label = box.role === 'drafts' ? t('list.messages', { count }) : t('nav.unread', { count });
  return (
    <span className={css.count} data-num title={number(count)}>
      <span aria-hidden>{shortNumber(count)}</span>
      <span className="vh">{label}</span>
    </span>
  );
}

function SlimMailboxes() {
  const { t } = useTranslation();
  const accounts = useAccounts();
  const boxes = useMailboxes();
  const [path] = useLocation();
  const everywhere = accounts.length > 1 && (
    <Link href="/inboxes" className={css.slimLink ?? ''} aria-current={path.startsWith('/inboxes') ? 'page' : undefined} aria-label={t('box.all')} data-tip={t('box.all')}>
      <Inbox size={20} aria-hidden />
    </Link>
  );
  const each = accounts.map((account) => (
    <ul key={account.id} className={css.slimAccount} aria-label={addressShown(account)}>
      {mailboxTree(boxes, account.id).filter(({ box }) => box.role && box.selectable).map(({ box }) => {
        const Icon = iconOf(box);
        const name = mailboxName(t, box);
        const here = path.startsWith(`/mail/${box.id}`);
        return (
          <li key={box.id}>
            <Link
              href={`/mail/${box.id}`}
              className={css.slimLink ?? ''}
              aria-current={here ? 'page' : undefined}
              aria-label={box.unread_threads ? `${name}, ${t('nav.unread', { count: box.unread_threads })}` : name}
              data-tip={accounts.length > 1 ? `${name}, ${addressShown(account)}` : name}
            >
              <Icon size={20} aria-hidden />
              {box.unread_threads > 0 && box.role === 'inbox' && <span className={css.slimDot} aria-hidden />}
            </Link>
          </li>
        );
      })}
    </ul>
  ));
  return <>{everywhere && <div className={css.slimAccount}>{everywhere}</div>}{each}</>;
}

const PLACES = [
  { href: '/calendar', icon: CalendarDays, label: 'nav.calendar' },
  { href: '/contacts', icon: BookUser, label: 'nav.contacts' },
  { href: '/review', icon: CheckCheck, label: 'nav.approvals' },
  { href: '/follow-ups', icon: ListChecks, label: 'nav.followUps' },
  { href: '/reports', icon: ChartNoAxesColumn, label: 'nav.reports' },
] as const;
const ONESELF = [
  { href: '/accounts', icon: CircleUser, label: 'nav.accounts' },
  { href: '/settings', icon: Settings, label: 'nav.settings' },
] as const;

function NavFoot({ me, slim }: { me: Me; slim: boolean }) {
  const name = me.name || me.email;
  const places = PLACES.map((place) => <FootLink key={place.href} {...place} icons={slim} />);
  const oneself = ONESELF.map((place) => <FootLink key={place.href} {...place} icons />);
  if (slim) return <div className={css.foot}><AskButton slim />{places}{oneself}</div>;
  return (
    <div className={css.foot}>
      <div className={css.places}>{places}<AskButton slim={false} /></div>
      <div className={css.person}>
        <span className={css.personText}>
          <span className={css.personName}>{name}</span>
          <span className={css.personTenant}>{me.tenant.name}</span>
        </span>
        {oneself}
      </div>
    </div>
  );
}

function FootLink({ href, icon: Icon, label, icons }: (typeof PLACES | typeof ONESELF)[number] & { icons: boolean }) {
  const { t } = useTranslation();
  const [path] = useLocation();
  return (
    <Link
      href={href}
      className={(icons ? css.slimLink : css.footLink) ?? ''}
      aria-current={path.startsWith(href) ? 'page' : undefined}
      aria-label={t(label)}
      data-tip={icons ? t(label) : undefined}
    >
      <Icon size={icons ? 20 : 16} aria-hidden />
      {!icons && <span>{t(label)}</span>}
    </Link>
  );
}

/** Opens the assistant beside the page, or closes it. */
function AskButton({ slim }: { slim: boolean }) {
  const { t } = useTranslation();
  const open = usePreference(() => remembered('assistant') === 'open');
  return (
    <button
      type="button"
      className={(slim ? css.slimLink : css.footLink) ?? ''}
      aria-label={t('nav.assistant')}
      data-tip={t('command.app.assistant')}
      data-tip-keys={tipKeys('app.assistant')}
      data-on={open || undefined}
      onClick={() => run('app.assistant')}
    >
      <Sparkles size={slim ? 20 : 16} aria-hidden />
      {!slim && <span>{t('nav.assistant')}</span>}
    </button>
  );
}
