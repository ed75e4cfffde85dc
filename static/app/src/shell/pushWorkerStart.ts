// What vite.config.ts builds into push.js, which the service worker imports.
import { serve, type Scope } from './pushWorker';

serve(self as unknown as Scope);
