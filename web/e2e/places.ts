/** Where the tests find what they run. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const WEB = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const ROOT = path.resolve(WEB, '..');
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** The built element; a build of the caller's is tested as it is. */
export const BUILT = path.resolve(
  WEB,
  process.env['CHATKIT_STATIC'] ?? 'node_modules/.e2e/static',
);
export const REACT_APP = path.join(WEB, 'node_modules/.e2e/react');
/** What the servers that all tests share tell of themselves, as soon as they run. */
export const SERVERS = path.join(WEB, 'node_modules/.e2e/servers.json');
