// What can be done to the conversations of the list on screen: by key, from the bars, on a row, by swipe. Knows which
// rows an action means, what has to be asked first, and where to go on afterwards.
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { CommandAction, CommandBody, Id, ThreadRow } from '../../api/types';
import { useCommand } from '../../shell/commands';
import { afterArchive } from '../../shell/preferences';
import { useMirror } from '../../store/hooks';
import type { Mirror } from '../../store/mirror';
import { MOVES, wholeOf } from '../../store/effect';
import { toast } from '../../ui/toast';
import { ask } from './ask';
import { give } from './give';
import { labelName, labelsOf } from './labels';
import type { ActionId, ActionOptions, Actions, Order, Place } from './place';
import { selection } from './selection';
import { mailboxName } from '../names';
import { snoozedText } from './snoozeTimes';

interface ListView {
  place: Place;
  order: Order;
  cursor: Id | null;
  setCursor(id: Id | null): void;
  open: Id | undefined;
  /** Show this conversation instead of the open one, or the list when null. */
  show(id: Id | null): void;
}

type Direction = 'next' | 'previous' | 'list';

export function useListActions(view: ListView): Actions {
  const { t } = useTranslation();
  const mirror = useMirror();
  const { place, order, cursor, open } = view;

  function targets(): Id[] {
    const chosen = selection.ids();
    if (chosen.size > 0) return [...chosen];
    const one = open ?? cursor;
    return one ? [one] : [];
  }

  function act(action: ActionId, ids = targets()): void {
    if (ids.length === 0) return toast({ text: t('act.chooseFirst') });
    const rows = ids.flatMap((id) => mirror.view.thread(id) ?? []);
    const count = countOf(ids);
    switch (action) {
      case 'move': {
        const accounts = new Set(rows.map(({ account_id }) => account_id));
        const account = accounts.size === 1 ? rows[0]!.account_id : null;
        return ask({ kind: 'move', account, from: place.mailbox, count, answer: (box) => perform('move', ids, { to: box.id }) });
      }
      case 'label': return askLabel(ids, rows, count);
      case 'snooze': return ask({ kind: 'snooze', count, answer: (until) => perform('snooze', ids, { until }) });
      case 'delete':
        return ask({
          kind: 'sure', danger: true, title: t('act.deleteTitle', { count }), body: t('act.deleteBody'), yes: t('act.name.delete'), answer: () => perform('delete', ids),
        });
      case 'trash': return place.role === 'trash' ? act('delete', ids) : perform('trash', ids);
      case 'archive': return place.role === 'archive' ? undefined : perform('archive', ids);
      case 'junk': return perform(place.role === 'junk' ? 'not_junk' : 'junk', ids);
      case 'star': return perform(rows.every(({ flagged }) => flagged) ? 'unstar' : 'star', ids);
      case 'read': return perform(rows.some(({ unread }) => unread > 0) ? 'read' : 'unread', ids);
      default: return perform(action, ids);
    }
  }

  function askLabel(ids: Id[], rows: ThreadRow[], count: number): void {
    const accounts = new Set(rows.map(({ account_id }) => account_id));
    const boxes = mirror.tables.mailboxes;
    const whole = accounts.size === 1 ? wholeOf(rows[0]!.account_id, boxes) : null;
    if (!whole) {
      return ask({ kind: 'label', held: labelsOf(rows), boxes: null, count, answer: (keyword, on) => perform(on ? 'add_keyword' : 'remove_keyword', ids, { keyword }) });
    }
    const labels = [...boxes.values()].filter((box) => accounts.has(box.account_id) && box.role === null && box.selectable);
    const held = labels.map(({ id }) => id).filter((id) => rows.every(({ mailbox_ids }) => mailbox_ids.includes(id)));
    const move = (id: Id, on: boolean): void => {
      const label = { name: boxes.get(id)?.name ?? '', on };
      perform('move', ids, on ? { to: id, from: whole, label } : { to: whole, from: id, label });
    };
    return ask({ kind: 'label', held, boxes: labels, count, answer: move });
  }

  /** Everything in the mailbox or the search counts as the server counts it. */
  function countOf(ids: Id[]): number {
    return selection.isEverything() && ids.length > 1 ? order.total : ids.length;
  }

  function perform(action: CommandAction, ids: Id[], options: ActionOptions = {}, direction: Direction = afterArchive()): void {
    const reader = readOnly(mirror, ids);
    if (reader) return toast({ text: t('act.readOnly', { address: reader }) });
    const everything = selection.isEverything() && ids.length > 1 && ids.every((id) => selection.has(id));
    const body = bodyOf(action, ids, options, everything ? place : null, place);
    const here = options.from === undefined || options.from === place.mailbox;
    const leavesList = here && MOVES.has(action) && (place.query === null || action === 'trash' || action === 'junk' || action === 'delete');
    const back = action === 'unread' && open !== undefined && ids.includes(open) ? () => view.show(null) : null; // open, it would be read again
    const next = leavesList ? goOn(ids, direction) : back;
    const focus = document.activeElement !== document.body;
    if (ids.some((id) => selection.has(id))) selection.clear();
    give(mirror, body, { said: sentence(t, mirror, action, options, everything) }, everything ? ids : []);
    next?.();
    if (focus) keepFocus();
  }

  /** Where to go when these rows leave the list; null when neither the open one nor the cursor's is among them. */
  function goOn(ids: Id[], direction: Direction): (() => void) | null {
    const here = open ?? cursor;
    if (!here || !ids.includes(here)) return null;
    const leaving = new Set(ids);
    const at = order.indexOf(here);
    const step = direction === 'previous' ? -1 : 1;
    const near = at < 0 ? undefined : (staying(at, step) ?? staying(at, -step));
    return () => {
      view.setCursor(near ?? null);
      if (open) view.show(direction === 'list' ? null : (near ?? null));
    };

    function staying(from: number, by: number): Id | undefined {
      for (let index = from + by; index >= 0 && index < order.total; index += by) {
        const id = order.at(index);
        if (id === undefined) return undefined;
        if (!leaving.has(id)) return id;
      }
      return undefined;
    }
  }

  const actions: Actions = { place, order, cursor, open, targets, act, perform };
  useActionKeys(actions, perform);
  return actions;
}

function bodyOf(action: CommandAction, ids: Id[], options: ActionOptions, everything: Place | null, place: Place): CommandBody {
  const body: CommandBody = { action };
  if (everything?.query) body.search = { q: everything.query };
  else if (everything?.mailbox) {
    body.all_in = everything.mailbox;
    if (everything.filter && everything.filter !== 'snoozed') body.filter = everything.filter;
  } else body.threads = ids;
  if (options.from) body.from_mailbox_id = options.from;
  else if (MOVES.has(action) && place.mailbox && !place.query) body.from_mailbox_id = place.mailbox;
  if (options.to) body.to_mailbox_id = options.to;
  if (options.keyword) body.keyword = options.keyword;
  if (options.until) body.until = options.until;
  return body;
}

/** The address of an account among these that the person may only read. */
function readOnly(mirror: Mirror, ids: Id[]): string | null {
  for (const id of ids) {
    const account = mirror.tables.accounts.get(mirror.view.thread(id)?.account_id ?? '');
    if (account?.role === 'reader') return account.address;
  }
  return null;
}

/** What the toast says; null for what is seen well enough where it happened. */
function sentence(t: TFunction, mirror: Mirror, action: CommandAction, { to, keyword, until, label }: ActionOptions, everything: boolean): ((count: number) => string) | null {
  if (action === 'star' || action === 'unstar') return null;
  const box = to ? mirror.tables.mailboxes.get(to) : undefined;
  const about = { mailbox: box ? mailboxName(t, box) : '', label: label?.name ?? (keyword ? labelName(keyword) : ''), when: until ? snoozedText(until) : '' };
  const done = label ? (label.on ? 'add_keyword' : 'remove_keyword') : action;
  return (count) => (everything ? t('act.started') : t(`act.done.${done}`, { count, ...about }));
}

/** A dialog gives the focus back after it has closed (milliseconds). */
const CLOSED = 150;

/** The focus must not fall out of the page with the row or button that had it. */
function keepFocus(): void {
  const look = (): void => {
    if (document.activeElement && document.activeElement !== document.body) return;
    const row = document.querySelector<HTMLElement>('[data-thread][data-cursor]') ?? document.querySelector<HTMLElement>('[data-thread][tabindex="0"]');
    (row ?? document.querySelector<HTMLElement>('#main'))?.focus({ preventScroll: true });
  };
  requestAnimationFrame(look);
  setTimeout(look, CLOSED);
}

function useActionKeys(actions: Actions, perform: (action: CommandAction, ids: Id[], options?: ActionOptions, direction?: Direction) => void): void {
  const { order, open, cursor, place } = actions;
  const any = order.total > 0 || open !== undefined;
  const now = (action: ActionId) => (): void => actions.act(action);
  useCommand('mail.archive', now('archive'), any && place.role !== 'archive');
  useCommand('mail.trash', now('trash'), any);
  useCommand('mail.junk', now('junk'), any);
  useCommand('mail.inbox', now('inbox'), any && (place.role === 'trash' || place.role === 'archive'));
  useCommand('mail.star', now('star'), any);
  useCommand('mail.move', now('move'), any);
  useCommand('mail.label', now('label'), any);
  useCommand('mail.snooze', now('snooze'), any && place.role !== 'trash' && place.role !== 'junk');
  useCommand('mail.read', () => withTargets('read'), any);
  useCommand('mail.unread', () => withTargets('unread'), any);
  useCommand('mail.archiveNext', () => withTargets('archive', 'next'), any && place.role !== 'archive');
  useCommand('mail.archivePrevious', () => withTargets('archive', 'previous'), any && place.role !== 'archive');
  useCommand('select.toggle', () => {
    const here = cursor ?? open;
    if (here) selection.toggle(here);
  }, (cursor ?? open) !== undefined && (cursor ?? open) !== null);
  useCommand('select.all', () => selection.choose(order.known()), order.total > 0);
  useCommand('select.none', () => selection.clear(), any);
  useCommand('select.read', () => chooseThose((unread) => !unread), order.total > 0);
  useCommand('select.unread', () => chooseThose((unread) => unread), order.total > 0);

  const mirror = useMirror();
  function withTargets(action: CommandAction, direction?: Direction): void {
    const ids = actions.targets();
    if (ids.length > 0) perform(action, ids, {}, direction);
  }
  function chooseThose(fits: (unread: boolean) => boolean): void {
    selection.choose(order.known().filter((id) => fits((mirror.view.thread(id)?.unread ?? 0) > 0)));
  }
}
