// Colours and sizes are numbers in tokens.css alone: exit 1 and name each raw one anywhere else. The frame of HTML
// mail is searched too: none of its permissions may grow.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const RAW = /#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch|lab)\(|\b\d*\.?\d+px\b/gi;
const FRAME = /allow-(?:scripts|forms|modals|downloads|top-navigation)|dangerouslySetInnerHTML|\.innerHTML\s*=|insertAdjacentHTML|document\.write/g;

let faults = 0;
for (const name of readdirSync(source, { recursive: true })) {
  const pattern = name.endsWith('.css') ? RAW : /(?<!\.test)\.tsx?$/.test(name) ? FRAME : null;
  if (!pattern) continue;
  readFileSync(join(source, name), 'utf8').split('\n').forEach((line, index) => {
    for (const [found] of line.matchAll(pattern)) {
      faults++;
      process.stdout.write(`src/${name}:${index + 1}: ${found}\n`);
    }
  });
}
process.exitCode = faults ? 1 : 0;
