// What jsdom lacks and the code under test may touch.
import 'fake-indexeddb/auto';

window.matchMedia ??= (query: string) => Object.assign(new EventTarget(), { matches: false, media: query, onchange: null }) as unknown as MediaQueryList;
