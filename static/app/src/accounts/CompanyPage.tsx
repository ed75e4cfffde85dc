// Everybody's accounts by one key of the company: what is connected, and connecting more.
import { ArrowLeft } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Button } from '../ui/Button';
import { Notice, Spinner } from '../ui/Feedback';
import css from './accounts.module.css';
import { BASE, useAdministers, useTold, type Companies, type Offer } from './company';
import { CompanyCard } from './CompanyCard';
import { KeyForm } from './KeyForm';
import { Simulated } from './Simulated';
import './company-words';
import './words';

export default function CompanyPage() {
  const { t } = useTranslation();
  const { t: say } = useTranslation('company');
  const administers = useAdministers();
  return (
    <div className={css.scroll}>
      <div className={css.page}>
        <Link href="/accounts" className={css.up ?? ''}><ArrowLeft size={16} aria-hidden />{t('accounts.title')}</Link>
        <header className={css.companyHead}>
          <h1>{say('title')}</h1>
          <p className={css.lead}>{administers ? say('lead') : say('notYours')}</p>
        </header>
        {administers && <Connections />}
      </div>
    </div>
  );
}

function someWait({ items }: Companies): boolean {
  return items.some(({ people }) => people.waiting > 0);
}

function Connections() {
  const { told, fault, ask } = useTold(BASE, someWait);
  if (fault) return <Notice kind="bad">{fault}</Notice>;
  if (!told) return <p><Spinner /></p>;
  return (
    <>
      {told.items.map((connection) => (
        <CompanyCard key={connection.id} connection={connection} offer={told.offers.find(({ name }) => name === connection.provider)} changed={ask} />
      ))}
      {told.offers.map((offer) => <NewCompany key={offer.name} offer={offer} changed={ask} />)}
    </>
  );
}

function NewCompany({ offer, changed }: { offer: Offer; changed: () => void }) {
  const { t: say } = useTranslation('company');
  const [open, setOpen] = useState(false);
  const title = <>{say(`connect.${offer.name}`)} {offer.simulated && <Simulated />}</>;
  if (!open) return <div className={css.offer}><Button onClick={() => setOpen(true)}>{title}</Button></div>;
  return (
    <section className={css.company} aria-labelledby={`new-${offer.name}`}>
      <h2 id={`new-${offer.name}`}>{title}</h2>
      <KeyForm
        offer={offer}
        cancel={() => setOpen(false)}
        done={() => {
          setOpen(false);
          changed();
        }}
      />
    </section>
  );
}
