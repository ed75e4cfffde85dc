// What is typed while a composer is still on its way: kept by key of the composer, handed over once, never lost.
import type { ComposeMode } from './open';

export interface Early { text: string; composing: Promise<void> | null }

const fields = new Map<string, HTMLTextAreaElement>();
const compositions = new Map<string, Promise<void>>();

/** The field that takes the keys of a composer until it can take them itself. */
export function catchKeys(key: string, node: HTMLTextAreaElement | null): void {
  if (!node) {
    fields.delete(key);
    return;
  }
  if (fields.get(key) === node) return;
  fields.set(key, node);
  node.addEventListener('compositionstart', () => {
    compositions.set(key, new Promise((resolve) => node.addEventListener('compositionend', () => setTimeout(resolve), { once: true })));
  });
  node.addEventListener('compositionend', () => compositions.delete(key));
}

/** Resolves when no character is half made (accents, other scripts). */
export const settledKeys = (key: string): Promise<void> | null => compositions.get(key) ?? null;

/** The text typed so far, and whether the keys are in that field now. Once. */
export function takeKeys(key: string): { text: string; focused: boolean } {
  const node = fields.get(key);
  fields.delete(key);
  return { text: node?.value ?? '', focused: node !== undefined && node === document.activeElement };
}

/** A new message begins with its recipients, an answer with its text. */
export const beginsWithText = (mode: ComposeMode, hasRecipient: boolean): boolean => mode === 'reply' || mode === 'reply_all' || (mode === 'new' && hasRecipient);
