import { describe, expect, it } from 'vitest';
import { contentOf, trimmed } from './content';

const text = (value: string) => ({ type: 'input_text' as const, text: value });
const tag = { type: 'input_tag' as const, id: 'e1', text: 'Anna', data: {} };

describe('the content that a page gives', () => {
  it('is one part for a text, none for white space, and nothing where nothing is given', () => {
    expect(contentOf({ text: ' Hi ' })).toEqual([text(' Hi ')]);
    expect(contentOf({ text: ' \n' })).toEqual([]);
    expect(contentOf({ text: '' })).toEqual([]);
    expect(contentOf({})).toBeUndefined();
  });

  it('is its parts before its text, without empty ones, and with data for each tag', () => {
    const content = [text(''), { type: 'input_tag' as const, id: 'e1', text: 'Anna' }, text(' hi')];
    expect(contentOf({ text: 'no', content })).toEqual([tag, text(' hi')]);
    expect(contentOf({ content: [text(' '), text('\n')] })).toEqual([]);
    expect(contentOf({ content: [] })).toEqual([]);
  });
});

describe('what is written', () => {
  it('has no white space at its ends, and keeps it inside', () => {
    expect(trimmed([text('  Ask '), tag, text(' now \n')])).toEqual([text('Ask '), tag, text(' now')]);
    expect(trimmed([text(' \n a  b ')])).toEqual([text('a  b')]);
  });

  it('has no part that is empty then', () => {
    expect(trimmed([text(' '), tag, text(' ')])).toEqual([tag]);
    expect(trimmed([text(' \n ')])).toEqual([]);
  });
});
