// The tab's title: unread in the inboxes, then where one is.
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { number } from '../i18n/format';
import { mailboxName } from '../mail/names';
import { useMailboxes } from '../store/hooks';

export function usePageTitle(): void {
  const { t } = useTranslation();
  const boxes = useMailboxes();
  const [path] = useLocation();
  const unread = boxes.filter((box) => box.role === 'inbox').reduce((sum, box) => sum + box.unread_threads, 0);
  const box = boxes.find((candidate) => path.startsWith(`/mail/${candidate.id}`));
  const place = box ? mailboxName(t, box) : pageName(path);
  useEffect(() => {
    document.title = [unread > 0 ? `(${number(unread)})` : '', place, place ? '·' : '', t('app.name')].filter(Boolean).join(' ');
  }, [unread, place, t]);

  function pageName(at: string): string {
    if (at.startsWith('/search')) return t('nav.search');
    if (at.startsWith('/calendar')) return t('nav.calendar');
    if (at.startsWith('/contacts')) return t('nav.contacts');
    if (at.startsWith('/assistant')) return t('nav.assistant');
    if (at.startsWith('/reports')) return t('nav.reports');
    if (at.startsWith('/follow-ups')) return t('nav.followUps');
    if (at.startsWith('/accounts')) return t('nav.accounts');
    if (at.startsWith('/review')) return t('nav.approvals');
    if (at.startsWith('/settings')) return t('nav.settings');
    return '';
  }
}
