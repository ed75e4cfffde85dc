// The end of a conversation: what answers it stands here, until then the ways to begin.
import { Forward, Reply, ReplyAll } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Id } from '../api/types';
import { useMirror } from '../store/hooks';
import { Button } from '../ui/Button';
import css from './host.module.css';
import { composers, isBeingWritten, offerSlot, onComposers, openComposer, type ComposeMode } from './open';

interface SlotProps {
  messages: Id[];
  /** Answer with the buttons: the conversation knows which message is meant. */
  onAnswer: (mode: Exclude<ComposeMode, 'new'>) => void;
}

export function ComposeSlot({ messages, onAnswer }: SlotProps) {
  const { t } = useTranslation();
  const node = useRef<HTMLDivElement>(null);
  const ids = messages.join(' ');
  const answering = useSyncExternalStore(onComposers, () => composers().some(({ place, request }) => place === 'inline' && request.messageId !== undefined && messages.includes(request.messageId)));
  useLayoutEffect(() => (node.current ? offerSlot(node.current, new Set(ids.split(' '))) : undefined), [ids]);
  useDraftOpening(messages);
  return (
    <div className={css.end}>
      {!answering && (
        <div className={css.answers}>
          <Button onClick={() => onAnswer('reply')}><Reply size={16} aria-hidden />{t('reader.reply')}</Button>
          <Button onClick={() => onAnswer('reply_all')}><ReplyAll size={16} aria-hidden />{t('reader.replyAll')}</Button>
          <Button onClick={() => onAnswer('forward')}><Forward size={16} aria-hidden />{t('reader.forward')}</Button>
        </div>
      )}
      <div ref={node} />
    </div>
  );
}

/** True while a draft's message in the mailbox would only repeat what is being written or sent here. */
export function useBeingWritten(draft: Id | null | undefined): boolean {
  return useSyncExternalStore(onComposers, () => Boolean(draft && isBeingWritten(draft)));
}

/** What is opened in the Drafts mailbox is gone on with, not read. */
function useDraftOpening(messages: Id[]): void {
  const mirror = useMirror();
  const first = useRef(messages);
  useEffect(() => {
    const box = /^\/mail\/([^/]+)/.exec(location.pathname)?.[1];
    if (!box || mirror.view.mailbox(box)?.role !== 'drafts') return;
    const draft = first.current.map((id) => mirror.view.message(id)).findLast((message) => message?.mailboxes.some(({ id }) => id === box));
    if (!draft) return;
    const timer = setTimeout(() => openComposer({ mode: 'new', draftId: draft.draft_id ?? draft.id, messageId: draft.id }));
    return () => clearTimeout(timer);
  }, [mirror]);
}
