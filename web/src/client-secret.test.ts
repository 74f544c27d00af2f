// @vitest-environment node
import { describe, expect, it, vi } from 'vitest';
import { ClientSecret } from './client-secret';

function jwt(endsAtSeconds: number): string {
  const payload = btoa(JSON.stringify({ exp: endsAtSeconds, name: '?>~?>~' }));
  return `head.${payload.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}.sign`;
}

describe('a client secret', () => {
  it('is asked for once, with null, and kept', async () => {
    const source = vi.fn(async () => 'first');
    const secret = new ClientSecret(() => source);
    expect(await Promise.all([secret.get(), secret.get()])).toEqual(['first', 'first']);
    expect(await secret.get()).toBe('first');
    expect(source.mock.calls).toEqual([[null]]);
  });

  it('is replaced once for all requests that were refused with it', async () => {
    const source = vi.fn(async (current: string | null) => (current === null ? 'old' : 'new'));
    const secret = new ClientSecret(() => source);
    await secret.get();
    const replaced = await Promise.all([1, 2, 3].map(() => secret.replace('old')));
    expect(replaced).toEqual(['new', 'new', 'new']);
    expect(await secret.replace('old')).toBe('new');
    expect(source.mock.calls).toEqual([[null], ['old']]);
  });

  it('makes later requests wait for the new one', async () => {
    let give!: (secret: string) => void;
    const source = vi
      .fn<(current: string | null) => Promise<string>>()
      .mockResolvedValueOnce('old')
      .mockReturnValueOnce(new Promise((resolve) => (give = resolve)));
    const secret = new ClientSecret(() => source);
    await secret.get();
    const replaced = secret.replace('old');
    const later = secret.get();
    give('new');
    expect(await Promise.all([replaced, later])).toEqual(['new', 'new']);
    expect(source).toHaveBeenCalledTimes(2);
  });

  it('that is a JWT is refreshed half a minute before its end', async () => {
    const ending = jwt(1_000);
    const source = vi.fn(async (current: string | null) => (current === null ? ending : 'next'));
    const secret = new ClientSecret(() => source);
    expect(await secret.get(900_000)).toBe(ending);
    expect(await secret.get(969_999)).toBe(ending);
    expect(await secret.get(970_001)).toBe('next');
    expect(source.mock.calls).toEqual([[null], [ending]]);
  });

  it('that only looks like a JWT is used as it is', async () => {
    const source = vi.fn(async () => 'a.%%%.c');
    const secret = new ClientSecret(() => source);
    await secret.get();
    expect(await secret.get()).toBe('a.%%%.c');
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('comes from the function that the page has now', async () => {
    let source = async (): Promise<string> => 'old';
    const secret = new ClientSecret(() => source);
    await secret.get();
    source = async () => 'new';
    expect(await secret.get()).toBe('old');
    expect(await secret.replace('old')).toBe('new');
  });

  it('fails with the error of the page, and is asked for again next time', async () => {
    const failure = new Error('Signed out');
    const source = vi
      .fn<(current: string | null) => Promise<string>>()
      .mockRejectedValueOnce(failure)
      .mockResolvedValueOnce('good');
    const secret = new ClientSecret(() => source);
    await expect(secret.get()).rejects.toBe(failure);
    expect(await secret.get()).toBe('good');
  });

  it('must be a string with something in it', async () => {
    const secret = new ClientSecret(() => async () => '');
    await expect(secret.get()).rejects.toThrow(TypeError);
  });
});
