// `npm run dev:mock`: the mock server and Vite's development server together, the one proxied by the other.
import { spawn } from 'node:child_process';

const port = process.env.PORT ?? '4801';
const options = { stdio: 'inherit', cwd: new URL('..', import.meta.url) };
const mock = spawn(process.execPath, ['dev/mock/server.mjs'], { ...options, env: { ...process.env, PORT: port } });
const vite = spawn(process.execPath, ['node_modules/vite/bin/vite.js'], { ...options, env: { ...process.env, PMSYNC_API: `http://127.0.0.1:${port}` } });
for (const child of [mock, vite]) {
  child.on('exit', (code) => {
    mock.kill();
    vite.kill();
    process.exitCode = code ?? 0;
  });
}
