// A headless Chromium for looking at the client, with every console fault and policy violation written down.
import { chromium } from '@playwright/test';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

export async function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

export async function openPage(browser, { width = 1440, height = 900, dark = false, locale = 'en-US', touch = false, workers = 'block' } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale, timezoneId: 'Europe/Rome', hasTouch: touch, serviceWorkers: workers,
  });
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/401|422|429|409|400|404/.test(message.text())) page.faults.push(message.text());
    if (message.text().includes('Content Security Policy')) page.faults.push(message.text());
  });
  page.on('pageerror', (error) => page.faults.push(String(error.stack ?? error)));
  return page;
}

export async function logIn(page, base) {
  await page.goto(base);
  await page.getByLabel(/Email address|Indirizzo email/).fill('elisa@pmsync.example');
  await page.getByLabel('Password', { exact: true }).fill('demo');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-thread]');
}
