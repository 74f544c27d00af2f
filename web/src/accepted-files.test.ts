import { describe, expect, it } from 'vitest';
import { acceptAttribute, refusalOf, sizeLimit } from './accepted-files';
import { ENGLISH } from './strings';

const MIB = 1024 * 1024;

function refusal(name: string, type: string, size: number, more: object = {}): string | null {
  const file = new File([new Uint8Array(size)], name, { type });
  return refusalOf(file, { enabled: true, maxSize: 100 * MIB, maxCount: 10, accept: undefined, ...more }, ENGLISH);
}

describe('the size of a file', () => {
  it.each([
    ['image/png', 1],
    ['image/jpeg', 2],
    ['IMAGE/PNG', 1],
    ['image/png; q=1', 1],
    ['text/plain', 3],
  ])('of %s is limited by the most exact pattern', (type, limit) => {
    expect(sizeLimit(type, { '*': 3, 'image/*': 2, 'image/png': 1 })).toBe(limit);
  });

  it('is limited by a number, by "" as by "*", and else by 100 MiB', () => {
    expect(sizeLimit('text/plain', 7)).toBe(7);
    expect(sizeLimit('text/plain', { '': 5 })).toBe(5);
    expect(sizeLimit('text/plain', { '*/*': 6 })).toBe(6);
    expect(sizeLimit('text/plain', { 'image/*': 2 })).toBe(100 * MIB);
    expect(sizeLimit('text/plain', { 'text/plain': 0, '*': 9 })).toBe(0);
  });

  it('may be the limit itself, and is told in what people read', () => {
    expect(refusal('a.txt', 'text/plain', 10, { maxSize: 10 })).toBeNull();
    expect(refusal('a.txt', 'text/plain', 11, { maxSize: 10 })).toBe('a.txt is larger than 1 kB.');
    expect(refusal('a.txt', 'text/plain', 2 * MIB, { maxSize: 1.5 * MIB })).toBe('a.txt is larger than 1.5 MB.');
  });
});

describe('the type of a file', () => {
  const accept = { 'image/*': ['.png', 'jpg'], 'application/pdf': ['.pdf'] };

  it.each([
    ['a.webp', 'image/webp'],
    ['a.JPG', ''],
    ['report.PDF', 'application/octet-stream'],
    ['report', 'application/pdf'],
  ])('of %s (%s) is accepted', (name, type) => {
    expect(refusal(name, type, 1, { accept })).toBeNull();
  });

  it.each([
    ['a.txt', 'text/plain'],
    ['notjpg', ''],
  ])('of %s (%s) is refused', (name, type) => {
    expect(refusal(name, type, 1, { accept })).toBe(`${name} is of a type that is not accepted here.`);
  });

  it('is any where nothing is said', () => {
    expect(refusal('a.txt', 'text/plain', 1, { accept: {} })).toBeNull();
    expect(refusal('a.txt', 'text/plain', 1, { accept: { '*/*': [] } })).toBeNull();
  });

  it('is what the file dialog is told', () => {
    expect(acceptAttribute(accept)).toBe('image/*,.png,.jpg,application/pdf,.pdf');
    expect(acceptAttribute(undefined)).toBe('');
  });
});
