// A composer from its opening on: the draft is fetched or begun, then written.
import i18next from 'i18next';
import { useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import css from './compose.module.css';
import type { ComposerProps } from './Host';
import { closeComposer } from './open';
import { Shell } from './Shell';
import { useOpened } from './useOpened';
import './words';
import { Writing } from './Writing';

export default function Composer(props: ComposerProps) {
  const { item, studio, onReady } = props;
  const { t } = useTranslation('compose');
  const opened = useOpened(item, studio);
  const said = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (opened.kind === 'open' || opened.kind === 'loading') return;
    // One that cannot be written needs no keys but those that close it.
    said.current?.focus({ preventScroll: true });
    onReady();
  }, [opened.kind, onReady]);
  if (opened.kind === 'open') return <Writing {...props} />;
  return (
    <Shell {...props} title="">
      <div ref={said} className={css.message} tabIndex={-1}>
        {opened.kind === 'loading' && <p>{t('loading')}</p>}
        {opened.kind === 'gone' && <Notice kind="warn">{t('gone')}</Notice>}
        {opened.kind === 'nowhere' && (
          <Notice kind="warn">
            <span>{t('nowhere')}</span>
            <Link href="/accounts/new" onClick={() => closeComposer(item.id)}>{t('connect')}</Link>
          </Notice>
        )}
        {opened.kind === 'failed' && (
          <Notice kind="bad">
            <span>{t('openFailed', { reason: faultText(i18next.t, opened.error) })}</span>
            <Button look="link" onClick={opened.again}>{t('retry')}</Button>
          </Notice>
        )}
      </div>
    </Shell>
  );
}
