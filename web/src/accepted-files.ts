/** Which files a message may have, and what is said of the others. */

import { MAX_FILE_BYTES, type AttachmentOptions } from './options';
import { filled, type Strings } from './strings';

/** What a file is, as far as its name tells. */
export function mediaType(file: File): string {
  return file.type || 'application/octet-stream';
}

/** Why a file is not taken, in a sentence; null for one that is. */
export function refusalOf(file: File, options: AttachmentOptions, strings: Strings): string | null {
  if (!isAccepted(file, options.accept)) return filled(strings.fileTypeRefused, { name: file.name });
  const limit = sizeLimit(mediaType(file), options.maxSize);
  if (file.size > limit) {
    return filled(strings.fileTooLarge, { name: file.name, size: readableSize(limit) });
  }
  return null;
}

function isAccepted(file: File, accept: AttachmentOptions['accept']): boolean {
  const entries = Object.entries(accept ?? {});
  if (entries.length === 0) return true;
  const name = file.name.toLowerCase();
  return entries.some(
    ([pattern, endings]) =>
      fits(plain(file.type), pattern.toLowerCase()) ||
      endings.some((ending) => name.endsWith(dotted(ending).toLowerCase())),
  );
}

/** The limit for a media type, of which the most exact pattern says it. In bytes. */
export function sizeLimit(type: string, limits: number | Record<string, number>): number {
  if (typeof limits === 'number') return limits;
  const exact = plain(type);
  const family = `${exact.split('/')[0]}/*`;
  const pattern = [exact, family, '*/*', '*', ''].find((key) => Object.hasOwn(limits, key));
  return (pattern === undefined ? undefined : limits[pattern]) ?? MAX_FILE_BYTES;
}

/** A media type without its parameters. */
function plain(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

function fits(type: string, pattern: string): boolean {
  if (pattern === '*' || pattern === '*/*') return true;
  if (pattern.endsWith('/*')) return type.startsWith(pattern.slice(0, -1));
  return type === pattern;
}

/** The value of a file field's `accept`. */
export function acceptAttribute(accept: AttachmentOptions['accept']): string {
  return Object.entries(accept ?? {})
    .flatMap(([pattern, endings]) => [pattern, ...endings.map(dotted)])
    .join(',');
}

function dotted(ending: string): string {
  return ending.startsWith('.') ? ending : `.${ending}`;
}

function readableSize(bytes: number): string {
  const megabytes = bytes / (1024 * 1024);
  return megabytes >= 1 ? `${Math.round(megabytes * 10) / 10} MB` : `${Math.ceil(bytes / 1024)} kB`;
}
