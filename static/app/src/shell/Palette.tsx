// Every command in one place, by typing: mailboxes, search, appearance, and what the keys do.
import { ChartNoAxesColumn, CheckCheck, CircleUser, Contrast, Globe, Keyboard, ListChecks, LogOut, Plus, Rows3, Search, Settings, Sparkles, Zap, type LucideIcon } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Collection, Header, MenuItem, MenuSection } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { Locale } from '../api/types';
import { language } from '../i18n';
import { iconOf } from '../mail/icons';
import { mailboxName } from '../mail/names';
import { useAccounts, useMailboxes } from '../store/hooks';
import Dialog from '../ui/Dialog';
import { TypedMenu } from '../ui/TypedMenu';
import css from '../ui/typedMenu.module.css';
import { offeredCommands, run } from './commands';
import { KEYMAP, type CommandId } from './keymap';
import { Keys } from './KeySheet';
import { changeLanguage, leave } from './personal';
import { density, setDensity, setTheme, theme, type Density, type Theme } from './preferences';

interface Item {
  id: string;
  text: string;
  hint?: string;
  icon: LucideIcon;
  command?: CommandId;
  run: () => void;
}
interface Group { id: string; title: string; items: Item[] }

const THEMES: Theme[] = ['system', 'light', 'dark'];
const DENSITIES: Density[] = ['comfortable', 'compact'];
const LOCALES: Locale[] = ['it', 'en'];
/** Offered here by other items, or of no use from here. */
const ELSEWHERE: ReadonlySet<CommandId> = new Set(['app.assistant', 'app.palette', 'app.keys', 'app.close', 'search.focus', 'go.inbox', 'go.sent', 'go.drafts', 'go.flagged', 'go.calendar', 'go.contacts', 'go.approvals', 'go.reports', 'go.followUps']);

interface PaletteProps {
  onClose: () => void;
  onKeys: () => void;
}

export default function Palette({ onClose, onKeys }: PaletteProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const groups = useGroups(text, onKeys);
  const found = useMemo(() => narrowed(groups, text), [groups, text]);
  const byId = new Map(found.flatMap((group) => group.items).map((item) => [item.id, item]));
  return (
    <Dialog title={t('palette.label')} plain width="palette" onClose={onClose}>
      <div className={css.palette}>
        <TypedMenu
          label={t('palette.label')}
          find={t('palette.placeholder')}
          none={t('palette.empty')}
          typed={text}
          onType={setText}
          items={found}
          first={found[0]?.items[0]?.id}
          onClose={onClose}
          onChoose={(id) => {
            onClose();
            byId.get(id)?.run();
          }}
        >
          {(group) => (
            <MenuSection id={group.id}>
              <Header className={css.group ?? ''}>{group.title}</Header>
              <Collection items={group.items}>{(item: Item) => <PaletteItem item={item} />}</Collection>
            </MenuSection>
          )}
        </TypedMenu>
      </div>
    </Dialog>
  );
}

function PaletteItem({ item }: { item: Item }) {
  const Icon = item.icon;
  return (
    <MenuItem id={item.id} textValue={item.text} className={css.item ?? ''}>
      <Icon size={16} aria-hidden />
      <span className={css.itemText}>{item.text}</span>
      {item.hint && <span className={css.itemHint}>{item.hint}</span>}
      {item.command && <span className={css.itemKeys}><Keys id={item.command} /></span>}
    </MenuItem>
  );
}

const ROLE_COMMANDS: Partial<Record<string, CommandId>> = { inbox: 'go.inbox', sent: 'go.sent', drafts: 'go.drafts', flagged: 'go.flagged' };

function useGroups(text: string, onKeys: () => void): Group[] {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const accounts = useAccounts();
  const boxes = useMailboxes();
  const several = accounts.length > 1;
  const addressOf = (id: string): string => accounts.find((account) => account.id === id)?.address ?? '';
  const firstOf = new Set<string>();
  const go: Item[] = boxes.filter((box) => box.selectable).map((box) => {
    const command = box.role ? ROLE_COMMANDS[box.role] : undefined;
    const keyed = command !== undefined && !firstOf.has(command);
    if (keyed) firstOf.add(command);
    return {
      id: `box:${box.id}`,
      text: box.role ? mailboxName(t, box) : box.path.join(' / '),
      ...(several ? { hint: addressOf(box.account_id) } : {}),
      icon: iconOf(box),
      ...(keyed ? { command } : {}),
      run: () => navigate(`/mail/${box.id}`),
    };
  });
  const wanted = text.trim();
  const search: Item[] = wanted
    ? [{ id: 'search', text: t('palette.searchFor', { q: wanted }), icon: Search, run: () => navigate(`/search?q=${encodeURIComponent(wanted)}`) }]
    : [{ id: 'search', text: t('nav.search'), icon: Search, command: 'search.focus', run: () => navigate('/search') }];
  const act: Item[] = [
    ...(wanted ? [] : search),
    { id: 'assistant', text: t('command.app.assistant'), icon: Sparkles, command: 'app.assistant', run: () => void run('app.assistant') },
    { id: 'approvals', text: t('nav.approvals'), icon: CheckCheck, command: 'go.approvals', run: () => navigate('/review') },
    { id: 'reports', text: t('nav.reports'), icon: ChartNoAxesColumn, command: 'go.reports', run: () => navigate('/reports') },
    { id: 'followUps', text: t('nav.followUps'), icon: ListChecks, command: 'go.followUps', run: () => navigate('/follow-ups') },
    { id: 'accounts', text: t('nav.accounts'), icon: CircleUser, run: () => navigate('/accounts') },
    { id: 'add', text: t('nav.addAccount'), icon: Plus, run: () => navigate('/accounts/new') },
    { id: 'settings', text: t('nav.settings'), icon: Settings, run: () => navigate('/settings') },
    { id: 'keys', text: t('keys.title'), icon: Keyboard, command: 'app.keys', run: onKeys },
    { id: 'logout', text: t('settings.logOut'), icon: LogOut, run: () => void leave(t('settings.logOutFailed')) },
    ...(wanted ? search : []),
  ];
  const look: Item[] = [
    ...THEMES.filter((value) => value !== theme()).map((value) => ({
      id: `theme:${value}`, text: t('palette.theme', { value: t(`settings.themes.${value}`) }), icon: Contrast, run: () => setTheme(value),
    })),
    ...DENSITIES.filter((value) => value !== density()).map((value) => ({
      id: `density:${value}`, text: t('palette.density', { value: t(`settings.densities.${value}`) }), icon: Rows3, run: () => setDensity(value),
    })),
    ...LOCALES.filter((value) => value !== language()).map((value) => ({
      id: `locale:${value}`, text: t('palette.language', { value: t(`settings.languages.${value}`) }), icon: Globe, run: () => void changeLanguage(value),
    })),
  ];
  const [offers] = useState(() => offeredCommands().filter((id) => !ELSEWHERE.has(id)));
  const order = Object.keys(KEYMAP);
  const commands: Item[] = offers
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((id) => ({ id: `command:${id}`, text: t(`command.${id}`), icon: Zap, command: id, run: () => void run(id) }));
  const here = { id: 'here', title: t('palette.groupHere'), items: commands };
  const doing = { id: 'do', title: t('palette.groupDo'), items: act };
  const going = { id: 'go', title: t('palette.groupGo'), items: go };
  const looking = { id: 'look', title: t('palette.groupLook'), items: look };
  // Once something is typed, the search for it comes last: Enter takes the best command.
  return wanted ? [here, going, looking, doing] : [here, doing, going, looking];
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Items that have every typed word in their text or hint; accents and case do not matter. */
function narrowed(groups: Group[], text: string): Group[] {
  const words = plain(text).split(/\s+/).filter(Boolean);
  if (words.length === 0) return groups;
  return groups
    .map((group) => ({
      ...group,
      items: group.items.filter(({ id, text: shown, hint }) => id === 'search' || words.every((word) => plain(`${shown} ${hint ?? ''}`).includes(word))),
    }))
    .filter((group) => group.items.length > 0);
}
