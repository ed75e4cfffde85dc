/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, defineConfig, type Plugin } from 'vite';
import { VitePWA, type VitePluginPWAAPI } from 'vite-plugin-pwa';

const BASE = '/static/dist/';
const API = process.env['PMSYNC_API'] ?? 'http://127.0.0.1:8000';
/** Addresses that are the server's own; every other navigation is answered with the cached page. */
const SERVER_PATHS = /^\/(?:api|admin|approvals|ws|oauth|static|health|img|mail\/(?:body|print)|providers|emails?|email-sync|sw\.js)(?:\/|$|\?)/;

const pwa = VitePWA({
  registerType: 'prompt',
  injectRegister: null, // src/shell/worker.ts registers it: the page policy allows no inline script
  filename: 'sw.js',
  scope: '/',
  manifest: {
    id: '/',
    name: 'PMSync',
    short_name: 'PMSync',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    background_color: '#ffffff',
    theme_color: '#f7f8fa',
    icons: [
      { src: `${BASE}icon-192.png`, sizes: '192x192', type: 'image/png' },
      { src: `${BASE}icon-512.png`, sizes: '512x512', type: 'image/png' },
      { src: `${BASE}icon-maskable.png`, sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    ],
  },
  workbox: {
    // Django serves the worker from the root, so what it names is addressed from there and nothing lies beside it.
    inlineWorkboxRuntime: true,
    modifyURLPrefix: { '': BASE },
    globPatterns: ['assets/*.{js,css}', 'icon.svg'],
    // Half a megabyte that few need when they are offline.
    globIgnores: ['assets/PdfView-*.js'],
    additionalManifestEntries: [{ url: '/', revision: String(Date.now()) }],
    // Ours, beside what is generated: hears pushes (src/shell/pushWorker.ts).
    importScripts: [`${BASE}push.js`],
    directoryIndex: null,
    navigateFallback: '/',
    navigateFallbackDenylist: [SERVER_PATHS],
    cleanupOutdatedCaches: true,
  },
});

/** What the PDF library reads beside its worker: character maps of Asian scripts, and fonts that a file may leave out. */
const pdfData: Plugin = {
  name: 'pdf-data',
  generateBundle() {
    for (const folder of ['cmaps', 'standard_fonts']) {
      const from = new URL(`node_modules/pdfjs-dist/${folder}/`, import.meta.url);
      for (const name of readdirSync(from)) this.emitFile({ type: 'asset', fileName: `assets/pdf/${folder}/${name}`, source: readFileSync(new URL(name, from)) });
    }
  },
};

/** The manifest lies beside the client's files; looked for at the root it is not there, and the worker would never install. */
const manifestPlace: Plugin = {
  name: 'manifest-place',
  apply: 'build',
  buildStart() {
    const entry = (pwa as Plugin<VitePluginPWAAPI>[]).find(({ api }) => api?.extendManifestEntries);
    if (!entry?.api) throw new Error('manifest-place: vite-plugin-pwa has no such interface any more');
    entry.api.extendManifestEntries((entries) => entries.map((one) => (typeof one !== 'string' && one.url === 'manifest.webmanifest' ? { ...one, url: BASE + one.url } : one)));
  },
};

/** The service worker's own part: one classic script, since what it imports cannot be a module. */
const pushWorker: Plugin = {
  name: 'push-worker',
  apply: 'build',
  async generateBundle() {
    const entry = fileURLToPath(new URL('src/shell/pushWorkerStart.ts', import.meta.url));
    const lib = { entry, formats: ['iife' as const], name: 'push' };
    const built = await build({ configFile: false, publicDir: false, logLevel: 'warn', build: { write: false, target: 'es2022', lib } });
    const [made] = [built].flat();
    if (!made || !('output' in made)) throw new Error('push-worker: nothing was built');
    this.emitFile({ type: 'asset', fileName: 'push.js', source: made.output[0].code });
  },
};

export default defineConfig(({ command }) => ({
  base: command === 'build' ? BASE : '/',
  plugins: [react(), pwa, manifestPlace, pdfData, pushWorker],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    // tokens.css uses light-dark() as it stands; Django's own pages load the same file untransformed.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        // What the first page needs, in two files: libraries change seldom and stay in the browser's cache.
        codeSplitting: {
          groups: [
            { name: 'base', tags: ['$initial'], test: /[\\/]node_modules[\\/]/, priority: 2 },
            { name: 'app', tags: ['$initial'], test: /[\\/](?:src[\\/][a-z0-9]+[\\/]|vite)/, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    fs: { allow: ['..'] },
    proxy: { '/api': API, '/img': API, '/mail/print': API, '/health': API, '/ws': { target: API, ws: true } },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    css: false,
  },
}));
