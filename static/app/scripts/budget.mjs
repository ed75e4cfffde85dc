// What a first visit must load, and what the composer adds to it: all static imports, gzipped. Exit 1 over the budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const KB = 1024;
const WARN = 0.8;
const dist = new URL('../../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** The files that these entries load, without those of `known`. */
function reachable(keys, known = new Set()) {
  const files = new Set();
  const seen = new Set();
  const walk = (key) => {
    const chunk = manifest[key];
    if (!chunk) throw new Error(`budget.mjs: the build has no ${key}; was it renamed?`);
    if (seen.has(key)) return;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) if (!known.has(file)) files.add(file);
    for (const next of chunk.imports ?? []) walk(next);
  };
  keys.forEach(walk);
  return files;
}

const kind = (files, suffix) => [...files].filter((file) => file.endsWith(suffix));
const entry = reachable(['index.html']);
// The components that reader, menus and palette bring along are theirs.
const others = reachable(['src/mail/Reader.tsx', 'src/mail/MessageMenu.tsx', 'src/shell/Palette.tsx'], entry);
const composer = ['src/compose/studio.ts', 'src/compose/Composer.tsx', 'src/compose/OutgoingRegion.tsx'];
const compose = reachable(composer, new Set([...entry, ...others]));
const budgets = [
  ['entry js', kind(entry, '.js'), 170 * KB],
  ['entry css', kind(entry, '.css'), 15 * KB],
  ['composer', [...compose], 160 * KB],
];

for (const [name, files, limit] of budgets) {
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist))).length, 0);
  const share = bytes / limit;
  if (share > 1) process.exitCode = 1;
  const verdict = share > 1 ? 'OVER' : share > WARN ? 'near the limit' : 'ok';
  process.stdout.write(`${name}: ${(bytes / KB).toFixed(1)} kB gz of ${limit / KB} in ${files.length} files, ${verdict}\n`);
}
