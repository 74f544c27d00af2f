/** The code of docs/embed.md, as a strict compiler sees it in an app with the official packages. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'vue/compiler-sfc';
import { Guide } from '../e2e/guide';
import { WEB } from '../e2e/places';

const OPTIONS = {
  target: 'ES2022', module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2023', 'DOM', 'DOM.Iterable'],
  jsx: 'react-jsx', strict: true, noUncheckedIndexedAccess: true, noImplicitReturns: true, noUnusedLocals: true,
  isolatedModules: true, types: ['node'], noEmit: true,
};
const MODULES = ['support-chat.tsx', 'app/chat.tsx', 'app/api/chatkit/route.ts', 'SupportChat.vue.ts'];

/** What the compiler objects to in the code of the guide, with `change` made to it; '' for nothing. */
async function objections(folder: string, change: (code: string) => string = (code) => code): Promise<string> {
  const guide = await Guide.of('https://chat.example.com', folder);
  // A template has no types of its own here; `chat` is for it alone in other components.
  const vue = parse(guide.code('SupportChat.vue')).descriptor.scriptSetup!;
  expect(vue.lang).toBe('ts');
  await guide.write('SupportChat.vue.ts', vue.content);
  for (const name of MODULES) {
    const file = path.join(guide.folder, name);
    await guide.write(name, change(await readFile(file, 'utf8')));
  }
  await guide.write('tsconfig.json', JSON.stringify({ compilerOptions: OPTIONS, files: MODULES }));
  const tsc = path.join(WEB, 'node_modules/.bin/tsc');
  const run = promisify(execFile)(tsc, ['-p', guide.folder]);
  return run.then(() => '', ({ stdout }: { stdout: string }) => stdout);
}

test('the React, Next.js and Vue code fits the official types', { timeout: 60_000 }, async () => {
  expect(await objections('types')).toBe('');
});

test('a wrong option or method would be found in each of them', { timeout: 60_000 }, async () => {
  const found = await objections('wrong-types', (code) =>
    code.replace('domainKey:', 'domainkey:').replace("method: 'POST'", 'method: 7'),
  );
  const wrong = [...found.matchAll(/^(?:.*\/)?wrong-types\/(\S+?)\(/gm)].map(([, file]) => file);
  expect([...new Set(wrong)].sort()).toEqual([...MODULES].sort());
});
