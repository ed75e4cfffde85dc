// What the assistant says of a message, in a line above its text: what it is about, whether it is urgent or wants a reply.
import { useTranslation } from 'react-i18next';
import type { Read } from '../api/types';
import css from './agents.module.css';
import './words';

export default function Mark({ read }: { read: Read }) {
  const { t, i18n } = useTranslation('agents');
  const other = read.language && read.language !== i18n.language ? new Intl.DisplayNames(i18n.language, { type: 'language' }).of(read.language) : null;
  const marks = [
    ...(read.category ? [t(`category.${read.category}`)] : []),
    ...(read.urgency === 'high' ? [t('urgent')] : []),
    ...(read.needs_reply ? [t('needsReply')] : []),
    ...(read.important ? [t('important')] : []),
    ...(other ? [other] : []),
  ];
  if (marks.length === 0) return null;
  return (
    <ul className={css.marks} aria-label={t('mark')}>
      {marks.map((mark) => <li key={mark} data-bad={(mark === t('urgent') || read.category === 'phishing') || undefined}>{mark}</li>)}
    </ul>
  );
}
