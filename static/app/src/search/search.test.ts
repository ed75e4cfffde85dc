import { describe, expect, it } from 'vitest';
import { fromFirstMark, snippetParts } from './marks';
import { forgetPerson } from '../auth/remembered';
import { completed, hasWord, operatorValue, queryWords, toggleWord, withOperator } from './query';
import { keepSearch, recentSearches } from './recent';

describe('a marked snippet', () => {
  it('becomes text and marks', () => {
    expect(snippetParts('the <mark>quick</mark> brown <mark>fox</mark>')).toEqual([
      { text: 'the ', marked: false },
      { text: 'quick', marked: true },
      { text: ' brown ', marked: false },
      { text: 'fox', marked: true },
    ]);
  });

  it('gives escaped characters back as text', () => {
    expect(snippetParts('a &lt;b&gt; &amp; &quot;c&quot; &#x27;d&#x27; &#39;e&#39; &amp;lt;')).toEqual([{ text: 'a <b> & "c" \'d\' \'e\' &lt;', marked: false }]);
  });

  it('shows any other tag as the text it is', () => {
    expect(snippetParts('<b>x</b><mark onclick=y>z</mark>')).toEqual([{ text: '<b>x</b><mark onclick=y>z', marked: false }]);
  });

  it('survives marks that do not close, and numbers that are no characters', () => {
    expect(snippetParts('<mark>a')).toEqual([{ text: 'a', marked: true }]);
    expect(snippetParts('&#0; &#x110000; &bogus;')).toEqual([{ text: '&#0; &#x110000; &bogus;', marked: false }]);
    expect(snippetParts('')).toEqual([]);
  });
});

describe('a row', () => {
  it('begins shortly before the first mark', () => {
    expect(fromFirstMark(snippetParts('a long beginning that nobody needs to read before <mark>it</mark> ends'))).toEqual([
      { text: '… needs to read before ', marked: false },
      { text: 'it', marked: true },
      { text: ' ends', marked: false },
    ]);
  });

  it.each(['short <mark>x</mark>', '<mark>x</mark> y', 'no mark at all in this long text that stays', ''])('leaves “%s” as it is', (html) => {
    expect(fromFirstMark(snippetParts(html))).toEqual(snippetParts(html));
  });
});

describe('recent searches', () => {
  it('go with the person who made them', () => {
    keepSearch('salary');
    expect(recentSearches()).toEqual(['salary']);
    forgetPerson();
    expect(recentSearches()).toEqual([]);
  });
});

describe('a query', () => {
  it('has words, and a quoted phrase is one', () => {
    expect(queryWords('from:ada "two words" subject:"a b" -not')).toEqual(['from:ada', '"two words"', 'subject:"a b"', '-not']);
  });

  it('gains and loses an operator without touching the rest', () => {
    expect(toggleWord('preventivo "a b"', 'is:unread')).toBe('preventivo "a b" is:unread');
    expect(toggleWord('preventivo IS:unread "a b"', 'is:unread')).toBe('preventivo "a b"');
    expect(hasWord('x Is:Unread', 'is:unread')).toBe(true);
    expect(hasWord('"is:unread"', 'is:unread')).toBe(false);
  });

  it('has one value of an operator', () => {
    expect(operatorValue('x after:2026-01-01', 'after:')).toBe('2026-01-01');
    expect(operatorValue('x', 'after:')).toBeNull();
    expect(withOperator('x after:2026-01-01 y', 'after:', '2026-02-02')).toBe('x y after:2026-02-02');
    expect(withOperator('x after:2026-01-01 y', 'after:', null)).toBe('x y');
  });

  it('takes a suggestion in place of the word being typed', () => {
    expect(completed('preventivo fr', 'from:')).toBe('preventivo from:');
    expect(completed('preventivo from:gi', 'from:giulia@x.example')).toBe('preventivo from:giulia@x.example ');
    expect(completed('preventivo ', 'is:unread')).toBe('preventivo is:unread ');
    expect(completed('', 'to:')).toBe('to:');
  });
});
