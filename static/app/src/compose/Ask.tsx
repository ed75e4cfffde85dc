// What is asked once before a message goes out, inside its own window.
import { TriangleAlert } from 'lucide-react';
import { useId, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Addr } from '../api/types';
import { Button } from '../ui/Button';
import { domainOf } from './address';
import css from './compose.module.css';
import type { Field } from './Recipients';

export type Question = { kind: 'attachment' } | { kind: 'subject' } | { kind: 'domain'; person: Addr; field: Field; likely: string };

interface AskProps {
  question: Question;
  onAnyway: () => void;
  /** Put it right instead. */
  onInstead: () => void;
  onClose: () => void;
}

export function Ask({ question, onAnyway, onInstead, onClose }: AskProps) {
  const { t } = useTranslation('compose');
  const id = useId();
  const text = question.kind === 'domain'
    ? t('ask.domain', { address: question.person.address, domain: domainOf(question.person.address), likely: question.likely })
    : t(`ask.${question.kind}`);
  const instead = { attachment: () => t('ask.attachNow'), subject: () => t('ask.writeSubject'), domain: () => t('ask.correct', { likely: question.kind === 'domain' ? question.likely : '' }) }[question.kind]();
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    onClose();
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape, from its buttons
    <div className={css.ask} role="alertdialog" aria-labelledby={id} onKeyDown={onKeyDown}>
      <TriangleAlert size={16} aria-hidden />
      <p id={id}>{text}</p>
      <span className={css.askButtons}>
        <Button autoFocus onClick={onInstead}>{instead}</Button>
        <Button onClick={onAnyway}>{t('ask.anyway')}</Button>
      </span>
    </div>
  );
}
