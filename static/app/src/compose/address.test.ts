import { describe, expect, it } from 'vitest';
import { addressFault, formatAddress, parseAddresses } from './address';

const read = (text: string): string[] => parseAddresses(text).map(formatAddress);

describe('what people type and paste', () => {
  it.each([
    ['a@b.it', ['a@b.it']],
    ['Anna Rossi <anna@b.it>', ['Anna Rossi <anna@b.it>']],
    ['"Rossi, Anna" <anna@b.it>, luca@c.it', ['"Rossi, Anna" <anna@b.it>', 'luca@c.it']],
    ["'Anna' <anna@b.it>", ['Anna <anna@b.it>']],
    ['anna@b.it (Anna Rossi)', ['Anna Rossi <anna@b.it>']],
    ['Team: anna@b.it, Luca <luca@c.it>; marta@d.it', ['anna@b.it', 'Luca <luca@c.it>', 'marta@d.it']],
    ['undisclosed-recipients:;', []],
    ['a@b.it;c@d.it\ne@f.it\tg@h.it', ['a@b.it', 'c@d.it', 'e@f.it', 'g@h.it']],
    ['a@b.it c@d.it  e@f.it', ['a@b.it', 'c@d.it', 'e@f.it']],
    ['Anna <a@b.it> Luca <c@d.it>', ['Anna <a@b.it>', 'Luca <c@d.it>']],
    ['Anna Rossi a@b.it', ['Anna Rossi <a@b.it>']],
    ['mailto:a@b.it', ['a@b.it']],
    ['<mailto:a@b.it>', ['a@b.it']],
    ['a@b.it <a@b.it>', ['a@b.it']],
    ['"quoted \\" name" <a@b.it>', ['"quoted \\" name" <a@b.it>']],
    ['Nicolò Bianchi <nicolo@città.it>', ['Nicolò Bianchi <nicolo@città.it>']],
    ['anna', ['anna']],
    ['  ,; \n', []],
  ])('%s', (text, people) => expect(read(text)).toEqual(people));

  it('takes two hundred at once', () => {
    const text = Array.from({ length: 200 }, (_, i) => `Person ${i} <p${i}@example.org>`).join('; ');
    expect(read(text)).toHaveLength(200);
  });

  it('ends on hostile input', () => {
    expect(read('('.repeat(5_000) + '"'.repeat(5_001) + '<'.repeat(5_000)).length).toBeLessThan(20);
  });
});

describe('what cannot be an address', () => {
  it.each([
    ['anna', 'noAt'], ['@b.it', 'noName'], ['anna@', 'noDomain'], ['an na@b.it', 'space'], ['anna@b', 'domain'], ['anna@b..it', 'domain'], ['anna@-b.it', 'domain'],
    ['.anna@b.it', 'dots'], ['an..na@b.it', 'dots'], ['an:na@b.it', 'character'], [`${'a'.repeat(65)}@b.it`, 'tooLong'], ['anna@1.2.3.4', 'domain'],
  ] as const)('%s: %s', (address, fault) => expect(addressFault(address)).toBe(fault));

  it.each(['a@b.it', "o'neil+tag@b.co.uk", '"two words"@b.it', 'user@[192.168.0.1]', 'δοκιμή@παράδειγμα.δοκιμή', 'a@xn--citt-1na.it', 'a_b-c@b.museum'])('%s is fine', (address) => {
    expect(addressFault(address)).toBeNull();
  });
});
