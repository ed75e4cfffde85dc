// Start: language and theme before the first paint, the session beside it.
import './ui/base.css';
import { createRoot } from 'react-dom/client';
import { session } from './auth/session';
import { startLanguages } from './i18n';
import { announceVersion } from './live/version';
import { App } from './shell/App';
import { keyHandler } from './shell/commands';
import { applyDensity } from './shell/preferences';
import { registerWorker } from './shell/worker';

applyDensity();
void session.start();
await startLanguages();
addEventListener('keydown', keyHandler());
// A part of this page's version is gone from the server: a newer one has taken its place.
addEventListener('vite:preloadError', announceVersion);
addEventListener('load', () => void registerWorker());
createRoot(document.getElementById('root')!).render(<App />);
