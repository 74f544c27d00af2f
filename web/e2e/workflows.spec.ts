/** What the assistant does on its way (UI-SPEC 6: workflows, tasks, images). */

import { added, assistant, created, done, other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import type { LiveStream } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

function workflow(tasks: object[], more: object = {}): object {
  return other('w1', 'workflow', { workflow: { type: 'custom', tasks, ...more } });
}

function update(change: object, itemId = 'w1'): object {
  return { type: 'thread.item.updated', item_id: itemId, update: change };
}

async function begun(chat: ChatPage, ...more: object[]): Promise<LiveStream> {
  await chat.open();
  return chat.askLive('Hi', ...BEGUN, ...more);
}

const TASKS = [
  { type: 'custom', title: 'Custom one', icon: 'bolt', content: 'With **details**', status_indicator: 'complete' },
  { type: 'web_search', title: 'Searching', title_query: 'cats', queries: ['cats', 'dogs'], sources: [{ type: 'url', url: 'https://a.test/', title: 'A page' }], status_indicator: 'loading' },
  { type: 'thought', title: 'Pondering', content: 'Hm, *well*' },
  { type: 'file', title: 'Reading', sources: [{ type: 'file', filename: 'a.pdf', title: 'A file' }] },
  { type: 'image', title: 'Drawing' },
];

test('59: the head is the early summary, else the newest task, and the duration at the end', async ({ chat }) => {
  const live = await begun(chat, added(workflow([{ type: 'custom', title: 'T1' }], { summary: { title: 'Early summary' } })));
  const head = chat.item('w1').locator('.workflow-head');
  await expect(head).toHaveText('Early summary');
  live.send({ type: 'thread.item.done', item: workflow([{ type: 'custom', title: 'T1' }], { summary: { duration: 12 } }) });
  await expect(head).toContainText('12 s');
  const second = { ...workflow([{ type: 'custom', title: 'First' }]), id: 'w2' };
  live.send(added(second), update({ type: 'workflow.task.added', task_index: 1, task: { type: 'custom', title: 'Newest' } }, 'w2'));
  await expect(chat.item('w2').locator('.workflow-head')).toHaveText('Newest');
  live.end();
});

test('60: a thought streams inside; the server opens, and the user decides', async ({ chat }) => {
  const live = await begun(chat, added(workflow([{ type: 'thought', title: 'Think', content: 'One' }], { type: 'reasoning', expanded: true })));
  const item = chat.item('w1');
  await expect(item).toContainText('One');
  live.send(update({ type: 'workflow.task.updated', task_index: 0, task: { type: 'thought', title: 'Think', content: 'One two' } }));
  await expect(item).toContainText('One two');
  await item.locator('.workflow-head').click();
  await expect(item).not.toContainText('One two');
  live.send(update({ type: 'workflow.task.updated', task_index: 0, task: { type: 'thought', title: 'Think', content: 'One two three' } }));
  live.send(done(assistant('a1', 'Answer')));
  await expect(chat.item('a1')).toBeVisible();
  await expect(item).not.toContainText('One two');
  await expect(item.locator('.workflow-head')).toHaveAttribute('aria-expanded', 'false');
  live.end();
});

test('61: the five kinds of tasks render in a workflow, with their state', async ({ chat }) => {
  const live = await begun(chat, added(workflow(TASKS, { expanded: true })));
  const item = chat.item('w1');
  for (const text of ['Custom one', 'details', 'cats', 'dogs', 'A page', 'Hm, well', 'A file', 'Drawing']) {
    await expect(item).toContainText(text);
  }
  await expect(item.locator('[data-task="web_search"] .spinner')).toHaveCount(1);
  await expect(item.getByRole('link', { name: 'A page' })).toHaveAttribute('rel', 'noopener noreferrer');
  live.end();
});

test('61: the five kinds of tasks render by themselves, without a state', async ({ chat }) => {
  const live = await begun(chat, ...TASKS.map((task, index) => added(other(`t${index}`, 'task', { task }))));
  await expect(chat.item('t4')).toContainText('Drawing');
  for (const [index, text] of ['Custom one', 'Searching', 'Pondering', 'Reading', 'Drawing'].entries()) {
    await expect(chat.item(`t${index}`)).toContainText(text);
  }
  await expect(chat.item('t1').locator('.spinner')).toHaveCount(0);
  live.end();
});

test('62: two equal tasks are two rows, and an update changes the right one', async ({ chat }) => {
  const task = { type: 'custom', title: 'Same' };
  const live = await begun(chat, added(workflow([], { expanded: true })));
  live.send(update({ type: 'workflow.task.added', task_index: 0, task }), update({ type: 'workflow.task.added', task_index: 0, task }));
  const rows = chat.item('w1').locator('.tasks > li');
  await expect(rows).toHaveText(['Same', 'Same']);
  live.send(update({ type: 'workflow.task.updated', task_index: 1, task: { type: 'custom', title: 'Changed' } }));
  await expect(rows).toHaveText(['Same', 'Changed']);
  live.end();
});

test('63: an image goes from a placeholder by partial ones to itself', async ({ chat }) => {
  const live = await begun(chat, added(other('i1', 'generated_image', { image: null })));
  const item = chat.item('i1');
  await expect(item).toBeVisible();
  await expect(item.locator('img')).toHaveCount(0);
  live.send(update({ type: 'generated_image.updated', image: { id: 'p1', url: PIXEL }, progress: 0.3 }, 'i1'));
  await expect(item.locator('img')).toHaveCount(1);
  await expect(item.locator('progress')).toHaveJSProperty('value', 0.3);
  live.send(update({ type: 'generated_image.updated', image: { id: 'p2', url: PIXEL }, progress: 0.7 }, 'i1'));
  await expect(item.locator('progress')).toHaveJSProperty('value', 0.7);
  live.send(done(other('i1', 'generated_image', { image: { id: 'p3', url: PIXEL } })));
  await expect(item.locator('progress')).toHaveCount(0);
  await expect(item.locator('img')).toHaveAttribute('src', PIXEL);
  live.end();
});

test('63: a placeholder whose image never came is taken away', async ({ chat }) => {
  const live = await begun(chat, done(assistant('a1', 'Text')), added(other('i1', 'generated_image', {})));
  await expect(chat.item('i1')).toBeVisible();
  live.end();
  await expect(chat.item('i1')).toHaveCount(0);
});
