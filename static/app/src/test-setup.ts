// What jsdom lacks and the code under test may touch.
import 'fake-indexeddb/auto';

window.matchMedia ??= (query: string) => Object.assign(new EventTarget(), { matches: false, media: query, onchange: null }) as unknown as MediaQueryList;
// Names in tests need no escape but that of what React puts into its ids.
window.CSS ??= { escape: (name: string) => name.replaceAll(/[^\w-]/g, '\\$&') } as typeof CSS;
