import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { quick } from './quick';

/** A Sunday. */
const TODAY = Temporal.PlainDate.from('2026-11-29');

describe('an event out of one line', () => {
  it.each([
    ['Lunch with Ben tomorrow 1pm', 'Lunch with Ben', '2026-11-30', '13:00', null],
    ['Pranzo con Zoë gio 13', 'Pranzo con Zoë', '2026-12-03', '13:00', null],
    ['Dentista giovedì alle 9', 'Dentista', '2026-12-03', '09:00', null],
    ['Call at 9.30 for 45 min', 'Call', null, '09:30', 45],
    ['Riunione dopodomani 14:15 per 2 ore', 'Riunione', '2026-12-01', '14:15', 120],
    ['Offsite 3 March', 'Offsite', '2027-03-03', null, null],
    ['Festa il 24 dicembre 2026 ore 20', 'Festa', '2026-12-24', '20:00', null],
    ['Demo 1/12 at 10', 'Demo', '2026-12-01', '10:00', null],
    ['Lunch Sunday noon', 'Lunch', '2026-12-06', '12:00', null],
    ['Standup', 'Standup', null, null, null],
    ['Review 4 Martians', 'Review 4 Martians', null, null, null],
    ['Marta e Domenico', 'Marta e Domenico', null, null, null],
    ['Monet exhibition', 'Monet exhibition', null, null, null],
    ['31/2 nothing', '31/2 nothing', null, null, null],
    ['tomorrow', 'tomorrow', null, null, null],
  ])('%s', (line, title, date, time, minutes) => {
    expect(quick(line, TODAY)).toEqual({ title, date, time, minutes });
  });
});
