import { describe, expect, test } from 'vitest';
import { elementOptions, type Choice } from './options';
import type { ServerConfig } from './server';

const CHOICE: Choice = { userId: '', scheme: 'light', context: null };
const secret = async (): Promise<string> => 'cs_1';

function config(server: Partial<ServerConfig['server']>): ServerConfig {
  return { options: { startScreen: { greeting: 'Hello' } }, server: { version: '1', auth: [], development: false, ...server } };
}

describe('the options of the page', () => {
  test('are those of the server, with the chosen user where anybody may choose', () => {
    const given = config({ auth: ['session', 'dev'], development: true });
    const { api, startScreen } = elementOptions(given, { ...CHOICE, userId: 'a b' }, secret);
    expect(startScreen).toEqual({ greeting: 'Hello' });
    expect(api).toEqual({ url: '/api/chatkit?userId=a%20b' });
  });

  test('name no user where the server signs users in', () => {
    const given = config({ auth: ['session', 'cookie'] });
    const { api } = elementOptions(given, { ...CHOICE, userId: 'somebody' }, secret);
    expect(api).toEqual({ url: '/api/chatkit', getClientSecret: secret });
  });

  test('ask for no client secret where the server takes none', () => {
    expect(elementOptions(config({ auth: ['cookie'] }), CHOICE, secret).api).toEqual({ url: '/api/chatkit' });
  });

  test('let files go where the server says', () => {
    const given = config({ uploads: { strategy: 'two_phase' } });
    expect(elementOptions(given, CHOICE, secret).api.uploadStrategy).toEqual({ type: 'two_phase' });
  });

  test('tell of the page what is filled in', () => {
    const context = { title: 'Prices', url: '', name: 'Ada' };
    expect(elementOptions(config({}), { ...CHOICE, context }, secret).context).toEqual({
      page: { title: 'Prices' },
      user: { name: 'Ada' },
    });
  });
});
