// Fails when the script that every page loads has grown over its limit.

import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 90_000;
const here = path.dirname(fileURLToPath(import.meta.url));
const built = path.resolve(here, process.env.CHATKIT_STATIC ?? '../src/chatkit_backend/static');

async function zipped(file) {
  return gzipSync(await readFile(file), { level: 9 }).length;
}

const entry = await zipped(path.join(built, 'chatkit.js'));
for (const name of (await readdir(path.join(built, 'chatkit'))).filter((file) => file.endsWith('.js'))) {
  const size = await zipped(path.join(built, 'chatkit', name));
  console.log(`${String(size).padStart(8)} bytes gzipped  chatkit/${name} (loaded when it is needed)`);
}
console.log(`${String(entry).padStart(8)} bytes gzipped  chatkit.js (limit ${LIMIT})`);
if (entry > LIMIT) {
  console.error(`chatkit.js is ${entry - LIMIT} bytes over its limit: move something into a part.`);
  process.exit(1);
}
