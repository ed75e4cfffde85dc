// Shows the open composers: in the dock, below a conversation, or over the whole page. The first lines typed into one
// are caught here while the editor itself is being loaded. Part of the first load, so it knows no editor.
import { Fragment, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type ComponentType } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useMirror } from '../store/hooks';
import { usePhone } from '../shell/usePreference';
import { catchKeys } from './early';
import css from './host.module.css';
import { mailtoRequest } from './mailto';
import { askToClose, closeAllComposers, composers, onComposers, openComposer, slotOf, windowsThatFit, type OpenComposer, type Place } from './open';
import type { Studio } from './studio';

export interface ComposerProps {
  item: OpenComposer;
  studio: Studio;
  where: Where;
  /** It has taken the keys over. */
  onReady: () => void;
}
export type Where = Place | 'phone';

interface Parts {
  studio: Studio;
  Composer: ComponentType<ComposerProps>;
  OutgoingRegion: ComponentType<{ studio: Studio; raised: boolean }>;
}

const OPEN = 'pmsync.composers';
/** A mail link of another page that the browser opened here. */
let link = new URLSearchParams(location.search).get('mailto');

export function ComposeHost({ scope }: { scope: string }) {
  const open = useSyncExternalStore(onComposers, composers);
  const parts = useParts(scope, open.length > 0);
  const phone = usePhone();
  const [dock, setDock] = useState<HTMLDivElement | null>(null);
  useKeptOpen(parts, open);
  useEffect(() => {
    if (!dock || !link) return;
    const href = link;
    link = null;
    history.replaceState(history.state, '', location.pathname);
    setTimeout(() => openComposer(mailtoRequest(href)));
  }, [dock]);
  return (
    <>
      <div ref={setDock} className={css.dock} />
      {dock && open.map((item) => <Frame key={item.key} item={item} parts={parts} phone={phone} dock={dock} />)}
      {parts && <parts.OutgoingRegion studio={parts.studio} raised={cornerTaken(open, phone)} />}
    </>
  );
}

const cornerTaken = (open: readonly OpenComposer[], phone: boolean): boolean =>
  open.length > 0 && (phone || open.some(({ place }) => place === 'full') || open.filter(({ place }) => place === 'window').length >= windowsThatFit());

/** The editor and its studio: when the page is idle, or as soon as a composer is wanted. */
function useParts(scope: string, wanted: boolean): Parts | null {
  const mirror = useMirror();
  const [parts, setParts] = useState<Parts | null>(null);
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    if (!('requestIdleCallback' in window)) {
      const timer = setTimeout(() => setIdle(true), 1_500);
      return () => clearTimeout(timer);
    }
    const handle = requestIdleCallback(() => setIdle(true), { timeout: 5_000 });
    return () => cancelIdleCallback(handle);
  }, []);
  const load = idle || wanted;
  useEffect(() => {
    if (!load) return;
    let left = false;
    let opened: Studio | null = null;
    void Promise.all([import('./studio'), import('./Composer'), import('./OutgoingRegion')]).then(async ([studio, composer, region]) => {
      if (left) return;
      opened = await studio.openStudio(scope, mirror);
      if (left) opened.stop();
      else setParts({ studio: opened, Composer: composer.default, OutgoingRegion: region.default });
    });
    return () => {
      left = true;
      opened?.stop();
      setParts(null);
    };
  }, [load, scope, mirror]);
  return parts;
}

/** Composers that were open when the page was left are open again, with what was written. Nobody else's ever are. */
function useKeptOpen(parts: Parts | null, open: readonly OpenComposer[]): void {
  const taken = useRef(false);
  useEffect(() => {
    if (!parts || taken.current) return;
    taken.current = true;
    for (const id of keptOpen()) {
      void parts.studio.desk.open(id).then((draft) => draft && draft.state === 'editing' && !draft.sending && openComposer({ mode: draft.fields.mode, draftId: id }), () => undefined);
    }
  }, [parts]);
  useEffect(() => {
    if (taken.current) sessionStorage.setItem(OPEN, JSON.stringify(open.map(({ id }) => id)));
  }, [open]);
  useEffect(() => closeAllComposers, []);
}

function keptOpen(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(OPEN) ?? '[]');
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

interface FrameProps {
  item: OpenComposer;
  parts: Parts | null;
  phone: boolean;
  dock: HTMLElement;
}

/** One composer in a node of its own, which moves between places without losing what is in it. */
function Frame({ item, parts, phone, dock }: FrameProps) {
  const [host] = useState(() => document.createElement('div'));
  const [ready, setReady] = useState(false);
  const message = item.request.messageId;
  const slot = useSyncExternalStore(onComposers, () => (message ? slotOf(message) : undefined));
  useBackCloses(item, phone);
  const where: Where = phone ? 'phone' : item.place !== 'inline' ? item.place : slot ? 'inline' : 'minimised';
  return createPortal(
    <Fragment>
      <Placed host={host} parent={where === 'inline' ? slot! : dock} where={where} />
      {/* Before the composer, which takes the focus from it once it can. */}
      {!ready && <EarlyField item={item} />}
      {parts && <parts.Composer item={item} studio={parts.studio} where={where} onReady={() => setReady(true)} />}
    </Fragment>,
    host,
  );
}

/** On a phone the composer is a page: going back leaves it, saved. */
function useBackCloses({ key, id }: OpenComposer, phone: boolean): void {
  const now = useRef(id);
  useEffect(() => {
    now.current = id;
  });
  useEffect(() => {
    if (!phone) return;
    const here = (): boolean => (history.state as { composer?: string } | null)?.composer === key;
    history.pushState({ composer: key }, '');
    const back = (): void => {
      if (!here()) askToClose(now.current);
    };
    addEventListener('popstate', back);
    return () => {
      removeEventListener('popstate', back);
      if (here()) history.back();
    };
  }, [key, phone]);
}

/** Puts the node where it belongs before anything in it asks for the focus. */
function Placed({ host, parent, where }: { host: HTMLElement; parent: HTMLElement; where: Where }) {
  useLayoutEffect(() => {
    const focused = host.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
    host.className = css.host ?? '';
    host.dataset['where'] = where;
    if (host.parentElement !== parent) {
      parent.append(host);
      focused?.focus({ preventScroll: true });
    }
  }, [host, parent, where]);
  useLayoutEffect(() => () => host.remove(), [host]);
  return null;
}

function EarlyField({ item }: { item: OpenComposer }) {
  const { t } = useTranslation();
  const take = (node: HTMLTextAreaElement | null): void => {
    catchKeys(item.key, node);
    if (node && !node.dataset['taken']) {
      node.dataset['taken'] = 'yes';
      node.focus({ preventScroll: true });
    }
  };
  return (
    <div className={css.early}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys typed here are no shortcuts */}
      <textarea ref={take} className={css.earlyText} aria-label={t('nav.compose')} onKeyDown={(event) => event.stopPropagation()} />
    </div>
  );
}
