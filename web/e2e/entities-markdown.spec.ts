/** Tags, sources, Markdown and links (UI-SPEC 6: entities, Markdown, links). */

import type { Locator } from '@playwright/test';
import { assistant, done, other, thread, user } from '../tests/chat-under-test';
import { type ChatPage, eventually, expect, test } from './chat-page';
import { events } from './scripted-server';
import { PAYLOADS, watchForScripts } from './xss';

function tagged(id: string, interactive: boolean): object {
  const part = { type: 'input_tag', id: `e-${id}`, text: `Entity ${id}`, group: 'Things', data: { kind: 'x' }, interactive };
  return { ...user(id, ''), content: [{ type: 'input_text', text: 'See ' }, part] };
}

async function withEntities(chat: ChatPage): Promise<void> {
  await chat.page.evaluate(() => {
    window.calls = [];
    return window.start({
      initialThread: 'thr_1',
      entities: {
        onClick: (entity: { id: string }) => void window.calls.push(['click', entity.id]),
        onRequestPreview: async (entity: { id: string }) => {
          window.calls.push(['preview', entity.id]);
          if (entity.id === 'e-none') return { preview: null };
          if (entity.id === 'e-fails') throw new Error('No preview');
          return { preview: { type: 'Card', children: [{ type: 'Text', value: `Preview of ${entity.id}` }] } };
        },
      },
    });
  });
}

test('116: interactive tags are clicked and previewed, others are not', async ({ chat }) => {
  await chat.openThread([tagged('one', true), tagged('none', true), tagged('fails', true), tagged('dull', false)]);
  await withEntities(chat);
  await expect(chat.button('@Entity dull')).toHaveCount(0);
  await chat.button('@Entity one').hover();
  await expect(chat.item('one')).toContainText('Preview of e-one');
  await chat.page.mouse.move(0, 0);
  await expect(chat.item('one')).not.toContainText('Preview of e-one');
  await chat.button('@Entity one').click();
  await expect(chat.item('one')).toContainText('Preview of e-one');
  await chat.button('@Entity none').focus();
  await expect(chat.item('none').getByRole('dialog')).toContainText('Entity none');
  await chat.page.keyboard.press('Escape');
  await expect(chat.item('none').getByRole('dialog')).toHaveCount(0);
  await chat.button('@Entity fails').focus();
  await expect(chat.item('fails').getByRole('dialog')).toContainText('Entity fails');
  await eventually(() => chat.page.evaluate(() => window.calls)).toEqual([['preview', 'e-one'], ['click', 'e-one'], ['preview', 'e-none'], ['preview', 'e-fails']]);
  expect(await chat.details('error')).toEqual([{ error: 'No preview', isError: true }]);
});

/** An answer whose sources are entities of the page. */
function sourced(...sources: object[]): object {
  const annotations = sources.map((source, place) => ({ type: 'annotation', index: place + 1, source: { type: 'entity', group: 'Things', data: { kind: 'x' }, ...source } }));
  return { ...assistant('a1'), content: [{ type: 'output_text', text: 'Words', annotations }] };
}

test('116: entities that are sources have cards, and only interactive ones more', async ({ chat }) => {
  const one = { id: 'e-one', title: 'The one', label: 'One', inline_label: '1st', icon: 'map-pin', interactive: true };
  const none = { id: 'e-none', title: 'Nothing', label: 'None', description: 'What is known', inline_label: '2nd', interactive: true };
  const dull = { id: 'e-dull', title: 'The dull', label: 'Dull', inline_label: '3rd' };
  await chat.openThread([user('u1', 'Hi'), sourced(one, none, dull)]);
  await withEntities(chat);
  const marker = (label: string): Locator => chat.item('a1').locator('[data-citation]').filter({ hasText: label });
  const card = chat.page.getByRole('tooltip');
  await marker('3rd').click();
  await expect(card).toContainText('The dull');
  await marker('2nd').hover();
  await expect(card).toContainText('What is known');
  await marker('1st').focus();
  await expect(card).toContainText('Preview of e-one');
  await chat.page.keyboard.press('Escape');
  await expect(card).toHaveCount(0);
  await marker('1st').click();
  await expect(card).toContainText('Preview of e-one');
  const asked = await chat.page.evaluate(() => window.calls);
  expect(asked).toEqual([['preview', 'e-none'], ['preview', 'e-one'], ['click', 'e-one']]);
});

test('116: what the page gets of a source is an entity, with all that is known', async ({ chat }) => {
  const entity = { id: 'e-one', title: 'The one', icon: 'map-pin', group: 'Things', data: { kind: 'x' }, interactive: true };
  await chat.openThread([user('u1', 'Hi'), sourced({ ...entity, label: 'One', inline_label: '1st' })]);
  await chat.page.evaluate(() => {
    window.calls = [];
    return window.start({ initialThread: 'thr_1', entities: { onClick: (entity: unknown) => void window.calls.push(['click', entity]) } });
  });
  await chat.item('a1').locator('[data-citation]').click();
  expect(await chat.page.evaluate(() => window.calls)).toEqual([['click', entity]]);
});

test('116: a preview is asked for once, wherever the entity is named, and again after a failure', async ({ chat }) => {
  const source = (id: string): object => ({ id: `e-${id}`, title: `Entity ${id}`, label: id, inline_label: `see ${id}`, interactive: true });
  await chat.openThread([tagged('one', true), sourced(source('one'), source('none'), source('fails'))]);
  await withEntities(chat);
  const marker = (id: string): Locator => chat.item('a1').locator('[data-citation]').filter({ hasText: `see ${id}` });
  const card = chat.page.getByRole('tooltip');
  await chat.button('@Entity one').focus();
  await expect(chat.item('one')).toContainText('Preview of e-one');
  await marker('one').focus();
  await expect(card).toContainText('Preview of e-one');
  for (const id of ['none', 'fails']) {
    for (let time = 0; time < 2; time++) {
      await marker(id).focus();
      await expect(card).toContainText(`Entity ${id}`);
      await chat.page.keyboard.press('Escape');
      await marker(id).blur();
      await expect(card).toHaveCount(0);
    }
  }
  const calls = await chat.page.evaluate(() => window.calls);
  expect(calls).toEqual([['preview', 'e-one'], ['preview', 'e-none'], ['preview', 'e-fails'], ['preview', 'e-fails']]);
  expect(await chat.details('error')).toEqual(Array(2).fill({ error: 'No preview', isError: true }));
});

test('117: Markdown has its forms, and raw HTML and strange links do nothing', async ({ chat }) => {
  const text = [
    '# Head', '- [x] done\n- [ ] open', '1. one\n2. two', '> quote', '~~gone~~ and `code`', 'line one\nline two',
    '| a | b |\n| - | -: |\n| 1 | 2 |', '```js\nlet a = 1\n```', 'Math \\(a^2\\) costs $5 and $10', '$$b^2$$',
    '<b>raw</b>', '[evil](javascript:alert(1))', '[good](https://a.test/x)', '[mail](mailto:a@b.test)',
  ].join('\n\n');
  await chat.openThread([user('u1', '*not* Markdown'), assistant('a1', text)]);
  const item = chat.item('a1');
  await expect(item.getByRole('heading', { name: 'Head' })).toBeVisible();
  await expect(item.getByRole('checkbox')).toHaveCount(2);
  await expect(item.locator('blockquote')).toContainText('quote');
  await expect(item.locator('s, del')).toHaveText('gone');
  await expect(item.locator('br')).not.toHaveCount(0);
  await expect(item.getByRole('table')).toBeVisible();
  await expect(item.locator('math')).toHaveCount(2);
  await expect(item).toContainText('$5 and $10');
  await expect(item).toContainText('<b>raw</b>');
  await expect(item.getByRole('link', { name: 'evil' })).toHaveCount(0);
  const good = item.getByRole('link', { name: 'good' });
  await expect(good).toHaveAttribute('target', '_blank');
  await expect(good).toHaveAttribute('rel', /noopener/);
  await chat.button('Copy code').click();
  expect((await chat.page.evaluate(() => navigator.clipboard.readText())).trim()).toBe('let a = 1');
  await expect(chat.item('u1')).toContainText('*not* Markdown');
});

test('118: a link of the chat\'s own is told, and leads nowhere', async ({ chat }) => {
  await chat.openThread([user('u1', 'Hi'), assistant('a1', '[Open](chatkit-link://source?source_id=1)')]);
  const before = chat.page.url();
  await chat.page.getByText('Open', { exact: true }).click();
  expect(await chat.details('deeplink')).toEqual([{ name: 'source', data: { source_id: '1' } }]);
  expect(chat.page.url()).toBe(before);
});

test('119: pictures come only from where the thread allows it, also when that changes', async ({ chat }) => {
  const images = '![one](https://cdn.ok.test/1.png) ![two](https://evil.test/2.png)';
  await chat.openThread([user('u1', 'Hi'), assistant('a1', images)], { allowed_image_domains: ['ok.test'] });
  const shown = chat.item('a1').locator('img');
  await expect(shown).toHaveCount(1);
  await expect(shown).toHaveAttribute('src', 'https://cdn.ok.test/1.png');
  await expect(chat.item('a1')).toContainText('two');
  await eventually(() => chat.foreign).toEqual(['https://cdn.ok.test/1.png']);
  chat.answerNext(events([done(user('u2', 'x')), { type: 'thread.updated', thread: thread('thr_1', { allowed_image_domains: [] }) }]));
  await chat.send('x');
  await expect(shown).toHaveCount(0);
  // A thread that names no hosts leaves it to the page.
  await chat.set({ initialThread: 'thr_1', allowedImageDomains: ['*'] });
  chat.answerNext(events([done(user('u3', 'x')), { type: 'thread.updated', thread: thread('thr_1') }]));
  await expect(chat.log).toHaveAttribute('aria-busy', 'false');
  await chat.send('x');
  await expect(shown).toHaveCount(2);
  chat.foreign = [];
});

test('120: no text of any field runs a script, or asks anybody', async ({ chat, server }) => {
  test.slow();
  const foreign = await watchForScripts(chat.page, server.url);
  const workflows = { type: 'custom', expanded: true };
  const items = PAYLOADS.flatMap((evil, index) => {
    const source = { title: evil, description: evil, group: evil, timestamp: evil };
    return [
      { ...user(`u${index}`, evil), quoted_text: evil, content: [{ type: 'input_text', text: evil }, { type: 'input_tag', id: evil, text: evil, group: evil, data: {}, interactive: true }],
        attachments: [{ id: `f${index}`, type: 'file', name: evil, mime_type: evil }, { id: `i${index}`, type: 'image', name: evil, mime_type: 'image/png', preview_url: `javascript:pwn("preview")//${evil}` }] },
      { ...assistant(`a${index}`), content: [{ type: 'output_text', text: evil, annotations: [
        { type: 'annotation', index: 2, source: { ...source, type: 'url', url: `javascript:pwn("source")//${evil}`, attribution: evil } },
        { type: 'annotation', source: { ...source, type: 'file', filename: evil } },
        { type: 'annotation', source: { ...source, type: 'entity', id: evil, icon: evil, label: evil, inline_label: evil, interactive: true } },
      ] }] },
      other(`w${index}`, 'workflow', { workflow: { ...workflows, summary: { title: evil, icon: evil }, tasks: [
        { type: 'custom', title: evil, icon: evil, content: evil }, { type: 'thought', title: evil, content: evil },
        { type: 'web_search', title: evil, title_query: evil, queries: [evil], sources: [{ ...source, type: 'url', url: 'javascript:pwn("task")' }] },
        { type: 'file', title: evil, sources: [{ ...source, type: 'file', filename: evil }] },
      ] } }),
      other(`x${index}`, 'widget', { copy_text: evil, widget: { type: 'Card', status: { text: evil, icon: evil, favicon: 'javascript:pwn("favicon")' }, background: evil, children: [
        { type: 'Title', value: evil, color: evil }, { type: 'Text', value: evil }, { type: 'Caption', value: evil }, { type: 'Markdown', value: evil },
        { type: 'Badge', label: evil, color: evil }, { type: 'Icon', name: evil }, { type: 'Button', label: evil, iconStart: evil, onClickAction: { type: evil } },
        { type: 'Image', src: 'javascript:pwn("image")', alt: evil }, { type: 'Input', name: evil, placeholder: evil, defaultValue: evil, inputType: evil, pattern: '(' },
        { type: 'Select', name: evil, options: [{ value: evil, label: evil }], placeholder: evil }, { type: 'Checkbox', name: evil, label: evil },
        { type: evil, children: [{ type: 'Text', value: evil }] }, { type: 'Box', width: evil, border: { size: 1, color: evil }, children: [] },
      ] } }),
      other(`g${index}`, 'generated_image', { image: { id: evil, url: `javascript:pwn("generated")` } }),
      other(`q${index}`, 'structured_input', { status: 'answered', inputs: [{ type: 'freeform', id: 'q', question: evil, description: evil, answer: { values: [evil] } }] }),
    ];
  });
  await chat.openThread(items, { title: PAYLOADS[1] }, { disclaimer: { text: PAYLOADS[8] } });
  await expect(chat.item(`q${PAYLOADS.length - 1}`)).toBeAttached();
  chat.answerNext(events([
    done(user('last', 'x')), { type: 'progress_update', text: PAYLOADS[1], icon: PAYLOADS[1] },
    ...PAYLOADS.map((evil) => ({ type: 'notice', level: 'info', title: evil, message: evil })),
    { type: 'error', code: 'custom', message: PAYLOADS[3], allow_retry: true },
  ]));
  await chat.send('x');
  await expect(chat.page.locator('.notice')).toHaveCount(PAYLOADS.length);
  // Sources open, links that look like links are clicked.
  await chat.log.evaluate((log) => {
    for (const head of log.querySelectorAll<HTMLElement>('.sources-head')) head.click();
  });
  await expect(chat.log.locator('.sources li').first()).toBeAttached();
  await chat.log.evaluate((log) => {
    for (const link of log.querySelectorAll('a')) if (!/^https?:/.test(link.getAttribute('href') ?? '')) link.click();
  });
  const strange = await chat.log.evaluate((log) => [...log.querySelectorAll('[href], [src]')].map((one) => one.getAttribute('href') ?? one.getAttribute('src') ?? '').filter((url) => !/^(https?:|mailto:|#|data:image\/(png|jpeg|gif|webp);)/.test(url)));
  expect(strange).toEqual([]);
  const handlers = await chat.page.evaluate(() => {
    const all = [...document.getElementById('chat')!.shadowRoot!.querySelectorAll('*')];
    return all.filter((one) => one.getAttributeNames().some((name) => /^on/.test(name)) || /^(script|iframe|object|embed|link|base|meta|form\[action\])$/.test(one.localName)).map((one) => one.outerHTML.slice(0, 80));
  });
  expect(handlers).toEqual([]);
  await chat.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))));
  expect(await chat.page.evaluate(() => window.pwned ?? ['not watched'])).toEqual([]);
  expect(foreign()).toEqual([]);
});
