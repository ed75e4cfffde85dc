// Which keys run which command. Keys are what tinykeys matches: the typed character, with modifiers exactly.
// The Italian layout types / ? ; : * with Shift, so each of those is listed bare and with Shift; it types # [ ] with
// AltGr, which counts as Control and Alt on Windows and as Alt on a Mac.

export const KEYMAP = {
  'list.next': ['j'],
  'list.previous': ['k'],
  'list.open': ['o', 'Enter'],
  'list.back': ['u'],
  'message.next': ['n'],
  'message.previous': ['p'],
  'thread.expand': [';', 'Shift+;'],
  'thread.collapse': [':', 'Shift+:'],
  'thread.print': ['$mod+p'],
  'mail.archive': ['e'],
  'mail.trash': ['#', 'Shift+#', 'Delete', 'Alt+#', 'Control+Alt+#'],
  'mail.junk': ['!', 'Shift+!'],
  'mail.inbox': [],
  'mail.archivePrevious': ['[', 'Alt+[', 'Control+Alt+['],
  'mail.archiveNext': [']', 'Alt+]', 'Control+Alt+]'],
  'mail.read': ['Shift+i'],
  'mail.unread': ['Shift+u'],
  'mail.star': ['s'],
  'mail.move': ['v'],
  'mail.label': ['l'],
  'mail.snooze': ['b'],
  'app.undo': ['z'],
  'select.toggle': ['x'],
  'select.all': ['* a', 'Shift+* a'],
  'select.none': ['* n', 'Shift+* n'],
  'select.read': ['* r', 'Shift+* r'],
  'select.unread': ['* u', 'Shift+* u'],
  'compose.new': ['c'],
  'compose.reply': ['r'],
  'compose.replyAll': ['a'],
  'compose.forward': ['f'],
  'search.focus': ['/', 'Shift+/'],
  'go.inbox': ['g i'],
  'go.flagged': ['g s'],
  'go.sent': ['g t'],
  'go.drafts': ['g d'],
  'go.calendar': ['g a'],
  'go.contacts': ['g c'],
  'go.approvals': ['g p'],
  'go.reports': ['g r'],
  'go.followUps': ['g f'],
  'calendar.today': ['t'],
  'calendar.day': ['d'],
  'calendar.week': ['w'],
  'calendar.month': ['m'],
  'calendar.agenda': ['a'],
  'app.assistant': ['q'],
  'app.keys': ['?', 'Shift+?'],
  'app.palette': ['$mod+k'],
  'app.close': ['Escape'],
} as const satisfies Record<string, readonly string[]>;

export type CommandId = keyof typeof KEYMAP;

export const KEY_GROUPS: { title: 'groupList' | 'groupReader' | 'groupDo' | 'groupSelect' | 'groupWrite' | 'groupGo' | 'groupCalendar' | 'groupApp'; commands: CommandId[] }[] = [
  { title: 'groupList', commands: ['list.next', 'list.previous', 'list.open', 'list.back'] },
  { title: 'groupReader', commands: ['message.next', 'message.previous', 'thread.expand', 'thread.collapse', 'thread.print'] },
  {
    title: 'groupDo',
    commands: [
      'mail.archive', 'mail.trash', 'mail.junk', 'mail.star', 'mail.read', 'mail.unread', 'mail.move', 'mail.label', 'mail.snooze', 'mail.archiveNext',
      'mail.archivePrevious', 'app.undo',
    ],
  },
  { title: 'groupSelect', commands: ['select.toggle', 'select.all', 'select.none', 'select.read', 'select.unread'] },
  { title: 'groupWrite', commands: ['compose.new', 'compose.reply', 'compose.replyAll', 'compose.forward'] },
  { title: 'groupGo', commands: ['go.inbox', 'go.flagged', 'go.sent', 'go.drafts', 'go.calendar', 'go.contacts', 'go.approvals', 'go.reports', 'go.followUps'] },
  { title: 'groupCalendar', commands: ['calendar.today', 'calendar.day', 'calendar.week', 'calendar.month', 'calendar.agenda'] },
  { title: 'groupApp', commands: ['search.focus', 'app.assistant', 'app.palette', 'app.keys', 'app.close'] },
];

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** The presses of a command's first binding, as a person reads them: [["g"], ["i"]] or [["Ctrl", "K"]]. */
export function shownKeys(id: CommandId): string[][] {
  const first: string | undefined = KEYMAP[id][0];
  return (first?.split(' ') ?? []).map((press) => press.split('+').map((key) => {
    if (key === '$mod') return MAC ? '⌘' : 'Ctrl';
    if (key === 'Escape') return 'Esc';
    return press.includes('+') && press.length > 1 ? key.toUpperCase().replace('SHIFT', 'Shift') : key;
  }));
}

export const tipKeys = (id: CommandId): string => shownKeys(id).map((press) => press.join('+')).join(' ');

/** Works while typing too: it carries a modifier, so it cannot be part of a text. */
export function worksInFields(id: CommandId): boolean {
  return (KEYMAP[id] as readonly string[]).some((keys) => keys.includes('$mod'));
}
