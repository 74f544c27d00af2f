// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { bodyOf, chunksOf } from '../tests/scripted-server';
import { eventData } from './sse';

async function read(chunks: readonly Uint8Array[]): Promise<string[]> {
  const found = [];
  for await (const data of eventData(bodyOf(chunks))) found.push(data);
  return found;
}

const MIXED = [
  ': a comment\n',
  'data: Grüezi 👋🏽\n\n',
  'event: named\r\nid: 7\r\ndata: first\r\ndata: second\r\n\r\n',
  'data:no space\n\n',
  'data:  two spaces\n\n',
  'data: returns\rdata: alone\r\r',
  'data\n\n',
  'retry: 10\n\n',
  ': keep-alive\r\n\r\n',
  'database: not data\n\n',
  'data: “最後”',
].join('');
const READ = [
  'Grüezi 👋🏽',
  'first\nsecond',
  'no space',
  ' two spaces',
  'returns\nalone',
  '',
  '“最後”',
];

describe('eventData', () => {
  it('reads all forms of lines, and a last event that no blank line follows', async () => {
    expect(await read(chunksOf(MIXED))).toEqual(READ);
  });

  it('reads the same when the body comes byte by byte', async () => {
    expect(await read(chunksOf(MIXED, 1))).toEqual(READ);
  });

  it('reads the same wherever the body is cut in two', async () => {
    const all = new TextEncoder().encode(MIXED);
    for (let cut = 0; cut <= all.length; cut++) {
      expect(await read([all.slice(0, cut), all.slice(cut)]), `cut at ${cut}`).toEqual(READ);
    }
  });

  it('gives an event as soon as its blank line is there', async () => {
    let send!: (text: string) => void;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) => controller.enqueue(new TextEncoder().encode(text));
      },
    });
    const reading = eventData(body);
    send('data: now\n\ndata: la');
    expect(await reading.next()).toEqual({ done: false, value: 'now' });
    await reading.return(undefined);
  });

  it('reads no byte order mark as a part of the first field', async () => {
    expect(await read(chunksOf('\uFEFFdata: first\n\n'))).toEqual(['first']);
  });

  it('lets go of a body that is not read to its end', async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: on and on\n\n')),
      cancel: () => void (isCancelled = true),
    });
    for await (const data of eventData(body)) {
      expect(data).toBe('on and on');
      break;
    }
    expect(isCancelled).toBe(true);
  });

  it('ends when the signal does, even if nothing else ends the body', async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
    const stop = new AbortController();
    const next = eventData(body, stop.signal).next();
    stop.abort();
    expect((await next).done).toBe(true);
    expect(isCancelled).toBe(true);
  });
});
