// Every screen of the client, looked at: screenshots in both themes, wide and on a phone, in both languages, and an
// axe scan of each. Needs the built client and the mock server: `QUIET=1 node dev/mock/server.mjs`.
//   node dev/look.mjs [folder for the pictures]
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { logIn, openBrowser, openPage } from './browser.mjs';

const BASE = process.env.BASE ?? 'http://127.0.0.1:4801/';
const OUT = process.argv[2] ?? 'test-results/look';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SETTLE = 700;

const LOOKS = [
  { name: 'wide-light', width: 1440, height: 900, language: 'en' },
  { name: 'wide-dark', width: 1440, height: 900, dark: true, language: 'it' },
  { name: 'middle-light', width: 1024, height: 768, language: 'it' },
  { name: 'phone-light', width: 390, height: 844, touch: true, language: 'it' },
  { name: 'phone-dark', width: 390, height: 844, touch: true, dark: true, language: 'en' },
  { name: 'narrow-light', width: 320, height: 640, touch: true, language: 'it' },
];

async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`);
}

/** Anything that sticks out of a page that must not scroll sideways. */
const overflow = (page) => page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);

let faults = 0;
async function look(page, name, tag) {
  await page.waitForTimeout(SETTLE);
  await page.screenshot({ path: join(OUT, `${name}-${tag}.png`) });
  const found = await violations(page);
  if ((await overflow(page)) > 0) found.push('scrolls sideways');
  faults += found.length;
  for (const text of found) process.stdout.write(`${tag} ${name}: ${text}\n`);
}

async function walk(page, tag) {
  await page.goto(BASE);
  await page.waitForSelector('input[name=email]');
  await look(page, 'login', tag);
  await page.getByRole('button', { name: /one-time code|codice monouso/ }).click();
  await look(page, 'code', tag);
  await logIn(page, BASE);
  await look(page, 'list', tag);
  const rows = await page.$$eval('[data-thread]', (nodes) => nodes.map((node) => node.getAttribute('href')));
  for (const [index, path] of rows.slice(0, 5).entries()) {
    await page.goto(new URL(path, BASE).href);
    await look(page, `reader-${index}`, tag);
  }
  await page.getByRole('button', { name: /message details|dettagli del messaggio/ }).last().click();
  await look(page, 'details', tag);
  for (const [name, path] of [
    ['search', 'search?q=preventivo'], ['search-start', 'search'], ['search-empty', 'search?q=zzzz+in:inbox'], ['search-bad', 'search?q=before:soon'],
    ['accounts', 'accounts'], ['settings', 'settings'], ['missing', 'nowhere'],
  ]) {
    await page.goto(new URL(path, BASE).href);
    await look(page, name, tag);
  }
  await page.goto(new URL('accounts/new', BASE).href);
  await page.locator('input[name=address]').fill('someone@unknown.example');
  await page.keyboard.press('Enter');
  await page.waitForSelector('input[name=account-password]');
  await look(page, 'servers', tag);
  await page.locator('input[name=account-password]').fill('wrong');
  await page.keyboard.press('Enter');
  await look(page, 'connecting', tag);
  await page.waitForTimeout(1500);
  await look(page, 'refused', tag);
  await page.goto(BASE);
  await page.waitForSelector('[data-thread]');
  await page.keyboard.press('Control+k');
  await page.waitForSelector('[role=menu]');
  await look(page, 'palette', tag);
  await page.keyboard.press('Escape');
  await page.waitForTimeout(200);
  await page.keyboard.press('Shift+?');
  await page.waitForSelector('[role=dialog]');
  await look(page, 'keys', tag);
}

mkdirSync(OUT, { recursive: true });
const browser = await openBrowser();
for (const { name, language, ...options } of LOOKS) {
  await fetch(new URL(`mock/language/${language}`, BASE), { method: 'POST' });
  const page = await openPage(browser, { ...options, locale: language === 'it' ? 'it-IT' : 'en-US' });
  await walk(page, name);
  const said = [...new Set(page.faults)];
  faults += said.length;
  for (const text of said) process.stdout.write(`${name} console: ${text.slice(0, 300)}\n`);
  await page.context().close();
}
await browser.close();
process.stdout.write(`${faults} faults; pictures in ${OUT}\n`);
process.exitCode = faults ? 1 : 0;
