// Who is here decides what is shown: the log-in, or one person's mail.
import { Component, Suspense, lazy, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { Me } from '../api/types';
import { useSession } from '../auth/useSession';
import { speak } from '../i18n';
import { setZone } from '../i18n/format';
import { forgetOthers } from '../store/cache';
import { MirrorContext } from '../store/hooks';
import { Mirror } from '../store/mirror';
import { ToastRegion } from '../ui/toast';
import { Tooltips } from '../ui/Tooltip';
import { Button } from '../ui/Button';
import { Layout } from './Layout';
import shell from './shell.module.css';

const LoginPage = lazy(() => import('../auth/LoginPage'));
const ResetPage = lazy(() => import('../auth/ResetPage'));

export function App() {
  return (
    <PageFault>
      <Suspense fallback={null}><Entry /></Suspense>
      <ToastRegion />
      <Tooltips />
    </PageFault>
  );
}

function Entry() {
  const state = useSession();
  const [path] = useLocation();
  if (path === '/reset') return <ResetPage />;
  switch (state.status) {
    case 'starting': return null;
    case 'away': return <LoginPage reason="away" />;
    case 'out': return <LoginPage reason={state.reason} />;
    case 'in': return <SignedIn key={`${state.me.tenant.id}:${state.me.id}`} me={state.me} />;
  }
}

function SignedIn({ me }: { me: Me }) {
  const [mirror, setMirror] = useState<Mirror | null>(null);
  const { locale, timezone } = me;
  const scope = `${me.tenant.id}:${me.id}`;
  setZone(timezone);
  useEffect(() => speak(locale), [locale]);
  useEffect(() => {
    const opened = new Mirror(scope);
    setMirror(opened);
    void forgetOthers(scope);
    void opened.start();
    return () => opened.stop();
  }, [scope]);
  if (!mirror) return null;
  return (
    <MirrorContext value={mirror}>
      <Layout me={me} />
    </MirrorContext>
  );
}

/** A fault in one page must not take the whole application with it. */
export class PageFault extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <FaultPage /> : this.props.children;
  }
}

function FaultPage() {
  const { t } = useTranslation();
  return (
    <div className={shell.fault} role="alert">
      <p>{t('fault.page')}</p>
      <Button look="primary" onClick={() => location.reload()}>{t('fault.reload')}</Button>
    </div>
  );
}
