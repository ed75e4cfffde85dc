// The groups of the contact's address book, and whether it is in each.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './contacts.module.css';
import type { Group, WholeContact } from './types';

export function Groups({ contact, groups }: { contact: WholeContact; groups: readonly Group[] }) {
  const { t } = useTranslation('contacts');
  const own = groups.filter(({ collection_id: of }) => of === contact.collection_id);
  if (own.length === 0 || contact.kind === 'group' || !contact.uid) return null;
  return (
    <div className={css.field}>
      <dt>{t('groups')}</dt>
      {own.map((group) => <dd key={`${group.id} ${group.rev}`}><InGroup uid={contact.uid} group={group} /></dd>)}
    </div>
  );
}

/** Shown as the person wants it until the group itself says so. */
function InGroup({ uid, group: { id, name, members, writable } }: { uid: string; group: Group }) {
  const { t: common } = useTranslation();
  const [inside, set] = useState(members.includes(uid));
  async function change(wanted: boolean): Promise<void> {
    set(wanted);
    const others = members.filter((one) => one !== uid);
    try {
      await request(`contacts/${id}`, { method: 'PATCH', key: crypto.randomUUID(), body: { members: wanted ? [...others, uid] : others } });
    } catch (error) {
      set(!wanted);
      toast({ text: faultText(common, error) });
    }
  }
  return (
    <label className={css.option}>
      <input type="checkbox" disabled={!writable} checked={inside} onChange={(event) => void change(event.target.checked)} />
      <span>{name}</span>
    </label>
  );
}
