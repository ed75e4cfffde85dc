import { describe, expect, it } from 'vitest';
import { fieldsOf, local, sensible, startingAt, whenOf } from './times';

describe('times of events', () => {
  it('keep an event in its own zone over both changes of the clock', () => {
    for (const [start, end, date] of [['2026-03-30T07:00:00Z', '2026-03-30T08:00:00Z', '2026-03-30'], ['2026-10-26T08:00:00Z', '2026-10-26T09:00:00Z', '2026-10-26']] as const) {
      const fields = fieldsOf({ start, end, all_day: false, zone: 'Europe/Rome' });
      expect(fields).toEqual({ allDay: false, startDate: date, startTime: '09:00', endDate: date, endTime: '10:00', zone: 'Europe/Rome' });
      expect(whenOf(fields).start).toEqual({ at: `${date}T09:00:00`, zone: 'Europe/Rome' });
    }
  });

  it('have the last day of whole days in the form, and the day after it at the server', () => {
    const fields = fieldsOf({ start: '2026-03-02', end: '2026-03-05', all_day: true, zone: '' });
    expect([fields.startDate, fields.endDate]).toEqual(['2026-03-02', '2026-03-04']);
    expect(whenOf(fields)).toEqual({ start: { date: '2026-03-02' }, end: { date: '2026-03-05' } });
  });

  it('move the end with the start', () => {
    const fields = fieldsOf({ start: '2026-03-02T22:00:00Z', end: '2026-03-02T23:30:00Z', all_day: false, zone: 'UTC' });
    expect(startingAt(fields, { startTime: '23:15' })).toMatchObject({ endDate: '2026-03-03', endTime: '00:45' });
    expect(startingAt(fields, { startDate: '2026-03-10' })).toMatchObject({ endDate: '2026-03-10', endTime: '23:30' });
    expect(startingAt(fields, { startDate: '' })).toMatchObject({ startDate: '', endDate: '2026-03-02' });
  });

  it('are not sensible when they end before they begin', () => {
    const fields = fieldsOf({ start: '2026-03-02T22:00:00Z', end: '2026-03-02T23:00:00Z', all_day: false, zone: 'UTC' });
    expect([sensible(fields), sensible({ ...fields, endTime: '21:00' }), sensible({ ...fields, endDate: '' })]).toEqual([true, false, false]);
  });

  it('of a zone that no browser knows are those of the person', () => {
    expect(local('2026-03-02T22:00:00Z', 'Customized Time Zone').toString()).toBe(local('2026-03-02T22:00:00Z', Intl.DateTimeFormat().resolvedOptions().timeZone).toString());
  });
});
