/** Sending the bytes of a file to an address that the server has named. */

import { mediaType } from './accepted-files';
import { RequestFailure } from './errors';
import type { UploadDescriptor } from './protocol';

/**
 * Sends the bytes of a file to where the server says.
 *
 * Not by `fetch`, which tells of no progress; and without the headers of the API: an address that
 * is signed breaks with other credentials.
 */
export function sendBytes(
  descriptor: UploadDescriptor,
  file: File,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const method = (descriptor.method ?? 'POST').toUpperCase();
    request.open(method, new URL(descriptor.url, document.baseURI).href);
    const headers = descriptor.headers ?? {};
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new RequestFailure(`The upload was refused (${request.status}).`, 'http', request.status));
    };
    request.onerror = () => reject(new RequestFailure('The upload broke off.', 'network'));
    request.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (method === 'PUT') {
      const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
      if (!named) request.setRequestHeader('Content-Type', mediaType(file));
      request.send(file);
    } else {
      const form = new FormData();
      form.append('file', file, file.name);
      request.send(form);
    }
  });
}
