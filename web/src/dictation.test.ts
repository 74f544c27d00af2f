import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { created, done, user } from '../tests/chat-under-test';
import { events, json } from '../tests/scripted-server';
import { buttonIf, click, drawn, uiUnderTest, type UiUnderTest } from '../tests/ui-under-test';
import { caretIn, fieldOf, write } from '../tests/writing';
import './components/composer';
import type { Composer } from './components/composer';

class FakeTrack {
  isStopped = false;
  stop(): void {
    this.isStopped = true;
  }
}

class FakeRecorder {
  static supported = ['audio/mp4', 'audio/ogg;codecs=opus'];
  static isTypeSupported = (type: string): boolean => FakeRecorder.supported.includes(type);
  static said = 'Sound';
  state = 'inactive';
  mimeType: string;
  ondataavailable?: (event: { data: Blob }) => void;
  onstop?: () => void;

  constructor(_stream: unknown, options: { mimeType?: string }) {
    this.mimeType = options.mimeType ?? '';
  }

  start(): void {
    this.state = 'recording';
  }

  stop(): void {
    this.state = 'inactive';
    this.ondataavailable?.({ data: new Blob(FakeRecorder.said ? [FakeRecorder.said] : []) });
    this.onstop?.();
  }
}

let tracks: FakeTrack[] = [];
let microphone: () => Promise<void>;

beforeEach(() => {
  tracks = [];
  microphone = async () => undefined;
  FakeRecorder.said = 'Sound';
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('AudioContext', undefined);
  Object.defineProperty(navigator, 'mediaDevices', {
    configurable: true,
    value: {
      async getUserMedia() {
        await microphone();
        const track = new FakeTrack();
        tracks.push(track);
        return { getTracks: () => [track] };
      },
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Test extends UiUnderTest {
  composer: Composer;
  written: () => string;
}

async function composerThatHears(): Promise<Test> {
  const test = uiUnderTest({ composer: { dictation: { enabled: true } } });
  const composer = await test.show<Composer>('ck-composer');
  return { ...test, composer, written: () => fieldOf(composer).textContent ?? '' };
}

describe('dictation', () => {
  it('puts what was said where the caret is, and lets go of the microphone', async () => {
    const { composer, server, written } = await composerThatHears();
    server.answer('input.transcribe', json({ text: ' dear ' }));
    await write(composer, 'Hello you');
    caretIn(fieldOf(composer).firstChild!, 5);
    await click(composer, 'Start dictation');
    expect(composer.querySelector('meter')).not.toBeNull();
    await click(composer, 'Stop dictation');
    await vi.waitFor(() => expect(written()).toBe('Hello dear you'));
    expect(server.bodies).toEqual([
      { type: 'input.transcribe', params: { audio_base64: btoa('Sound'), mime_type: 'audio/mp4' } },
    ]);
    expect(tracks.map(({ isStopped }) => isStopped)).toEqual([true]);
    expect(composer.getRootNode()).toHaveProperty('activeElement', fieldOf(composer));
    expect(buttonIf(composer, 'Start dictation')).toBeDefined();
  });

  it('can be cancelled, and asks the server nothing then', async () => {
    const { composer, server } = await composerThatHears();
    await click(composer, 'Start dictation');
    await click(composer, 'Cancel dictation');
    expect(tracks[0]?.isStopped).toBe(true);
    expect(server.requests).toEqual([]);
    expect(buttonIf(composer, 'Start dictation')).toBeDefined();
  });

  it.each([
    ['the server fails', 'Sound', json({ detail: 'no' }, 500)],
    ['nothing was recorded', '', json({ text: 'never' })],
  ])('leaves the text where %s', async (_why, said, answer) => {
    const { composer, server, written, toasts, details } = await composerThatHears();
    FakeRecorder.said = said;
    server.answer('input.transcribe', answer);
    await write(composer, 'Hello');
    await click(composer, 'Start dictation');
    await click(composer, 'Stop dictation');
    await vi.waitFor(() => expect(toasts).toEqual(['Dictation did not work.']));
    expect(details('error')).toHaveLength(1);
    expect(written()).toBe('Hello');
    expect(tracks[0]?.isStopped).toBe(true);
  });

  it('that is not allowed is told', async () => {
    const { composer, toasts, details } = await composerThatHears();
    microphone = async () => Promise.reject(new DOMException('Denied', 'NotAllowedError'));
    await click(composer, 'Start dictation');
    expect(toasts).toEqual(['The microphone cannot be used.']);
    expect(details('error')).toHaveLength(1);
  });

  it('starts once, however often it is asked for while the browser asks', async () => {
    const { composer } = await composerThatHears();
    const asked: (() => void)[] = [];
    microphone = () => new Promise((resolve) => asked.push(resolve));
    await click(composer, 'Start dictation');
    await click(composer, 'Start dictation');
    for (const allow of asked) allow();
    await drawn();
    expect(tracks).toHaveLength(1);
    composer.remove();
    expect(tracks[0]?.isStopped).toBe(true);
  });

  it('does not begin where the element is gone by the time it may', async () => {
    const { composer } = await composerThatHears();
    let allow!: () => void;
    microphone = () => new Promise((resolve) => (allow = resolve));
    await click(composer, 'Start dictation');
    composer.remove();
    allow();
    await drawn();
    expect(tracks.map(({ isStopped }) => isStopped)).toEqual([true]);
  });

  it('ends when the chat is closed meanwhile', async () => {
    const { ui, composer, server } = await composerThatHears();
    await click(composer, 'Start dictation');
    const thread = { id: 'thr_1', created_at: '2026-01-01T00:00:00', status: { type: 'closed' }, items: { data: [], has_more: false } };
    server.answer('threads.create', events([created('thr_1'), done(user('u1', 'Hi')), { type: 'thread.updated', thread }]));
    await ui.chat.send({ content: [{ type: 'input_text', text: 'Hi' }], attachments: [], quotedText: '', inferenceOptions: {} });
    await drawn();
    expect(tracks[0]?.isStopped).toBe(true);
  });

  it('ends by itself after two minutes', async () => {
    const { composer, server } = await composerThatHears();
    server.answer('input.transcribe', json({ text: 'long' }));
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
    composer.querySelector<HTMLButtonElement>('[aria-label="Start dictation"]')?.click();
    await vi.advanceTimersByTimeAsync(119_000);
    expect(tracks[0]?.isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(tracks[0]?.isStopped).toBe(true);
  });

  it('lets go of the microphone where nothing can be recorded', async () => {
    const { composer, toasts } = await composerThatHears();
    vi.spyOn(FakeRecorder.prototype, 'start').mockImplementationOnce(() => {
      throw new DOMException('No', 'NotSupportedError');
    });
    await click(composer, 'Start dictation');
    expect(tracks[0]?.isStopped).toBe(true);
    expect(toasts).toHaveLength(1);
  });

  it('is offered only where the browser can record, and the page wants it', async () => {
    const off = uiUnderTest();
    expect(buttonIf(await off.show<Composer>('ck-composer'), 'Start dictation')).toBeUndefined();
    vi.stubGlobal('MediaRecorder', undefined);
    const { composer } = await composerThatHears();
    expect(buttonIf(composer, 'Start dictation')).toBeUndefined();
  });
});
