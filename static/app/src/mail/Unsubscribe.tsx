// Leaving a mailing list: by one click where the sender offers it (RFC 8058), by mail, or on the sender's page.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Message } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { ask } from './act/ask';
import { visit } from './links';
import { personName } from './names';
import css from './reader.module.css';

interface Way { how: 'one_click' | 'mail' | 'link'; url?: string }

export default function Unsubscribe({ message }: { message: Message }) {
  const { t } = useTranslation();
  const [state, set] = useState<'offered' | 'busy' | 'done'>('offered');
  const name = message.from[0] ? personName(message.from[0]) : t('list.noSender');

  async function leave(): Promise<void> {
    set('busy');
    try {
      const { how, url } = await request<Way>(`messages/${message.id}/unsubscribe`, { method: 'POST' });
      set(how === 'link' ? 'offered' : 'done');
      if (how === 'link' && url) toast({ text: t('reader.unsubscribeLink'), action: { label: t('reader.unsubscribeOpen'), run: () => visit(url) } });
      else toast({ text: t(how === 'mail' ? 'reader.unsubscribedByMail' : 'reader.unsubscribed') });
    } catch (error) {
      set('offered');
      toast({ text: t('reader.unsubscribeFailed', { reason: faultText(t, error) }) });
    }
  }

  if (state === 'done') return null;
  return (
    <Button
      look="link"
      className={css.unsubscribe ?? ''}
      disabled={state === 'busy'}
      onClick={() => ask({
        kind: 'sure', danger: false, title: t('reader.unsubscribeTitle', { name }), body: t('reader.unsubscribeBody'), yes: t('reader.unsubscribe'), answer: () => void leave(),
      })}
    >
      {t('reader.unsubscribe')}
    </Button>
  );
}
