// A day as a letter names it.
import { language } from '../i18n';
import { zoneName } from '../i18n/format';

export const messageDay = (at = Date.now()): string => new Intl.DateTimeFormat(language(), { day: 'numeric', month: 'long', year: 'numeric', timeZone: zoneName() }).format(at);
