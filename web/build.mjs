// Builds chatkit.js, a classic script, and the parts beside it, modules that it loads when they
// are needed. A bundler splits modules only, so these are two kinds of builds.

import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { build } from 'vite';

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(here, process.env.CHATKIT_STATIC ?? '../src/chatkit_backend/static');
const common = { configFile: false, root: here, logLevel: 'warn' };

async function partsOf(folder) {
  const files = await readdir(path.join(here, 'src', folder));
  return files.filter((file) => file.endsWith('.ts') && !file.includes('.test.'));
}

const entries = {};
for (const name of ['markdown', 'highlight', 'math', 'chart', 'icons']) {
  entries[name] = path.join(here, `src/parts/${name}.ts`);
}
for (const file of await partsOf('locales')) {
  entries[`locales/${path.basename(file, '.ts')}`] = path.join(here, 'src/locales', file);
}

await rm(path.join(target, 'chatkit'), { recursive: true, force: true });
await build({
  ...common,
  build: {
    outDir: path.join(target, 'chatkit'),
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: entries, formats: ['es'], fileName: (_, name) => `${name}.js` },
  },
});

// Parts are kept by browsers for good, under an address that changes with what is in them.
const hash = createHash('sha256');
for (const name of Object.keys(entries).sort()) {
  hash.update(await readFile(path.join(target, 'chatkit', `${name}.js`)));
}
const version = hash.digest('hex').slice(0, 12);

await build({
  ...common,
  define: { __BUILD__: JSON.stringify(version) },
  build: {
    outDir: path.join(target, 'entry'),
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: path.join(here, 'src/main.ts'), formats: ['iife'], name: 'chatkit', fileName: () => 'chatkit.js' },
  },
});
await writeFile(path.join(target, 'chatkit.js'), await readFile(path.join(target, 'entry/chatkit.js')));
await rm(path.join(target, 'entry'), { recursive: true });

// The chat page of the server itself.
await build({
  ...common,
  build: {
    outDir: path.join(target, 'chatkit/page'),
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: path.join(here, 'page/page.ts'), formats: ['es'], fileName: () => 'page.js' },
  },
});
for (const file of ['page.css', 'icon.svg']) {
  await cp(path.join(here, 'page', file), path.join(target, 'chatkit/page', file));
}
await cp(path.join(here, 'page/index.html'), path.join(target, 'index.html'));
