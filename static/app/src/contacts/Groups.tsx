// The groups of the contact's address book, and whether it is in each.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { regroup } from './acts';
import css from './contacts.module.css';
import type { Group, WholeContact } from './types';

export function Groups({ contact, groups }: { contact: WholeContact; groups: readonly Group[] }) {
  const { t } = useTranslation('contacts');
  const own = groups.filter(({ collection_id: of }) => of === contact.collection_id);
  if (own.length === 0 || contact.kind === 'group' || !contact.uid) return null;
  return (
    <div className={css.field}>
      <dt>{t('groups')}</dt>
      {own.map((group) => <dd key={`${group.id} ${group.rev}`}><InGroup contact={contact} group={group} /></dd>)}
    </div>
  );
}

/** Shown as the person wants it until the group itself says so. */
function InGroup({ contact, group: { id, name, members, writable } }: { contact: { id: Id; uid: string }; group: Group }) {
  const { t: common } = useTranslation();
  const [inside, set] = useState(members.includes(contact.uid));
  async function change(wanted: boolean): Promise<void> {
    set(wanted);
    try {
      await regroup(id, wanted ? { add: [contact.id] } : { remove: [contact.id] });
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
