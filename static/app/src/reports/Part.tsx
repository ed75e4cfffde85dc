// A part of a report with its title: below the day, which on phones is the page's heading.
import type { ReactNode } from 'react';
import { usePhone } from '../shell/usePreference';
import css from './reports.module.css';

export function Part({ title, children }: { title: string; children: ReactNode }) {
  const Heading = usePhone() ? 'h2' : 'h3';
  return (
    <section className={css.part}>
      <Heading className={css.partTitle}>{title}</Heading>
      {children}
    </section>
  );
}
