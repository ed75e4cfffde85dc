// Draws the installed application's icons from public/icon.svg: `node dev/icons.mjs`. Run it when the mark changes.
import { readFileSync } from 'node:fs';
import { openBrowser } from './browser.mjs';

const mark = readFileSync(new URL('../public/icon.svg', import.meta.url), 'utf8');
const full = mark.replace('rx="8"', ''); // the system cuts its own shape out of a maskable icon
const ICONS = [['icon-192.png', 192, mark], ['icon-512.png', 512, mark], ['icon-maskable.png', 512, full]];

const browser = await openBrowser();
for (const [name, size, svg] of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`);
  await page.screenshot({ path: new URL(`../public/${name}`, import.meta.url).pathname, omitBackground: true });
  await page.close();
}
await browser.close();
