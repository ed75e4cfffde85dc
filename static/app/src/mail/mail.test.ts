import { describe, expect, it } from 'vitest';
import type { Mailbox } from '../api/types';
import { mailbox } from '../testing/rows';
import { initials } from '../ui/Feedback';
import { fileName } from './download';
import { hostOf, isMisleading, shownHost } from './links';
import { linkParts, quoteBlocks } from './text';
import { mailboxTree, type Branch } from './tree';

describe('links', () => {
  it.each([
    ['https://evil.example/x', 'www.bank.example', true],
    ['https://evil.example/x', 'https://bank.example/login', true],
    ['https://bank.example.evil.example', 'bank.example', true],
    ['https://bank.example/x', 'bank.example', false],
    ['https://www.bank.example/x', 'bank.example', false],
    ['https://pay.bank.example/x', 'bank.example', false],
    ['https://evil.example/x', 'Click here', false],
    ['https://evil.example/x', 'see bank.example for more', false],
    ['https://evil.example/x', 'readme.txt is here', false],
  ])('%s shown as “%s” is misleading: %s', (href, text, wanted) => expect(isMisleading(href, text)).toBe(wanted));

  it('name the real host, in ASCII when the script is mixed', () => {
    expect(hostOf('https://bаnk.example')).toBe('xn--bnk-6cd.example'); // Cyrillic а
    expect(shownHost('bаnk.example')).toBe('xn--bnk-6cd.example');
    expect(hostOf('not a url')).toBeNull();
  });
});

describe('plain text', () => {
  it('splits by quote depth', () => {
    expect(quoteBlocks('a\n> b\n> c\n>> d\ne')).toEqual([
      { depth: 0, text: 'a' },
      { depth: 1, text: 'b\nc' },
      { depth: 2, text: 'd' },
      { depth: 0, text: 'e' },
    ]);
  });

  it('finds addresses and leaves the punctuation', () => {
    expect(linkParts('See https://x.example/a_(b). Or www.y.example, or ada@z.example!')).toEqual([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://x.example/a_(b)', href: 'https://x.example/a_(b)' },
      { kind: 'text', text: '. Or ' },
      { kind: 'link', text: 'www.y.example', href: 'https://www.y.example' },
      { kind: 'text', text: ', or ' },
      { kind: 'link', text: 'ada@z.example', href: 'mailto:ada@z.example' },
      { kind: 'text', text: '!' },
    ]);
    expect(linkParts('(https://x.example/a)')[1]).toMatchObject({ text: 'https://x.example/a' });
    expect(linkParts('javascript:alert(1)')).toEqual([{ kind: 'text', text: 'javascript:alert(1)' }]);
  });
});

describe('the mailbox tree', () => {
  const box = (id: string, change: Partial<Mailbox> = {}): Mailbox => mailbox({ id, name: id, role: null, ...change });
  const shape = (branches: Branch[]): unknown => branches.map(({ box: { id }, children }) => (children.length ? [id, shape(children)] : id));

  it('shows roles first, then names, children under parents', () => {
    const boxes = [box('b'), box('a10'), box('a9'), box('child', { parent_id: 'b' }), box('sent', { role: 'sent' }), box('inbox', { role: 'inbox' })];
    expect(shape(mailboxTree(boxes, 'account'))).toEqual(['inbox', 'sent', 'a9', 'a10', ['b', ['child']]]);
  });

  it('lifts roles out of a container and drops the container when nothing is left in it', () => {
    const boxes = [box('[Gmail]', { selectable: false }), box('trash', { role: 'trash', parent_id: '[Gmail]' })];
    expect(shape(mailboxTree(boxes, 'account'))).toEqual(['trash']);
  });

  it('shows a child whose parent is not there', () => {
    expect(shape(mailboxTree([box('orphan', { parent_id: 'hidden' })], 'account'))).toEqual(['orphan']);
  });

  it('belongs to one account', () => {
    expect(shape(mailboxTree([box('mine'), box('theirs', { account_id: 'other' })], 'account'))).toEqual(['mine']);
  });
});

describe('names', () => {
  it.each([['Ada Lovelace', '', 'AL'], ['nicolò', '', 'N'], ['', 'x@y.example', 'X'], ['(ACME) Sales Team', '', 'AT'], ['', '', '?']])('of “%s” %s begin with %s', (name, address, wanted) =>
    expect(initials(name, address)).toBe(wanted),
  );

  it('of files keep out what a system refuses', () => {
    expect(fileName('a/b\\c:d?.txt')).toBe('a b c d .txt');
    expect(fileName('..hidden')).toBe('hidden');
    expect(fileName('invoice\u202Efdp.exe')).toBe('invoice fdp.exe');
    expect(fileName('x'.repeat(300))).toHaveLength(100);
  });
});
