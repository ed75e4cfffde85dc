import { describe, expect, it } from 'vitest';
import { renameAttribute } from './renameAttribute';

const park = (html: string): string => renameAttribute(html, 'style', 'data-style');

describe('renaming an attribute', () => {
  it.each([
    ['<p style="color:red">a</p>', '<p data-style="color:red">a</p>'],
    ['<p class=x STYLE=\'a>b\' id=y>', '<p class=x data-style=\'a>b\' id=y>'],
    ['<br/style=x>', '<br/data-style=x>'],
    ['<a title="style=1 <p style=2>" style = "c">', '<a title="style=1 <p style=2>" data-style = "c">'],
    ['<p style>x<p style="b">', '<p data-style>x<p data-style="b">'],
  ])('in %s', (html, wanted) => expect(park(html)).toBe(wanted));

  it('leaves text, end tags and other names alone', () => {
    const html = 'style="x" a < b style="y" </p style="z"> <p data-style="q" stylex="r">';
    expect(park(html)).toBe(html);
  });

  it('is linear in broken markup', () => {
    const started = performance.now();
    park('<a "'.repeat(200_000));
    park('<p style="'.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
