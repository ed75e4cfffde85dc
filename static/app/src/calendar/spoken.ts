// The time of an event in words.

/** “Tuesday 3 March, 09:00–10:00”, as short as the two ends allow. */
export function spoken(start: string, end: string, allDay: boolean, locale: string): string {
  const day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', ...(allDay ? { timeZone: 'UTC' } : {}) });
  if (allDay) {
    const last = new Date(Date.parse(end) - 86_400_000);
    return day.formatRange(new Date(start), last < new Date(start) ? new Date(start) : last);
  }
  const both = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit' });
  return both.formatRange(new Date(start), new Date(end));
}
