/** Every component of the SDK, with every property that it has there (UI-SPEC 3.2, checklist 106). */

import { other, user } from '../tests/chat-under-test';
import { violations } from './axe';
import { type ChatPage, expect, test as base } from './chat-page';
import { ALIKE, BASES, catalogue, lookedUp, SAMPLES, UNSEEN, WITH, type Catalogue, type Choices } from './widget-catalogue';

const test = base.extend<{ sdk: Catalogue }>({
  sdk: [async ({}, use) => use(catalogue()), { timeout: 60_000 }],
});

type Node = Record<string, unknown>;

interface Variation {
  property: string;
  value: unknown;
  node: Node;
  /** The same without the property. */
  plain: Node;
}

// Icons are looked at by icons.spec of the unit tests; a few will do.
const MOST_VALUES = 15;

function valuesOf(type: string, property: string, { values, kinds }: Choices): unknown[] {
  const isOpen = values.length === 0 || kinds.some((kind) => kind !== 'boolean');
  const found = [...values.slice(0, MOST_VALUES), ...(isOpen ? (lookedUp(SAMPLES, type, property) ?? []) : [])];
  if (kinds.includes('boolean')) found.push(!/^show(Legend|Tooltip)$/.test(property));
  return found;
}

function variationsOf(type: string, properties: Record<string, Choices>): Variation[] {
  return Object.entries(properties).flatMap(([property, choices]) => {
    if (lookedUp(UNSEEN, type, property) !== undefined && !(type === 'Icon' && property === 'name')) return [];
    const plain = { type, ...BASES[type], ...WITH[`${type}.${property}`] };
    return valuesOf(type, property, choices).map((value) => ({ property, value, plain, node: { ...plain, [property]: value } }));
  });
}

function plainOf(variations: readonly Variation[]): Node[] {
  return [...new Map(variations.map(({ plain }) => [JSON.stringify(plain), plain])).values()];
}

/** A root with these in it. Rows are in a list, all others in a card. */
function rootOf(type: string, nodes: readonly Node[]): Node {
  const children = nodes.map((node, index) => ({ ...node, id: String(index) }));
  return type === 'ListViewItem' ? { type: 'ListView', children } : { type: 'Card', size: 'full', children };
}

async function show(chat: ChatPage, roots: Record<string, Node>, options: object = {}): Promise<string[]> {
  const said: string[] = [];
  chat.page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(message.text());
  });
  const items = Object.entries(roots).map(([id, widget]) => other(id, 'widget', { widget }));
  await chat.openThread([user('u1', 'Hi'), ...items], {}, options);
  for (const id of Object.keys(roots)) await expect(chat.item(id)).toBeAttached();
  await chat.page.evaluate(async () => {
    const root = document.getElementById('chat')!.shadowRoot!;
    await Promise.all([...root.querySelectorAll('img')].map((image) => {
      image.loading = 'eager'; // those out of sight would wait
      return image.decode().catch(() => undefined);
    }));
  });
  await expect.poll(() => chat.page.locator('ck-chart').evaluateAll((all) => all.every((one) => one.querySelector('svg')))).toBe(true);
  return said;
}

/** How each component of an item looks and what it says; not by which hooks it does so. */
function looks(chat: ChatPage, id: string): Promise<string[]> {
  return chat.item(id).locator('[data-component-id]').evaluateAll((all) => {
    const own = (element: Element): string => {
      const style = getComputedStyle(element);
      const attributes = [...element.attributes].filter(({ name }) => !/^(data-|id$|for$|style$|part$|aria-controls)/.test(name) && !(name === 'name' && element.matches('[type=radio]')));
      const { width, height } = element.getBoundingClientRect();
      const { value, checked, disabled } = element as HTMLInputElement;
      return JSON.stringify([
        element.tagName, attributes.map(({ name, value: text }) => [name, text]), typeof value === 'string' ? value : '', checked, disabled,
        // What is drawn says all in its attributes.
        element.matches('svg *') ? [] : [...style].map((name) => style.getPropertyValue(name)), width, height,
        element.childElementCount === 0 ? element.textContent : '',
      ]);
    };
    return all.map((element) => [element, ...element.querySelectorAll('*')].map(own).join());
  });
}

test('106: there is a sample of every component, and of every property, that the SDK has', ({ sdk }) => {
  for (const [type, properties] of Object.entries(sdk.components)) {
    expect.soft(BASES[type], `a sample of ${type}`).toBeDefined();
    for (const [property, choices] of Object.entries(properties)) {
      const isLookedAfter = lookedUp(UNSEEN, type, property) !== undefined;
      expect.soft(isLookedAfter || valuesOf(type, property, choices).length > 0, `a value of ${type}.${property}`).toBe(true);
    }
  }
});

test('106: every property of every component is there to be seen, and so is each of its values', async ({ chat, sdk }) => {
  test.setTimeout(90_000);
  const roots: Record<string, Node> = {};
  const all = new Map<string, Variation[]>();
  for (const [type, properties] of Object.entries(sdk.components)) {
    const variations = variationsOf(type, properties);
    all.set(type, variations);
    roots[`w-${type}`] = rootOf(type, [...variations.map(({ node }) => node), ...plainOf(variations)]);
  }
  // With corners that are neither square nor round, so that each kind of corner differs.
  const said = await show(chat, roots, { theme: { colorScheme: 'light', radius: 'soft' } });
  for (const [type, variations] of all) {
    const seen = await looks(chat, `w-${type}`);
    const plain = plainOf(variations).map((node) => JSON.stringify(node));
    expect.soft(seen, `${type} and its variations`).toHaveLength(variations.length + plain.length);
    const looked = variations.map((one, index) => ({ ...one, look: seen[index], before: seen[variations.length + plain.indexOf(JSON.stringify(one.plain))] }));
    for (const property of new Set(variations.map((one) => one.property))) {
      const some = looked.filter((one) => one.property === property);
      const alike = ALIKE[`${type}.${property}`] ?? [];
      const distinct = new Set(some.map(({ look }) => look));
      const least = some.length - Math.max(0, alike.length - 1);
      expect.soft(distinct.size, `looks of ${type}.${property}: ${JSON.stringify(some.map(({ value }) => value))}`).toBe(least);
      expect.soft(some.some(({ look, before }) => look !== before), `${type}.${property} does something`).toBe(true);
    }
  }
  expect(said).toEqual([]);
});

for (const theme of ['light', 'dark']) {
  test(`106: every component is visible and within 320 px, in ${theme}, and axe finds nothing`, async ({ chat, sdk }) => {
    test.setTimeout(90_000);
    await chat.page.setViewportSize({ width: 320, height: 700 });
    const roots = Object.fromEntries(Object.keys(sdk.components).map((type) => [`w-${type}`, rootOf(type, [{ type, ...BASES[type] }])]));
    const said = await show(chat, roots, { theme });
    for (const type of Object.keys(sdk.components)) {
      const component = chat.item(`w-${type}`).locator(`[data-widget-type="${type}"][data-component-id="0"]`);
      await expect.soft(component, type).toBeVisible();
      const { left, right, wider } = await component.evaluate((one) => {
        const box = one.getBoundingClientRect();
        const inside = [one, ...one.querySelectorAll(':not(.visually-hidden, .visually-hidden *, svg *)')].filter(({ clientWidth }) => clientWidth > 0);
        const wider = Math.max(0, ...inside.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
        return { left: box.left, right: box.right, wider };
      });
      expect.soft(left, `left of ${type}`).toBeGreaterThanOrEqual(0);
      expect.soft(right, `right of ${type}`).toBeLessThanOrEqual(320);
      expect.soft(wider, `what ${type} hides at its side`).toBe(0);
    }
    expect(await chat.page.locator('.scroller').evaluate((scroller) => scroller.scrollWidth - scroller.clientWidth)).toBe(0);
    expect(await violations(chat)).toEqual([]);
    expect(said).toEqual([]);
    await chat.page.setViewportSize({ width: 900, height: 700 });
  });
}
