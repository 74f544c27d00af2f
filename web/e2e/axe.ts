/** What axe finds in the element. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { ChatPage } from './chat-page';
import { WEB } from './places';

const AXE = readFileSync(path.join(WEB, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** Once for each page: it is large. */
export async function loadAxe(page: Page): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
}

/** By rule and element. */
export async function violations(chat: ChatPage): Promise<string[]> {
  await loadAxe(chat.page);
  return chat.page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: object, options: object): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> } };
    // The page around is none of ours.
    const { violations } = await axe.run({ include: [['#chat']] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target.flat().join(' ')}`));
  });
}
