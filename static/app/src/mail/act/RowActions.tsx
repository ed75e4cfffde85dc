// What the row under the pointer offers, in the place of its time.
import type { Id } from '../../api/types';
import { useThread } from '../../store/hooks';
import { ActionButton } from './ActionButton';
import css from './act.module.css';
import { useActions, type ActionId } from './place';

const ON_ROWS: ReadonlySet<ActionId> = new Set<ActionId>(['unsnooze', 'archive', 'inbox', 'not_junk', 'trash', 'delete', 'read', 'snooze']);

export function RowActions({ id, offers }: { id: Id; offers: readonly ActionId[] }) {
  const { act } = useActions();
  const row = useThread(id);
  return (
    <span className={css.rowActions}>
      {offers.filter((action) => ON_ROWS.has(action)).map((action) => (
        <ActionButton
          key={action}
          action={action === 'read' && row?.unread === 0 ? 'unread' : action}
          size={16}
          pointerOnly
          onAct={() => act(action, [id])}
        />
      ))}
    </span>
  );
}
