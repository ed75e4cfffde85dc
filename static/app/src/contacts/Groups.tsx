// The groups of the contact's address book, and whether it is in each.
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { told } from './acts';
import css from './contacts.module.css';
import type { Group, WholeContact } from './types';

export function Groups({ contact, groups }: { contact: WholeContact; groups: readonly Group[] }) {
  const { t } = useTranslation('contacts');
  const { t: common } = useTranslation();
  const own = groups.filter(({ collection_id: of }) => of === contact.collection_id);
  if (own.length === 0 || contact.kind === 'group' || !contact.uid) return null;
  function toggle({ id, members }: Group): void {
    const left = members.filter((uid) => uid !== contact.uid);
    const body = { members: left.length < members.length ? left : [...members, contact.uid] };
    void told(common, async () => {
      await request(`contacts/${id}`, { method: 'PATCH', key: crypto.randomUUID(), body });
    });
  }
  return (
    <div className={css.field}>
      <dt>{t('groups')}</dt>
      {own.map((group) => (
        <dd key={group.id}>
          <label className={css.option}>
            <input type="checkbox" disabled={!group.writable} checked={group.members.includes(contact.uid)} onChange={() => toggle(group)} />
            <span>{group.name}</span>
          </label>
        </dd>
      ))}
    </div>
  );
}
