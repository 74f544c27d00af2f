/** The child of a Transition comes and goes gently (UI-SPEC 3.2). */

import { added, created, done, other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import { json, type LiveStream } from './scripted-server';

const LINES = { type: 'Text', id: 'long', value: 'One\nTwo\nThree\nFour' };
const FIELD = { type: 'Input', id: 'field', name: 'gone', defaultValue: 'x', required: true };

const SEND = { type: 'Button', label: 'Send', submit: true, onClickAction: { type: 'send', streaming: false } };

function root(child: object | null): object {
  return { type: 'Card', children: [{ type: 'Form', children: [{ type: 'Transition', id: 't', children: child }, SEND] }] };
}

interface Move {
  of: string;
  properties: string[];
}

declare global {
  interface Window {
    moves: Move[];
    animations: Animation[];
  }
}

/** A widget whose Transition has this child, and how it gets another. What moves then is noted, and stands still. */
async function begun(chat: ChatPage, child: object | null): Promise<{ live: LiveStream; change(to: object | null): void }> {
  await chat.open();
  const live = await chat.askLive('Hi', created('thr_1'), done(user('u1', 'Hi')), added(other('w1', 'widget', { widget: root(child) })));
  await expect(chat.item('w1').locator('.transition')).toHaveCount(1);
  await expect(chat.item('w1').locator('.transition-child')).toHaveCount(child ? 1 : 0);
  await chat.page.evaluate(async () => {
    const place = document.getElementById('chat')!.shadowRoot!.querySelector('.transition')!;
    await Promise.all(place.getAnimations({ subtree: true }).map((animation) => animation.finished));
    const animate = Element.prototype.animate;
    Object.assign(window, { moves: [], animations: [] });
    Element.prototype.animate = function (this: HTMLElement, frames, options): Animation {
      const properties = [frames ?? []].flat().flatMap((frame) => Object.keys(frame)).filter((name) => name !== 'overflow');
      window.moves.push({ of: 'leaving' in this.dataset ? 'leaving' : this.className, properties: [...new Set(properties)] });
      const animation = animate.call(this, frames, options);
      animation.pause();
      window.animations.push(animation);
      return animation;
    };
  });
  const change = (to: object | null): void => live.send({ type: 'thread.item.updated', item_id: 'w1', update: { type: 'widget.root.updated', widget: root(to) } });
  return { live, change };
}

const moves = (chat: ChatPage): Promise<Move[]> => chat.page.evaluate(() => window.moves);

function finish(chat: ChatPage): Promise<void> {
  return chat.page.evaluate(() => {
    for (const animation of window.animations) if (animation.playState !== 'idle') animation.finish();
  });
}

test.describe('106: a Transition', () => {
  test.beforeEach(({ chat }) => chat.page.emulateMedia({ reducedMotion: 'no-preference' }));
  test.afterEach(({ chat }) => chat.page.emulateMedia({ reducedMotion: 'reduce' }));

  test('fades its child in, and grows with it', async ({ chat }) => {
    const { live, change } = await begun(chat, null);
    change(LINES);
    await expect.poll(() => moves(chat)).toEqual([
      { of: 'transition-child', properties: ['opacity', 'translate'] },
      { of: 'transition', properties: ['blockSize'] },
    ]);
    expect((await chat.item('w1').locator('.transition').boundingBox())!.height).toBe(0);
    await finish(chat);
    await expect(chat.item('w1')).toContainText('Four');
    live.end();
  });

  test('fades its child out; meanwhile it cannot be used, and counts no more', async ({ chat, server }) => {
    const { live, change } = await begun(chat, FIELD);
    change(null);
    const child = chat.item('w1').locator('.transition-child');
    await expect(child).toHaveAttribute('inert', '');
    expect(await moves(chat)).toEqual([
      { of: 'leaving', properties: ['opacity', 'translate'] },
      { of: 'transition', properties: ['blockSize'] },
    ]);
    await chat.item('w1').getByRole('textbox').fill('', { force: true });
    server.answer('threads.sync_custom_action', json({}));
    await chat.button('Send').click();
    const { body } = await server.asked('threads.sync_custom_action');
    expect(body.params['action']).toEqual({ type: 'send' });
    await finish(chat);
    await expect(child).toHaveCount(0);
    live.end();
  });

  test('takes one child for another, also one that was about to go', async ({ chat }) => {
    const { live, change } = await begun(chat, LINES);
    await chat.page.evaluate(() => {
      window.kept = document.getElementById('chat')!.shadowRoot!.querySelector('.transition .text');
    });
    change(FIELD);
    await expect(chat.item('w1').locator('.transition-child')).toHaveCount(2);
    change(LINES);
    await expect(chat.item('w1').locator('.transition-child').filter({ has: chat.page.locator('.text') })).not.toHaveAttribute('inert');
    await finish(chat);
    await expect(chat.item('w1').locator('.transition-child')).toHaveCount(1);
    expect(await chat.page.evaluate(() => window.kept?.isConnected)).toBe(true);
    live.end();
  });

  test('leaves a child alone that only changes', async ({ chat }) => {
    const { live, change } = await begun(chat, { ...LINES, value: 'One' });
    change({ ...LINES, value: 'Two' });
    await expect(chat.item('w1')).toContainText('Two');
    expect(await moves(chat)).toEqual([]);
    live.end();
  });
});

test('106: a Transition is at once what it will be, where less motion is asked for', async ({ chat }) => {
  const { live, change } = await begun(chat, LINES);
  change(null);
  await expect(chat.item('w1').locator('.transition-child')).toHaveCount(0);
  change(FIELD);
  await expect(chat.item('w1').getByRole('textbox')).toBeVisible();
  expect(await moves(chat)).toEqual([]);
  live.end();
});
