// What a first visit must load: the entry with all its static imports, gzipped. Exit 1 when it is over the budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMITS = { js: 170 * 1024, css: 15 * 1024 };
const WARN = 0.8;
const dist = new URL('../../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

const js = new Set();
const css = new Set();
(function walk(key) {
  const chunk = manifest[key];
  if (js.has(chunk.file)) return;
  js.add(chunk.file);
  for (const sheet of chunk.css ?? []) css.add(sheet);
  for (const next of chunk.imports ?? []) walk(next);
})('index.html');

const size = (files) => [...files].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist))).length, 0);
let over = false;
for (const [kind, files] of [['js', js], ['css', css]]) {
  const bytes = size(files);
  const share = bytes / LIMITS[kind];
  over ||= share > 1;
  const verdict = share > 1 ? 'OVER' : share > WARN ? 'near the limit' : 'ok';
  process.stdout.write(`entry ${kind}: ${(bytes / 1024).toFixed(1)} kB gz of ${LIMITS[kind] / 1024} in ${files.size} files, ${verdict}\n`);
}
process.exitCode = over ? 1 : 0;
