/** Widgets as Widget Studio's templates make them (tests/widgets), built by the SDK (checklist 106). */

import { other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test as base } from './chat-page';
import { catalogue } from './widget-catalogue';

const test = base.extend<{ templates: Record<string, Node> }>({
  templates: [async ({}, use) => use(catalogue().templates as Record<string, Node>), { timeout: 60_000 }],
});

type Node = Record<string, unknown>;

interface Said {
  text: string;
  as: 'text' | 'part' | 'field';
}

/** What a widget says, in texts, in parts of them and in fields. */
function saidBy(value: unknown): Said[] {
  if (Array.isArray(value)) return value.flatMap(saidBy);
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  const inside = saidBy(Object.entries(node).filter(([name]) => name !== 'data' && name !== 'options').map(([, one]) => one));
  const own = ['value', 'label', 'text'].map((name) => node[name]).filter((one) => typeof one === 'string');
  if (node['type'] === 'Markdown') return own.flatMap(plain).map((text) => ({ text, as: 'part' }));
  if (node['type'] === 'Textarea') own.push(String(node['defaultValue']));
  const as = node['editable'] || node['type'] === 'Textarea' ? 'field' : 'text';
  return [...own.map((text): Said => ({ text, as })), ...inside];
}

/** The words of a simple Markdown, in pieces that are elements of their own. */
function plain(markdown: string): string[] {
  return markdown.split(/\n+|\*\*|`|:/).map((piece) => piece.replace(/^\d+\. /, '').trim()).filter((piece) => /\w{3}/.test(piece));
}

async function show(chat: ChatPage, templates: Record<string, Node>, theme: string): Promise<string[]> {
  const said: string[] = [];
  chat.page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(message.text());
  });
  await chat.openThread([user('u1', 'Hi'), ...Object.entries(templates).map(([id, widget]) => other(id, 'widget', { widget }))], {}, { theme });
  const more = chat.page.getByRole('button', { name: 'Show more' });
  await expect(more.first()).toBeVisible();
  while ((await more.count()) > 0) await more.first().click();
  await expect.poll(() => chat.page.locator('ck-chart').evaluateAll((all) => all.every((one) => one.querySelector('svg')))).toBe(true);
  return said;
}

/** What goes beyond the sides of its widget, or is cut off by them. */
function outside(chat: ChatPage, id: string): Promise<string[]> {
  return chat.item(id).evaluate((item) => {
    const { left, right } = item.getBoundingClientRect();
    const all = [...item.querySelectorAll('*:not(.visually-hidden, .visually-hidden *, .popup, .popup *, svg *)')];
    const beyond = all.filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width > 0 && (box.left < left - 1 || box.right > right + 1);
    });
    const cut = all.filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1 && !one.matches('input, [data-clamped]'));
    return [...beyond, ...cut].map((one) => `${one.tagName} ${one.className} ${one.textContent?.trim().slice(0, 30)}`);
  });
}

for (const theme of ['light', 'dark']) {
  for (const width of [900, 320]) {
    test(`106: templates show all that they say, in ${theme}, ${width} px wide`, async ({ chat, templates }) => {
      test.setTimeout(60_000);
      expect(Object.keys(templates).length).toBeGreaterThan(5);
      await chat.page.setViewportSize({ width, height: 700 });
      const said = await show(chat, templates, theme);
      for (const [id, widget] of Object.entries(templates)) {
        const all = saidBy(widget);
        expect.soft(all.length, id).toBeGreaterThan(2);
        const values = await chat.item(id).locator('input, textarea').evaluateAll((fields) => fields.map((one) => (one as HTMLInputElement).value));
        for (const { text, as } of all) {
          if (as === 'field') expect.soft(values, `a field of ${id}`).toContain(text);
          else await expect.soft(chat.item(id).getByText(text, { exact: as === 'text' }).first(), `“${text}” of ${id}`).toBeVisible();
        }
        expect.soft(await outside(chat, id), `what is outside of ${id}`).toEqual([]);
      }
      expect(await chat.page.locator('.scroller').evaluate((scroller) => scroller.scrollWidth - scroller.clientWidth)).toBe(0);
      expect(said).toEqual([]);
      await chat.page.setViewportSize({ width: 900, height: 700 });
    });
  }
}
