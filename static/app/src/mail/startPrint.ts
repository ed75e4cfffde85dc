// Printing as buttons, menus and keys start it: a failure becomes a toast.
import type { TFunction } from 'i18next';
import type { Mirror } from '../store/mirror';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { print, PopupBlocked, type Printable } from './print';

export function startPrint(t: TFunction, mirror: Mirror, what: Printable): void {
  void print(mirror, what).catch((error: unknown) => {
    toast({ text: error instanceof PopupBlocked ? t('reader.printBlocked') : t('reader.printFailed', { reason: faultText(t, error) }) });
  });
}
