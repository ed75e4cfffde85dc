import { expect, it } from 'vitest';
import { clock, dayIn, daysBetween, morning, toMonday } from './dates';

it('names a moment in the zone of the report, whatever the browser is set to', () => {
  expect(clock('2026-03-29T06:00:00Z', 'Europe/Rome')).toBe('08:00');
  expect(clock('2026-03-28T07:00:00Z', 'Europe/Rome')).toBe('08:00');
  expect(dayIn(Date.parse('2026-03-28T23:30:00Z'), 'Europe/Rome')).toBe('2026-03-29');
});

it('counts calendar days over a change of clocks', () => {
  expect(daysBetween('2026-03-28', '2026-03-30')).toBe(2);
  expect(daysBetween('2026-10-24', '2026-10-26')).toBe(2);
});

it('puts off to a morning, and to the Monday that comes', () => {
  expect(morning(1, new Date(2026, 2, 28, 23)).getHours()).toBe(8);
  expect(morning(1, new Date(2026, 2, 31, 23)).getDate()).toBe(1);
  expect([new Date(2026, 2, 1), new Date(2026, 2, 2), new Date(2026, 2, 7)].map(toMonday)).toEqual([1, 7, 2]);
});
