// What the assistant says of a conversation, in a few quiet words before its snippet: what wants attention first.
import { useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id, Read } from '../api/types';
import { useMirror } from '../store/hooks';
import css from './agents.module.css';
import { marks } from './marks';
import './words';

const MOST = 2;

export default function RowMark({ thread }: { thread: Id }) {
  const mirror = useMirror();
  const read = useSyncExternalStore(marks.subscribe, () => marks.of(thread));
  useEffect(() => marks.want(mirror, thread), [mirror, thread]);
  return read ? <Said read={read} /> : null;
}

function Said({ read }: { read: Read }) {
  const { t } = useTranslation('agents');
  const suspicious = read.category === 'phishing';
  const shown = [
    ...(suspicious ? [{ text: t('suspicious'), look: 'bad' }] : []),
    ...(read.urgency === 'high' && !suspicious ? [{ text: t('urgent'), look: 'bad' }] : []),
    ...(read.needs_reply && !suspicious ? [{ text: t('needsReply'), look: 'turn' }] : []),
    ...(read.category && !suspicious && read.category !== 'other' ? [{ text: t(`category.${read.category}`), look: 'quiet' }] : []),
  ].slice(0, MOST);
  if (shown.length === 0) return null;
  return (
    <>
      <span className="vh">{t('rowMark')}: </span>
      {shown.map(({ text, look }) => <span key={text} className={css.rowMark} data-look={look}>{text}<span className="vh">. </span></span>)}
    </>
  );
}
