import { defineConfig } from 'vitest/config';

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
    include: ['src/**/*.test.ts', 'page/**/*.test.ts', 'tests/**/*.test.ts'],
  },
});
