import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientSecret, serverConfig } from './server';

let asked: [string, unknown][];
let answers: (Response | Error)[];

beforeEach(() => {
  asked = [];
  answers = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit = {}) => {
    asked.push([path, init.body === undefined ? undefined : JSON.parse(init.body as string)]);
    const answer = answers.shift();
    if (!(answer instanceof Response)) throw answer ?? new TypeError('Failed to fetch');
    return answer;
  });
});
afterEach(() => vi.unstubAllGlobals());

const refusal = (status: number, message: string): Response =>
  new Response(JSON.stringify({ error: { code: 'no', message } }), { status });
const issued = (secret: string): Response => new Response(JSON.stringify({ client_secret: secret }));

describe('a client secret', () => {
  test('comes with a new session at first, and by a refresh later', async () => {
    answers = [issued('cs_1'), issued('cs_2')];
    expect(await clientSecret(null)).toBe('cs_1');
    expect(await clientSecret('cs_1')).toBe('cs_2');
    expect(asked).toEqual([
      ['/api/chatkit/session', {}],
      ['/api/chatkit/refresh', { currentClientSecret: 'cs_1' }],
    ]);
  });

  test('comes with a new session where the old one is over', async () => {
    answers = [refusal(401, 'It is over.'), issued('cs_3')];
    expect(await clientSecret('cs_1')).toBe('cs_3');
    expect(asked.map(([path]) => path)).toEqual(['/api/chatkit/refresh', '/api/chatkit/session']);
  });

  test('is refused in words where nobody is signed in', async () => {
    answers = [refusal(401, 'The cookie is missing.')];
    await expect(clientSecret(null)).rejects.toThrow('You are not signed in. The cookie is missing.');
    answers = [refusal(401, 'Nobody is signed in. Send the cookie.')];
    await expect(clientSecret(null)).rejects.toThrow(/^You are not signed in\. Send the cookie\.$/);
  });

  test('is not asked for again where the server has too much to do', async () => {
    answers = [refusal(429, 'Too many requests.')];
    await expect(clientSecret('cs_1')).rejects.toThrow('Too many requests.');
    expect(asked).toHaveLength(1);
  });
});

describe('the configuration', () => {
  test('says that the server is down', async () => {
    await expect(serverConfig()).rejects.toThrow('The server cannot be reached. Is it running?');
  });

  test('says what a proxy answers in its place', async () => {
    answers = [new Response('<h1>Bad gateway</h1>', { status: 502 })];
    await expect(serverConfig()).rejects.toThrow('The server answers with the status 502.');
  });
});
