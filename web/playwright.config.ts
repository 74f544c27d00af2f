import { defineConfig } from '@playwright/test';
import { CHROMIUM } from './e2e/places';

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/global-setup.ts',
  outputDir: 'node_modules/.e2e/results',
  workers: 2,
  fullyParallel: true, // tests are alone with their page, so that files need not be shared out whole
  // A machine may be busy; what passes takes no longer for it.
  timeout: 45_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env['CI']),
  // What passes at the second time is listed as flaky: no reason to stop, but one to look for the race.
  retries: process.env['CI'] ? 1 : 0,
  reporter: process.env['CI'] ? [['list']] : [['dot']],
  use: {
    locale: 'en-US',
    contextOptions: { reducedMotion: 'reduce' }, // what moves costs time, and tests look at what stays
    actionTimeout: 15_000,
    launchOptions: {
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Nothing but this machine can be reached, whatever a page asks for.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
      ],
    },
  },
});
