// What a person does to their own session from anywhere: leave, and change the language.
import { Unreachable } from '../api/request';
import type { Locale, Me } from '../api/types';
import { request, session } from '../auth/session';
import { speak } from '../i18n';
import { toast } from '../ui/toast';
import { remembered } from './preferences';

export async function leave(failed: string): Promise<void> {
  try {
    await session.signOut();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return toast({ text: failed });
  }
  if (remembered('push')) await (await import('./push')).takeBack();
}

/** At once here; at the server when it answers, so that other devices follow. */
export async function changeLanguage(locale: Locale): Promise<void> {
  speak(locale);
  try {
    const me = await request<Me>('me', { method: 'PATCH', body: { locale } });
    session.setMe(me);
    if (remembered('push')) await (await import('./push')).keep(me.id);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
  }
}
