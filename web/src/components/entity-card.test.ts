import type { Entity } from '@openai/chatkit';
import { describe, expect, it, vi } from 'vitest';
import { drawn, textOf, uiUnderTest, type UiUnderTest } from '../../tests/ui-under-test';
import type { ElementOptions } from '../options';
import './entity-card';
import type { EntityTag } from './entity-card';

const ANNA = { id: 'e1', title: 'Anna', group: 'People', interactive: true };

async function tagOf(
  entity: Entity,
  entities: ElementOptions['entities'] = {},
): Promise<UiUnderTest & { tag: EntityTag; card: () => Element | null }> {
  const test = uiUnderTest({ entities });
  const tag = await test.show<EntityTag>('ck-entity', { entity });
  return { ...test, tag, card: () => tag.querySelector('.card-popover') };
}

describe('a tag in a message', () => {
  it('is only a name unless it is interactive', async () => {
    const clicked: Entity[] = [];
    const { tag } = await tagOf({ ...ANNA, interactive: false }, { onClick: (entity) => clicked.push(entity) });
    expect(textOf(tag)).toBe('@Anna');
    expect(tag.querySelector('button')).toBeNull();
    tag.querySelector<HTMLElement>('.tag')?.click();
    expect(clicked).toEqual([]);
  });

  it('tells the page of a click', async () => {
    const clicked: Entity[] = [];
    const { tag } = await tagOf(ANNA, { onClick: (entity) => clicked.push(entity) });
    tag.querySelector('button')?.click();
    expect(clicked).toEqual([ANNA]);
  });

  it('shows a card while somebody points at it, after a moment', async () => {
    const { tag, card } = await tagOf(ANNA);
    const anchor = tag.querySelector('.tag-anchor')!;
    vi.useFakeTimers();
    anchor.dispatchEvent(new MouseEvent('mouseenter'));
    vi.advanceTimersByTime(249);
    expect(tag.isOpen).toBe(false);
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    await drawn();
    expect(card()?.getAttribute('aria-label')).toBe('Anna');
    expect(textOf(card())).toContain('Anna');
    anchor.dispatchEvent(new MouseEvent('mouseleave'));
    await drawn();
    expect(card()).toBeNull();
  });

  it('is closed by Escape, which goes no further', async () => {
    const { tag, card } = await tagOf(ANNA);
    const button = tag.querySelector('button')!;
    button.dispatchEvent(new FocusEvent('focus'));
    await drawn();
    expect(card()).not.toBeNull();
    let passed = 0;
    tag.addEventListener('keydown', () => (passed += 1));
    button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    await drawn();
    expect(card()).toBeNull();
    expect(passed).toBe(0);
  });

  it('asks the page once for a preview, and again after it failed', async () => {
    let asked = 0;
    const onRequestPreview = async (): Promise<{ preview: null }> => {
      asked += 1;
      if (asked === 1) throw new Error('offline');
      return { preview: null };
    };
    const { tag, card, details } = await tagOf(ANNA, { onRequestPreview });
    const button = tag.querySelector('button')!;
    for (let round = 0; round < 3; round++) {
      button.dispatchEvent(new FocusEvent('focus'));
      await drawn();
      expect(textOf(card())).toContain('Anna');
      expect(card()?.querySelector('.spinner')).toBeNull();
      button.dispatchEvent(new FocusEvent('blur'));
      await drawn();
    }
    expect(asked).toBe(2);
    expect(details('error')).toHaveLength(1);
  });
});
