// One connection of the company: how it stands, its people, another key, and giving it up.
import { CircleAlert, CircleCheck } from 'lucide-react';
import { Suspense, lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../auth/session';
import { asOf } from '../i18n/format';
import { Button } from '../ui/Button';
import { Notice, Spinner } from '../ui/Feedback';
import css from './accounts.module.css';
import { BASE, useAct, type Connection, type Offer } from './company';
import { CompanyPeople } from './CompanyPeople';
import { KeyForm } from './KeyForm';
import { Simulated } from './Simulated';

const EndDialog = lazy(() => import('./EndDialog'));

interface CompanyCardProps {
  connection: Connection;
  offer: Offer | undefined;
  changed: () => void;
}

export function CompanyCard({ connection, offer, changed }: CompanyCardProps) {
  const { t: say } = useTranslation('company');
  const [open, setOpen] = useState<'key' | 'end' | null>(null);
  const { busy, fault, act } = useAct();
  const { people, realm } = connection;
  const told = [
    say('counts', people),
    people.new > 0 ? say('new', { count: people.new }) : '',
    people.left > 0 ? say('left', { count: people.left }) : '',
    connection.read_at ? say('asOf', { when: asOf(Date.parse(connection.read_at)) }) : '',
  ];
  const well = connection.status === 'active';
  return (
    <section className={css.company} aria-labelledby={`company-${connection.id}`}>
      <div>
        <h2 id={`company-${connection.id}`} className={css.address}>{connection.title} · {realm} {connection.simulated && <Simulated />}</h2>
        <p className={css.meta}>{say(`by.${connection.provider}`, { application: connection.application, administrator: connection.administrator })}</p>
        <p className={`${css.standing} ${(well ? css.good : css.warn) ?? ''}`}>
          {well ? <CircleCheck size={16} aria-hidden /> : <CircleAlert size={16} aria-hidden />}
          <span data-num>{told.filter(Boolean).join(' · ')}</span>
        </p>
      </div>
      {connection.sentence && <Notice kind="warn">{connection.sentence}</Notice>}
      {fault && <Notice kind="bad">{fault}</Notice>}
      <div className={css.actions}>
        <Button aria-disabled={busy} onClick={() => void act(() => request(`${BASE}/${connection.id}/read`, { method: 'POST' })).then(changed)}>
          {busy && <Spinner />}{say(busy ? 'reading' : 'read')}
        </Button>
        <Button look="quiet" aria-expanded={open === 'key'} onClick={() => setOpen(open === 'key' ? null : 'key')}>{say('another')}</Button>
        <Button look="quiet" onClick={() => setOpen('end')}>{say('end')}</Button>
      </div>
      {open === 'key' && offer && (
        <KeyForm
          offer={offer}
          connection={connection}
          cancel={() => setOpen(null)}
          done={() => {
            setOpen(null);
            changed();
          }}
        />
      )}
      <CompanyPeople key={connection.read_at} connection={connection} changed={changed} />
      <Suspense fallback={null}>{open === 'end' && <EndDialog connection={connection} changed={changed} onClose={() => setOpen(null)} />}</Suspense>
    </section>
  );
}
