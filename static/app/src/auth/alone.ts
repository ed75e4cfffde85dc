// Work that only one tab of this browser may do at a time.

/** Run `work` while holding the named lock. Plain http on a LAN has no Web Locks: there each tab is on its own. */
export function alone<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!('locks' in navigator)) return work();
  return navigator.locks.request(name, signal ? { signal } : {}, work) as Promise<T>;
}
