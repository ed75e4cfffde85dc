// Notifications while PMSync is closed: on, off, or why not.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { canPush, isDenied, isPushed, turnOff, turnOn } from '../shell/push';
import { usePreference } from '../shell/usePreference';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { Switch } from './Switch';

export function PushSwitch({ person }: { person: string }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const on = usePreference(() => isPushed(person));
  const hint = !canPush() ? t('settings.pushImpossible') : isDenied() ? t('settings.notifyRefused') : t('settings.pushHint');
  async function change(wanted: boolean): Promise<void> {
    setBusy(true);
    try {
      if (!wanted) return await turnOff();
      const turned = await turnOn(person);
      if (turned === 'denied') toast({ text: t('settings.notifyRefused') });
      if (turned === 'impossible') toast({ text: t('settings.pushFailed') });
    } catch (error) {
      toast({ text: faultText(t, error) });
    } finally {
      setBusy(false);
    }
  }
  return <Switch label={t('settings.push')} hint={hint} on={on} disabled={busy || !canPush() || isDenied()} onChange={(wanted) => void change(wanted)} />;
}
