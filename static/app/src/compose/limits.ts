// How much a message can carry, told before anything is uploaded. Pure.
import type { Identity } from './types';

/** Of one message's files, where the server does not say what it takes: no known provider takes more. */
const UNKNOWN = 150 * 1024 * 1024;
/** Left for the text and the head of the message (bytes). */
const TEXT = 64 * 1024;

export interface Limit {
  /** Bytes of files, before mail makes them a third bigger. */
  files: number;
  known: boolean;
}

export function limitOf(identity: Identity | undefined): Limit {
  const bytes = identity?.limits?.message_bytes;
  return bytes ? { files: Math.max(0, Math.floor(((bytes - TEXT) * 57) / 78)), known: true } : { files: UNKNOWN, known: false };
}
