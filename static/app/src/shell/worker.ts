// The service worker: keeps the client itself on this device, so that it starts offline. A newer copy waits until
// the person reloads, because two versions must not share one page.
import { announceVersion } from '../live/version';

/** Ask for a newer copy this often while the page stays open (milliseconds). */
const LOOK_EVERY = 60 * 60_000;

let registration: ServiceWorkerRegistration | null = null;

export async function registerWorker(): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  try {
    registration = await navigator.serviceWorker.register('/sw.js', { scope: '/', updateViaCache: 'none' });
  } catch {
    return; // forbidden (private mode) or not served: the client just needs the network
  }
  const held = registration;
  if (!held) return; // a privacy extension's stand-in answers without one
  if (held.waiting && navigator.serviceWorker.controller) announceVersion();
  held.addEventListener('updatefound', () => {
    const fresh = held.installing;
    fresh?.addEventListener('statechange', () => {
      if (fresh.state === 'installed' && navigator.serviceWorker.controller) announceVersion();
    });
  });
  setInterval(() => void lookForUpdate(held), LOOK_EVERY);
}

async function lookForUpdate(held: ServiceWorkerRegistration): Promise<void> {
  try {
    await held.update();
  } catch {
    // Offline or the server is away: the next look will tell.
  }
}

/** Load the page anew, with the newer copy when there is one. */
export async function reloadWithNewVersion(): Promise<void> {
  if (registration && !registration.waiting) await lookForUpdate(registration);
  const waiting = registration?.waiting ?? (await installed(registration?.installing ?? null));
  if (!waiting) return location.reload();
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage({ type: 'SKIP_WAITING' });
}

function installed(worker: ServiceWorker | null): Promise<ServiceWorker | null> {
  if (!worker) return Promise.resolve(null);
  return new Promise((resolve) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'installed') resolve(worker);
      else if (worker.state === 'redundant') resolve(null);
    });
  });
}
