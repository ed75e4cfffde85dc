// Languages: the person's own setting, else what this device last used, else the browser's.
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { CompanyWords } from '../accounts/company-en';
import type { ConsentWords } from '../accounts/en';
import type { AgentWords } from '../agents/en';
import type { Locale } from '../api/types';
import type { ApprovalWords } from '../approvals/en';
import type { CalendarWords } from '../calendar/en';
import type { Words } from '../compose/en';
import type { ContactWords } from '../contacts/en';
import type { ExchangeWords } from '../exchange/en';
import type { ReportWords } from '../reports/en';
import { remember, remembered } from '../shell/preferences';
import { en } from './en';
import { it } from './it';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: {
      translation: typeof en; agents: AgentWords; approvals: ApprovalWords; calendar: CalendarWords; company: CompanyWords; compose: Words; consent: ConsentWords; contacts: ContactWords;
      exchange: ExchangeWords; reports: ReportWords;
    };
    returnNull: false;
  }
}

function initial(): Locale {
  const kept = remembered('locale');
  if (kept === 'it' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('it') ? 'it' : 'en';
}

export async function startLanguages(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: initial(),
    fallbackLng: 'en',
    resources: { en: { translation: en }, it: { translation: it } },
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  });
  document.documentElement.lang = i18next.language;
}

export function language(): Locale {
  return i18next.language === 'it' ? 'it' : 'en';
}

/** The language with the country that the browser is of, for dates and numbers: days stand before months in Britain. */
export function region(): string {
  return navigator.language.toLowerCase().startsWith(`${language()}-`) ? navigator.language : { en: 'en-GB', it: 'it-IT' }[language()];
}

export function speak(locale: Locale): void {
  remember('locale', locale);
  document.documentElement.lang = locale;
  if (i18next.language !== locale) void i18next.changeLanguage(locale);
}
