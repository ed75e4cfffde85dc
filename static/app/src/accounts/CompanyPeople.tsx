// The people of a company's directory: who is connected, who could be, and choosing them.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { Button } from '../ui/Button';
import { Notice, Spinner } from '../ui/Feedback';
import { Field, Select } from '../ui/Field';
import css from './accounts.module.css';
import { BASE, useAct, useTold, type Connection, type Person } from './company';

const SEARCHED = 8;
const SHOWN = 200;
const free = ({ state, left }: Person): boolean => !left && (state === 'offered' || state === 'refused');
const calledBy = ({ name, address }: Person): string => name || address;

function someWait({ items }: { items: Person[] }): boolean {
  return items.some(({ state }) => state === 'wanted');
}

export function CompanyPeople({ connection, changed }: { connection: Connection; changed: () => void }) {
  const { t: say } = useTranslation('company');
  const base = `${BASE}/${connection.id}/people`;
  const { told, fault, ask } = useTold(base, someWait);
  const [chosen, choose] = useState<ReadonlySet<Id>>(new Set());
  const [words, setWords] = useState('');
  const [unit, setUnit] = useState('');
  const { busy, fault: refused, act } = useAct();
  if (fault) return <Notice kind="bad">{fault}</Notice>;
  if (!told) return <p><Spinner /></p>;
  const units = [...new Set(told.items.map((person) => person.unit).filter(Boolean))].toSorted();
  const sought = words.trim().toLocaleLowerCase();
  const found = told.items.filter((person) => (!unit || person.unit === unit) && `${person.name} ${person.address}`.toLocaleLowerCase().includes(sought));
  const choosable = found.filter(free);
  const wanted = told.items.filter((person) => free(person) && chosen.has(person.id));
  const all = choosable.length > 0 && choosable.every(({ id }) => chosen.has(id));
  const tick = (people: Person[], on: boolean): void =>
    choose((before) => {
      const next = new Set(before);
      for (const { id } of people) if (on) next.add(id); else next.delete(id);
      return next;
    });
  async function post(path: string, body: object): Promise<void> {
    if (!(await act(() => request(path, { method: 'POST', body })))) return;
    choose(new Set());
    ask();
    changed();
  }
  return (
    <div role="group" aria-label={say('people', { realm: connection.realm })} className={css.people}>
      {told.items.length > SEARCHED && <Field label={say('find')} type="search" value={words} onChange={({ target }) => setWords(target.value)} />}
      {units.length > 1 && (
        <Select label={say('unit')} value={unit} onChange={({ target }) => setUnit(target.value)}>
          <option value="">{say('everyUnit')}</option>
          {units.map((name) => <option key={name}>{name}</option>)}
        </Select>
      )}
      {choosable.length > 0 && (
        <label className={css.surface}>
          <input type="checkbox" checked={all} onChange={({ target }) => tick(choosable, target.checked)} />
          {say('chooseShown')}
        </label>
      )}
      {found.length === 0 && <p className={css.lead}>{say('nobody')}</p>}
      <ul>
        {found.slice(0, SHOWN).map((person) => (
          <PersonItem
            key={person.id}
            person={person}
            chosen={chosen.has(person.id)}
            aligned={choosable.length > 0}
            choose={(on) => tick([person], on)}
            letGo={() => void post(`${base}/let-go`, { people: [person.id] })}
          />
        ))}
      </ul>
      {refused && <Notice kind="bad">{refused}</Notice>}
      {told.items.some(free) && (
        <div className={css.actions}>
          <Button look="primary" aria-disabled={busy || wanted.length === 0} onClick={() => wanted.length > 0 && void post(base, { people: wanted.map(({ id }) => id) })}>
            {busy && <Spinner />}{say('connectChosen', { count: wanted.length })}
          </Button>
          <Button aria-disabled={busy} onClick={() => void post(base, { everyone: true })}>{say('connectEveryone')}</Button>
        </div>
      )}
    </div>
  );
}

interface PersonItemProps {
  person: Person;
  chosen: boolean;
  /** Others have a box before them. */
  aligned: boolean;
  choose: (on: boolean) => void;
  letGo: () => void;
}

function PersonItem({ person, chosen, aligned, choose, letGo }: PersonItemProps) {
  const { t: say } = useTranslation('company');
  const name = calledBy(person);
  const stands = standing(person);
  return (
    <li className={css.person}>
      {free(person)
        ? <input type="checkbox" aria-label={say('choose', { name })} checked={chosen} onChange={({ target }) => choose(target.checked)} />
        : aligned && <span className={css.noBox} />}
      <div className={css.personText}>
        <p><strong>{name}</strong>{person.new && <span className={css.fresh}>{say('state.fresh')}</span>}</p>
        <p className={css.meta}>{[person.name ? person.address : '', person.unit].filter(Boolean).join(' · ')}</p>
        <p className={css.meta}>{person.state === 'wanted' && <Spinner />} {say(`state.${stands}`)}{person.sentence && `: ${person.sentence}`}</p>
      </div>
      {person.state === 'connected' && <Button look="quiet" aria-label={say('letGoOf', { name })} onClick={letGo}>{say('letGo')}</Button>}
    </li>
  );
}

function standing({ left, state, account_status: status }: Person): 'left' | 'waiting' | Person['state'] {
  if (left) return 'left';
  return state === 'connected' && status === 'needs_reconnect' ? 'waiting' : state;
}
