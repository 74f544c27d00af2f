/** This repository's own servers, whose model is scripted (tests/web_server.py). */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { BUILT, ROOT, SERVERS } from './places';

export interface RealServers {
  url: string;
  /** Of a server that answers with the demo model. */
  demo: string;
  /** Of a server that lets nobody in but who has a cookie with a JWT. */
  closed: string;
  /** Of a server whose client secrets end after a second, and which starts anew after a POST to `restart`. */
  restarted: string;
  restart: string;
  jwtSecret: string;
}

const VENV = path.join(ROOT, '.venv/bin/python');
// Python takes its time where there is little of it.
const START_MS = 90_000;

/**
 * Starts them for all workers; their addresses are in a file as soon as they are there.
 *
 * @param origins - Of pages that may ask them.
 * @returns What stops them.
 */
export async function startServers(origins: readonly string[]): Promise<() => Promise<void>> {
  await rm(SERVERS, { force: true });
  await mkdir(path.dirname(SERVERS), { recursive: true });
  const python = process.env['PYTHON'] ?? (existsSync(VENV) ? VENV : 'python3');
  const child = spawn(python, ['-m', 'tests.web_server', '--static', BUILT], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONPATH: path.join(ROOT, 'src'),
      CHATKIT_CORS_ORIGINS: origins.join(','),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').catch((error: unknown) => error);
  void noteAddresses(child.stdout);
  return async () => {
    if (!existsSync(SERVERS)) child.kill(); // it was not needed, and is not there yet
    child.stdin.end();
    await exited;
  };
}

async function noteAddresses(output: Readable): Promise<void> {
  // The server logs there as well, at times into the same line.
  for await (const line of createInterface({ input: output })) {
    const [told] = /\{"url".*?\}/.exec(line) ?? [];
    if (!told) continue;
    await writeFile(`${SERVERS}.new`, told);
    await rename(`${SERVERS}.new`, SERVERS); // whole, for whoever looks for it
    output.resume(); // a server that nobody listens to would wait to be heard
    return;
  }
  await writeFile(SERVERS, '{}');
}

/** Their addresses, once they run. */
export async function realServers(): Promise<RealServers> {
  const deadline = Date.now() + START_MS;
  while (!existsSync(SERVERS)) {
    if (Date.now() > deadline) throw new Error('The servers take too long to start.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const told = JSON.parse(await readFile(SERVERS, 'utf8')) as Partial<RealServers>;
  if (!told.url) throw new Error('The servers did not start; they have said why.');
  return told as RealServers;
}
