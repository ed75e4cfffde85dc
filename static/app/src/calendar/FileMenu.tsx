// Files of the calendar: bringing one in, giving a calendar out.
import { Ellipsis } from 'lucide-react';
import { Suspense, lazy, useRef, useState } from 'react';
import { Menu, MenuItem, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useCollectionName } from '../accounts/collectionName';
import { fileName, saveAs } from '../mail/download';
import { IconButton } from '../ui/Button';
import { faultText } from '../ui/fault';
import menu from '../ui/menu.module.css';
import { toast } from '../ui/toast';
import type { Calendar } from './types';

const ImportDialog = lazy(() => import('../exchange/ImportDialog'));

export default function FileMenu({ calendars }: { calendars: Calendar[] }) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [open, setOpen] = useState(false);
  const [importing, bring] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const nameOf = useCollectionName(calendars);
  const writable = calendars.filter((calendar) => calendar.writable).map((calendar) => ({ ...calendar, name: nameOf(calendar) }));
  const save = ({ id, name }: Calendar): void => void saveAs(`calendars/${id}/export`, `${fileName(name) || 'calendar'}.ics`)
    .catch((error: unknown) => toast({ text: faultText(common, error) }));
  const items = [
    ...(writable.length > 0 ? [{ id: 'import', text: t('import'), run: () => bring(true) }] : []),
    ...calendars.map((calendar) => ({ id: calendar.id, text: t('export', { name: nameOf(calendar) }), run: () => save(calendar) })),
  ];
  return (
    <>
      <IconButton label={t('files')} ref={button} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(true)}><Ellipsis size={20} aria-hidden /></IconButton>
      {open && (
        <Popover aria-label={t('files')} triggerRef={button} isOpen onOpenChange={setOpen} placement="bottom end" className={menu.popover ?? ''}>
          <Menu aria-label={t('files')} className={menu.menu ?? ''} autoFocus="first" onClose={() => setOpen(false)} onAction={(key) => items.find(({ id }) => id === key)?.run()}>
            {items.map(({ id, text }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{text}</MenuItem>)}
          </Menu>
        </Popover>
      )}
      <Suspense fallback={null}>
        {importing && <ImportDialog title={t('import')} path="events/import" accept=".ics,text/calendar" places={writable} onClose={() => bring(false)} />}
      </Suspense>
    </>
  );
}
