// What all commands share wherever one stands: their questions, what becomes of them, undo, and a new message.
import { Suspense, lazy, useEffect } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { navigate } from 'wouter/use-browser-location';
import type { CommandAction } from '../api/types';
import { session } from '../auth/session';
import { openComposer } from '../compose/open';
import { useQuestion } from '../mail/act/ask';
import { undoKey, undoLast } from '../mail/act/give';
import { useMirror } from '../store/hooks';
import { isWide } from '../store/entry';
import type { Mirror } from '../store/mirror';
import type { Notice } from '../store/outbox';
import { toast } from '../ui/toast';
import { useCommand } from './commands';
import { followClicks, notifyOf } from './notify';
import { remembered } from './preferences';

const Questions = lazy(() => import('../mail/act/Questions'));

export function CommandHost() {
  const { t } = useTranslation();
  const mirror = useMirror();
  const question = useQuestion();
  useCommand('app.undo', () => undoLast(mirror));
  useCommand('compose.new', () => openComposer({ mode: 'new' }));
  useEffect(() => notifyOf(mirror, navigate), [mirror]);
  useEffect(() => followClicks(navigate), []);
  useEffect(() => void keepPushes(), [mirror]);
  useEffect(() => mirror.onNotice((notice) => tell(t, mirror, notice)), [mirror, t]);
  return <Suspense fallback={null}>{question && <Questions question={question} />}</Suspense>;
}

/** Another person, company or session may be signed in than the one that pushes were asked for. */
async function keepPushes(): Promise<void> {
  const state = session.state();
  if (remembered('push') && state.status === 'in') await (await import('./push')).keep(state.me.id);
}

/** The journal speaks of more actions than a person chooses from. */
function nameOf(t: TFunction, action: string): string {
  const name = KNOWN.has(action) ? t(`act.name.${action as CommandAction}`) : t('act.name.other');
  return name.replace(/…$/, '');
}

const KNOWN: ReadonlySet<string> = new Set<CommandAction>([
  'read', 'unread', 'star', 'unstar', 'add_keyword', 'remove_keyword', 'move', 'archive', 'junk', 'not_junk', 'trash', 'delete', 'inbox', 'snooze', 'unsnooze',
]);

function tell(t: TFunction, mirror: Mirror, notice: Notice): void {
  switch (notice.kind) {
    case 'refused': {
      const { entry } = notice;
      return toast({
        text: t('act.refused', { reason: notice.sentence }),
        ...(entry.undoes ? {} : { action: { label: t('common.retry'), run: () => void mirror.outbox.again(entry) } }),
      });
    }
    case 'failed': {
      const { entry } = notice;
      if (notice.failure.draft_id) return; // the composer says it
      return toast({
        // What became of a contact its own sentence says: after a conflict nothing is as before.
        text: notice.failure.objects ? notice.failure.sentence : t('act.failed', { reason: notice.failure.sentence }),
        ...(entry && !entry.undoes ? { action: { label: t('common.retry'), run: () => void mirror.outbox.again(entry) } } : {}),
      });
    }
    case 'progress': {
      const { entry, progress } = notice;
      if (!entry || !isWide(entry)) return; // what is on screen shows for itself
      const what = nameOf(t, progress.action);
      const { done, total, failed } = progress;
      if (progress.state === 'open') return toast({ text: t('act.progress', { what, done, total }) });
      return toast({
        text: failed > 0 ? t('act.finishedSome', { what, done, failed }) : t('act.finished', { what, total }),
        ...(entry.undoes || entry.body.action === 'delete' ? {} : { action: { label: t('act.undo'), run: () => undoKey(mirror, entry.key) } }),
      });
    }
  }
}
