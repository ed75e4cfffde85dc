import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forwardKey, keyHandler, offer } from './commands';
import { KEYMAP, type CommandId } from './keymap';
import { remember } from './preferences';

let ran: CommandId[];
let cleanUp: (() => void)[];

beforeEach(() => {
  ran = [];
  cleanUp = (Object.keys(KEYMAP) as CommandId[]).map((id) => offer(id, () => ran.push(id)));
  const handler = keyHandler();
  addEventListener('keydown', handler);
  cleanUp.push(() => removeEventListener('keydown', handler));
});

afterEach(() => {
  press('Escape');
  cleanUp.forEach((undo) => undo());
  document.body.replaceChildren();
  remember('shortcuts', null);
});

interface Press { shift?: boolean; ctrl?: boolean; composing?: boolean; code?: string }

function press(key: string, { shift = false, ctrl = false, composing = false, code = '' }: Press = {}, target: EventTarget = document.body): boolean {
  const event = new KeyboardEvent('keydown', { key, code, shiftKey: shift, ctrlKey: ctrl, isComposing: composing, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

function add(html: string): HTMLElement {
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLElement;
}

describe('keys', () => {
  it.each([['j', 'list.next'], ['k', 'list.previous'], ['o', 'list.open'], ['Enter', 'list.open'], ['u', 'list.back'], ['n', 'message.next'], ['p', 'message.previous'], ['Escape', 'app.close']] as const)(
    '%s runs %s',
    (key, id) => {
      expect(press(key)).toBe(true);
      expect(ran).toEqual([id]);
    },
  );

  it('g then i goes to the inbox', () => {
    press('g');
    press('i');
    expect(ran).toEqual(['go.inbox']);
  });

  it('the Italian layout types / ? ; : with Shift, and each works', () => {
    press('/', { shift: true, code: 'Digit7' });
    press('?', { shift: true, code: 'Minus' });
    press(';', { shift: true, code: 'Comma' });
    press(':', { shift: true, code: 'Period' });
    expect(ran).toEqual(['search.focus', 'app.keys', 'thread.expand', 'thread.collapse']);
  });

  it('so does the US layout', () => {
    press('/', { code: 'Slash' });
    press('?', { shift: true, code: 'Slash' });
    press(';', { code: 'Semicolon' });
    press(':', { shift: true, code: 'Semicolon' });
    expect(ran).toEqual(['search.focus', 'app.keys', 'thread.expand', 'thread.collapse']);
  });

  it.each(['<input>', '<textarea></textarea>', '<select></select>', '<div contenteditable="true"></div>', '<div role="menu"></div>'])('typing in %s runs nothing', (html) => {
    const field = add(html);
    for (const key of ['j', 'e', 'd', 'g', 'i', '/', '?', 'o', 'Enter']) expect(press(key, {}, field)).toBe(false);
    expect(ran).toEqual([]);
  });

  it('what is typed after a command that opens a field runs nothing, until Escape', () => {
    press('k', { ctrl: true });
    for (const key of ['s', 'e', 'Enter', 'Backspace', '#']) expect(press(key)).toBe(true);
    expect(ran).toEqual(['app.palette']);
    press('Escape');
    press('e');
    expect(ran).toEqual(['app.palette', 'app.close', 'mail.archive']);
  });

  it('a command that closes what it had opened leaves the keys alone', () => {
    const main = add('<main id="main" tabindex="-1"></main>');
    cleanUp.push(offer('app.assistant', () => main.focus()));
    press('q');
    press('e');
    expect(ran).toEqual(['mail.archive']);
  });

  it('a command that asks something else first leaves the keys to the answer', () => {
    press('v');
    add('<div role="dialog"><button type="button"></button></div>').querySelector('button')!.focus();
    expect(press('Enter', {}, document.activeElement!)).toBe(false);
  });

  it('composing a character runs nothing', () => {
    press('j', { composing: true });
    expect(ran).toEqual([]);
  });

  it('nothing runs behind an open dialog', () => {
    add('<div role="dialog"></div>');
    press('j');
    expect(ran).toEqual([]);
  });

  it('Enter on a link or a button belongs to it', () => {
    press('Enter', {}, add('<a href="/x">x</a>'));
    press('Enter', {}, add('<button>x</button>'));
    expect(ran).toEqual([]);
    press('j', {}, add('<button>x</button>'));
    expect(ran).toEqual(['list.next']);
  });

  it('Ctrl+K works while typing', () => {
    press('k', { ctrl: true }, add('<input>'));
    expect(ran).toEqual(['app.palette']);
  });

  it('single keys can be turned off; what carries a modifier, and Escape, stay', () => {
    remember('shortcuts', 'off');
    press('j');
    press('/');
    press('k', { ctrl: true });
    press('Escape');
    expect(ran).toEqual(['app.palette', 'app.close']);
  });

  it('a key pressed in a mail frame counts as pressed in the page', () => {
    const event = new KeyboardEvent('keydown', { key: 'j', cancelable: true });
    forwardKey(event);
    expect(ran).toEqual(['list.next']);
    expect(event.defaultPrevented).toBe(true);
  });

  it('a key that ends a sequence does nothing of its own', () => {
    press('g');
    press('s');
    press('*', { shift: true });
    press('a');
    press('s');
    expect(ran).toEqual(['go.flagged', 'select.all', 'mail.star']);
  });

  it('nor does it when what the sequence names is not there', () => {
    cleanUp[(Object.keys(KEYMAP) as CommandId[]).indexOf('go.flagged')]!();
    press('g');
    press('s');
    expect(ran).toEqual([]);
  });

  it.each([['e', false, 'mail.archive'], ['#', true, 'mail.trash'], ['Delete', false, 'mail.trash'], ['!', true, 'mail.junk'], ['I', true, 'mail.read'], ['U', true, 'mail.unread'], ['z', false, 'app.undo'], ['v', false, 'mail.move'], ['c', false, 'compose.new']] as const)(
    '%s acts',
    (key, shift, id) => {
      expect(press(key, { shift })).toBe(true);
      expect(ran).toEqual([id]);
    },
  );

  it('a box to choose a row leaves the keys alone', () => {
    press('e', {}, add('<input type="checkbox">'));
    expect(ran).toEqual(['mail.archive']);
  });

  it('the latest offer of a command wins, and the one before returns', () => {
    const undo = offer('list.next', () => ran.push('list.open'));
    press('j');
    undo();
    press('j');
    expect(ran).toEqual(['list.open', 'list.next']);
  });
});
