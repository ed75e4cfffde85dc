// Templates: the words in double braces, and what is known to fill them with. Pure.
import type { Addr } from '../api/types';
import { escaped } from './paste';
import type { Template } from './types';

const FIELD = /\{\{\s*([\p{L}\p{N}_ .-]{1,60}?)\s*\}\}/gu;

export function fieldsOf(...texts: string[]): string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(FIELD)].map((match) => match[1]!)))];
}

/** What the draft itself tells, under the names that people give such fields in both languages. */
export function knownValues(to: Addr | undefined, subject: string, sender: Addr | undefined, today: string): Record<string, string> {
  const first = (name: string): string => name.split(/\s+/)[0] ?? '';
  const values: Record<string, string> = {};
  const put = (names: string[], value: string): void => {
    if (value) for (const name of names) values[name] = value;
  };
  put(['name', 'nome completo', 'full name'], to?.name ?? '');
  put(['first name', 'first_name', 'firstname', 'nome'], first(to?.name ?? ''));
  put(['address', 'email', 'indirizzo'], to?.address ?? '');
  put(['subject', 'oggetto'], subject);
  put(['my name', 'my_name', 'mio nome', 'mio_nome'], sender?.name ?? '');
  put(['date', 'today', 'data', 'oggi'], today);
  return values;
}

export function filled(template: Pick<Template, 'subject' | 'html'>, values: Record<string, string>): { subject: string; html: string } {
  const put = (text: string, shape: (value: string) => string): string => text.replace(FIELD, (whole, name: string) => shape(values[name] ?? values[name.toLowerCase()] ?? '') || whole);
  return { subject: put(template.subject, (value) => value), html: put(template.html, escaped) };
}
