/** Builds the element for the tests, into a folder of their own, unless there is a build to test. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { BUILT, CHROMIUM, REACT_APP, WEB } from './places';

const run = promisify(execFile);

export default async function setup(): Promise<void> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no Chromium at ${CHROMIUM}: install it with "apt-get install chromium", or set CHROMIUM to its path.`,
    );
  }
  const elementIsBuilt = process.env['CHATKIT_STATIC'] !== undefined;
  await Promise.all([
    elementIsBuilt
      ? undefined
      : run('node', ['build.mjs'], { cwd: WEB, env: { ...process.env, CHATKIT_STATIC: BUILT } }),
    buildReactApp(),
  ]);
}

/** The app of a customer who uses the official binding. */
async function buildReactApp(): Promise<void> {
  await build({
    configFile: false,
    root: path.join(WEB, 'e2e/react'),
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"development"' }, // StrictMode does its double work only there
    build: {
      outDir: REACT_APP,
      emptyOutDir: true,
      minify: false,
      lib: { entry: 'app.js', formats: ['es'], fileName: () => 'react-app.js' },
    },
  });
}
