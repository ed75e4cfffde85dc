// Whether a newer PMSync waits: the server runs another build than when this page began, or the browser holds a
// newer copy of the client.
import { Emitter } from '../store/emitter';

const changed = new Emitter();
let ready = false;

export const onVersion = (listener: () => void): (() => void) => changed.on(listener);
export const newVersionReady = (): boolean => ready;

export function announceVersion(): void {
  ready = true;
  changed.emit();
}
