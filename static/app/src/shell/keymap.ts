// Which keys run which command. Keys are what tinykeys matches: the typed character, with modifiers exactly.
// The Italian layout types / ? ; : with Shift, so each of those is listed bare and with Shift.

export const KEYMAP = {
  'list.next': ['j'],
  'list.previous': ['k'],
  'list.open': ['o', 'Enter'],
  'list.back': ['u'],
  'message.next': ['n'],
  'message.previous': ['p'],
  'thread.expand': [';', 'Shift+;'],
  'thread.collapse': [':', 'Shift+:'],
  'search.focus': ['/', 'Shift+/'],
  'go.inbox': ['g i'],
  'go.flagged': ['g s'],
  'go.sent': ['g t'],
  'go.drafts': ['g d'],
  'app.keys': ['?', 'Shift+?'],
  'app.palette': ['$mod+k'],
  'app.close': ['Escape'],
} as const satisfies Record<string, readonly string[]>;

export type CommandId = keyof typeof KEYMAP;

export const KEY_GROUPS: { title: 'groupList' | 'groupReader' | 'groupGo' | 'groupApp'; commands: CommandId[] }[] = [
  { title: 'groupList', commands: ['list.next', 'list.previous', 'list.open', 'list.back'] },
  { title: 'groupReader', commands: ['message.next', 'message.previous', 'thread.expand', 'thread.collapse'] },
  { title: 'groupGo', commands: ['go.inbox', 'go.flagged', 'go.sent', 'go.drafts'] },
  { title: 'groupApp', commands: ['search.focus', 'app.palette', 'app.keys', 'app.close'] },
];

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** The presses of a command's first binding, as a person reads them: [["g"], ["i"]] or [["Ctrl", "K"]]. */
export function shownKeys(id: CommandId): string[][] {
  return KEYMAP[id][0].split(' ').map((press) => press.split('+').map((key) => {
    if (key === '$mod') return MAC ? '⌘' : 'Ctrl';
    if (key === 'Escape') return 'Esc';
    return press.includes('$mod') ? key.toUpperCase() : key;
  }));
}

export const tipKeys = (id: CommandId): string => shownKeys(id).map((press) => press.join('+')).join(' ');

/** Works while typing too: it carries a modifier, so it cannot be part of a text. */
export function worksInFields(id: CommandId): boolean {
  return KEYMAP[id].some((keys) => keys.includes('$mod'));
}
