// What agents ask for: those that wait for a decision and those that are decided, live, and beside them the one that is open.
import { CheckCheck, CloudOff, Undo2 } from 'lucide-react';
import { Suspense, lazy, useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import type { Id } from '../api/types';
import { messageDate, number } from '../i18n/format';
import { Panes } from '../mail/Panes';
import mailCss from '../mail/mail.module.css';
import { useCommand } from '../shell/commands';
import { MenuButton } from '../shell/Nav';
import { usePhone } from '../shell/usePreference';
import { useMirror } from '../store/hooks';
import { Button, IconButton } from '../ui/Button';
import { Empty } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { word } from './acts';
import { ApprovalView } from './ApprovalView';
import css from './approvals.module.css';
import { Board, type Shown } from './board';
import type { Approval } from './types';
import './words';

const UndoDialog = lazy(() => import('./UndoDialog'));

interface ApprovalsPageProps {
  id: Id | undefined;
  onMenu: () => void;
}

export default function ApprovalsPage({ id, onMenu }: ApprovalsPageProps) {
  const { t } = useTranslation('approvals');
  const [, navigate] = useLocation();
  const phone = usePhone();
  const [shown, show] = useState<Shown>('open');
  const [undoing, openUndo] = useState(false);
  const board = useBoard(shown);
  const toList = (): void => navigate('/review');
  const step = (by: 1 | -1): void => {
    const next = board.after(id, by);
    if (next) navigate(`/review/${next.id}`);
  };
  useCommand('list.next', () => step(1));
  useCommand('list.previous', () => step(-1));
  useCommand('list.back', toList, id !== undefined);
  useCommand('app.close', toList, id !== undefined);
  return (
    <Panes
      reading={id !== undefined}
      list={
        <section className={mailCss.listPane} aria-label={t('approvals')}>
          <header className={mailCss.listHead}>
            {phone && <MenuButton onMenu={onMenu} />}
            <div className={mailCss.listTitle}>
              <h1>{t('approvals')}</h1>
            </div>
            <IconButton label={t('undo_since')} aria-haspopup="dialog" onClick={() => openUndo(true)}><Undo2 size={16} aria-hidden /></IconButton>
          </header>
          <div className={css.tabs} role="group" aria-label={t('tabs')}>
            {(['open', 'decided'] as const).map((one) => (
              <button key={one} type="button" aria-pressed={shown === one} onClick={() => show(one)}>
                {t(one === 'open' ? 'waiting' : 'decided')}
                {one === 'open' && board.waiting > 0 && <span className={css.count} data-num>{number(board.waiting)}</span>}
              </button>
            ))}
          </div>
          <Rows board={board} shown={shown} open={id} />
          {/* oxlint-disable-next-line jsx-a11y/anchor-is-valid -- a page of the server's own, not of this application */}
          <p className={css.foot}><a href="/approvals/rules">{t('rulesLink')}</a></p>
          <Suspense fallback={null}>{undoing && <UndoDialog onClose={() => openUndo(false)} />}</Suspense>
        </section>
      }
      reader={id ? <ApprovalView key={id} id={id} onChange={(approval) => board.put(approval)} onBack={toList} /> : <Empty icon={CheckCheck}>{t('pick')}</Empty>}
    />
  );
}

function Rows({ board, shown, open }: { board: Board; shown: Shown; open: Id | undefined }) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  if (board.state === 'loading') return <div className={css.rows} />;
  if (board.state !== 'known') {
    return <Empty icon={CloudOff} action={<Button onClick={() => void board.read()}>{common('common.retry')}</Button>}>{faultText(common, board.state.fault)}</Empty>;
  }
  if (board.items.length === 0) return <Empty icon={CheckCheck}>{t(shown === 'open' ? 'nothing' : 'nothing_decided')}</Empty>;
  return (
    <ul className={css.rows}>
      {board.items.map((item) => <li key={item.id}><Row item={item} open={item.id === open} /></li>)}
      {board.next && <li className={css.more}><Button onClick={() => void board.more()}>{t('more')}</Button></li>}
    </ul>
  );
}

function Row({ item, open }: { item: Approval; open: boolean }) {
  const { t } = useTranslation('approvals');
  const stands = item.state === 'approved' ? word(t('done', { returnObjects: true }), item.done) : t(`states.${item.state}`);
  return (
    <Link href={`/review/${item.id}`} className={css.row ?? ''} aria-current={open ? 'true' : undefined}>
      <span className={css.rowHead}>
        <span className={css.second}>{word(t('kinds', { returnObjects: true }), item.kind)}</span>
        <time className={css.second} dateTime={item.created_at}>{messageDate(item.created_at)}</time>
      </span>
      <span className={css.name}><bdi>{item.title || t('no_title')}</bdi></span>
      <span className={css.second}>
        {item.state === 'open'
          ? <span data-risk={item.risk} className={css.risk}>{t('risk')}: {t(`risks.${item.risk}`)}</span>
          : [stands, item.decided_by?.name].filter(Boolean).join(' · ')}
        {item.recipients.length > 0 && <> · <bdi>{item.recipients.join(', ')}</bdi></>}
      </span>
    </Link>
  );
}

/** The list, kept right by the journal for as long as it is on screen. */
function useBoard(shown: Shown): Board {
  const mirror = useMirror();
  const [board] = useState(() => new Board());
  useSyncExternalStore(board.subscribe, () => board.version);
  useEffect(() => board.show(shown), [board, shown]);
  useEffect(() => {
    const ends = [mirror.onFrame((frame) => board.hear(frame)), mirror.onStartOver(() => void board.read()), () => board.stop()];
    return () => ends.forEach((end) => end());
  }, [mirror, board]);
  return board;
}
