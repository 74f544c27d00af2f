import { existsSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

// What is sanitised is tested in a real parser, where there is one.
const hasBrowser = existsSync(process.env['CHROMIUM'] ?? '/usr/bin/chromium');
if (!hasBrowser) console.warn('No Chromium: the tests *.browser.test.ts are left out.');

// The entry is a classic script, so that `<script src="…/chatkit.js" async>` is all a page needs.
// What is loaded lazily comes as modules beside it, from the place that the script came from.
export default defineConfig({
  build: {
    outDir: '../src/chatkit_backend/static',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
  },
  test: {
    environment: 'happy-dom',
    exclude: [...configDefaults.exclude, ...(hasBrowser ? [] : ['**/*.browser.test.ts'])],
    include: ['src/**/*.test.ts', 'page/**/*.test.ts', 'tests/**/*.test.ts'],
  },
});
