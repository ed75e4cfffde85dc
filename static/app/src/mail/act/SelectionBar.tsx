// In place of the list's header while conversations are chosen: how many, all of them, and what to do.
import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { tipKeys } from '../../shell/keymap';
import { useMirror } from '../../store/hooks';
import { Button, IconButton } from '../../ui/Button';
import { ActionButton } from './ActionButton';
import css from './act.module.css';
import { offered, useActions } from './place';
import { selection, useEverything, useSelectedCount } from './selection';

/** `name` is what the mailbox is called; null for results of a search. */
export function SelectionBar({ name }: { name: string | null }) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const { place, order, act } = useActions();
  const count = useSelectedCount();
  const everything = useEverything();
  const box = useRef<HTMLInputElement>(null);
  const known = order.known();
  const all = known.length > 0 && known.every((id) => selection.has(id));
  useEffect(() => {
    if (box.current) box.current.indeterminate = !all;
  }, [all]);
  const anyUnread = [...selection.ids()].some((id) => (mirror.view.thread(id)?.unread ?? 0) > 0);
  const wide = place.filter !== 'snoozed' && (place.mailbox !== null || place.query !== null) && all && order.total > count;
  return (
    <div className={css.selection} role="toolbar" aria-label={t('act.bar')}>
      <div className={css.selectionTop}>
        <input
          ref={box}
          type="checkbox"
          className={css.box}
          checked={all}
          aria-label={all ? t('select.none') : t('select.all')}
          onChange={() => (all ? selection.clear() : selection.choose(known))}
        />
        <h1 className="vh">{name ?? t('search.title')}</h1>
        <span className={css.selectionCount} role="status" data-num>{t('select.count', { count: everything ? order.total : count })}</span>
        <IconButton label={t('select.done')} keys={tipKeys('select.none')} onClick={() => selection.clear()}><X size={20} aria-hidden /></IconButton>
      </div>
      <div className={css.selectionActions}>
        {offered(place).map((action) => (
          <ActionButton key={action} action={action === 'read' && !anyUnread ? 'unread' : action} onAct={() => act(action)} />
        ))}
      </div>
      {(wide || everything) && (
        <p className={css.wide}>
          {everything && <span>{t('select.everythingChosen', { count: order.total })}</span>}
          {everything
            ? <Button look="link" onClick={() => selection.choose(selection.ids())}>{t('select.undoEverything')}</Button>
            : (
              <Button look="link" onClick={() => selection.chooseEverything()}>
                {name === null ? t('select.everythingFound', { count: order.total }) : t('select.everything', { count: order.total, mailbox: name })}
              </Button>
            )}
        </p>
      )}
    </div>
  );
}
