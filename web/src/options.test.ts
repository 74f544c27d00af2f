import { describe, expect, it } from 'vitest';
import { lacksUploads, resolved, sameServer, unknownKeys, type ElementOptions } from './options';

const url = 'https://chat.test/api';
const getClientSecret = async (): Promise<string> => 'secret';

describe('options', () => {
  it('have their defaults where nothing is given', () => {
    const options = resolved({ api: { url } });
    expect(options).toMatchObject({
      theme: { colorScheme: 'light' },
      frameTitle: 'Chat',
      initialThread: null,
      header: { enabled: true },
      history: { enabled: true, showDelete: true, showRename: true },
      startScreen: { prompts: [] },
      threadItemActions: { feedback: false, retry: false },
      composer: {
        attachments: { enabled: false, maxSize: 100 * 1024 * 1024, maxCount: 10 },
        tools: [],
        models: [],
        dictation: false,
      },
      commands: { enabled: false },
      thread: { autoScroll: false },
    });
    expect(options.startScreen.greeting).toBeUndefined();
    expect(options.composer.placeholder).toBeUndefined();
  });

  it('are refused without an api, or with one that leads nowhere', () => {
    for (const given of [undefined, {}, { api: null }, { api: {} }]) {
      expect(() => resolved(given as unknown as ElementOptions)).toThrow(TypeError);
    }
  });

  it('take a theme by its name, and null for what is missing', () => {
    expect(resolved({ api: { url }, theme: 'dark' }).theme).toEqual({ colorScheme: 'dark' });
    expect(resolved({ api: { url }, theme: { radius: 'soft' } }).theme).toEqual({ colorScheme: 'light', radius: 'soft' });
    const nulls = { api: { url }, composer: null, theme: null, header: null, history: null, entities: null };
    expect(resolved(nulls as unknown as ElementOptions)).toEqual(resolved({ api: { url } }));
  });

  it('upload in two phases in the hosted form, and as they say elsewhere', () => {
    const composer = { attachments: { enabled: true } };
    expect(resolved({ api: { getClientSecret }, composer }).api.uploadStrategy).toEqual({ type: 'two_phase' });
    expect(lacksUploads(resolved({ api: { getClientSecret }, composer }))).toBe(false);
    expect(lacksUploads(resolved({ api: { url }, composer }))).toBe(true);
    expect(lacksUploads(resolved({ api: { url } }))).toBe(false);
  });

  it('that are not known are named, but not the handlers of React', () => {
    const given = { api: { url }, theme: 'dark', onReady: () => undefined, colour: 1, onething: 2 };
    expect(unknownKeys(given)).toEqual(['colour', 'onething']);
  });

  it('are of the same server as long as its address and the kind of access are', () => {
    const one = resolved({ api: { url, fetch: async () => new Response() } });
    expect(sameServer(one, resolved({ api: { url }, theme: 'dark' }))).toBe(true);
    expect(sameServer(one, resolved({ api: { url: `${url}/2` } }))).toBe(false);
    expect(sameServer(one, resolved({ api: { url, getClientSecret } }))).toBe(false);
  });
});
