/** Builds what the tests try, and starts the servers that they share. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Alias, build } from 'vite';
import type { FullConfig } from '@playwright/test';
import { BUILT, CHROMIUM, REACT_APP, WEB } from './places';
import { startServers } from './real-servers';

const run = promisify(execFile);

export default async function setup({ workers }: FullConfig): Promise<() => Promise<void>> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no Chromium at ${CHROMIUM}: install it with "apt-get install chromium", or set CHROMIUM to its path.`,
    );
  }
  // The servers must know the pages of other origins that may ask them: one for each worker.
  const ports = await Promise.all(Array.from({ length: workers }, freePort));
  process.env['E2E_SITE_PORTS'] = ports.join(' ');
  // Nobody waits for the servers here: most tests do without.
  const stop = await startServers(ports.map((port) => `http://127.0.0.1:${port}`));
  const elementIsBuilt = process.env['CHATKIT_STATIC'] !== undefined;
  await Promise.all([
    elementIsBuilt
      ? undefined
      : run('node', ['build.mjs'], { cwd: WEB, env: { ...process.env, CHATKIT_STATIC: BUILT } }),
    buildReactApp('react-app.js'),
    buildReactApp('react-18-app.js', [
      { find: /^react-dom(?=$|\/)/, replacement: 'react-dom-18' },
      { find: /^react(?=$|\/)/, replacement: 'react-18' },
    ]),
  ]);
  return stop;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * The app of a customer who uses the official binding.
 *
 * @param alias - Where its modules are found, if not under their own names.
 */
async function buildReactApp(fileName: string, alias: Alias[] = []): Promise<void> {
  await build({
    configFile: false,
    root: path.join(WEB, 'e2e/react'),
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"development"' }, // StrictMode does its double work only there
    resolve: { alias },
    build: {
      outDir: REACT_APP,
      emptyOutDir: false, // beside the other one
      minify: false,
      lib: { entry: 'app.js', formats: ['es'], fileName: () => fileName },
    },
  });
}
