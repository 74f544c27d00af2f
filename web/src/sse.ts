/** Server-sent events over fetch (https://html.spec.whatwg.org/multipage/server-sent-events.html). */

const LINE_END = /\r\n|\n|\r/;

/**
 * The data of each event of a body, however the body is cut into chunks.
 *
 * Unlike an EventSource this gives a last event that no blank line follows: a server that closes
 * right after it has sent it whole.
 *
 * @param signal - Ends the reading, also where the page's own `fetch` has dropped it.
 */
export async function* eventData(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of lines(body, signal)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n');
      data = [];
    } else if (line === 'data' || line.startsWith('data:')) {
      const value = line.slice('data:'.length);
      data.push(value.startsWith(' ') ? value.slice(1) : value);
    }
  }
  if (data.length > 0) yield data.join('\n');
}

async function* lines(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let held = '';
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    while (true) {
      const { done, value } = await reader.read();
      const text = held + (done ? decoder.decode() : decoder.decode(value, { stream: true }));
      // A line feed may follow in the next chunk, and would be taken for an empty line.
      held = !done && text.endsWith('\r') ? '\r' : '';
      // Only what is new is looked through: an image can be one line of megabytes.
      const parts = text.slice(0, text.length - held.length).split(LINE_END);
      parts[0] = rest + (parts[0] ?? '');
      rest = parts.pop() ?? '';
      yield* parts;
      if (done) break;
    }
    if (rest !== '') yield rest;
  } finally {
    signal?.removeEventListener('abort', stop);
    // A reader that is let go of early would keep the connection.
    await reader.cancel().catch(() => undefined);
  }
}
