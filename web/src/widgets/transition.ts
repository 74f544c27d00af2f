/** The child of a `Transition`: it comes, goes and makes room gently, or at once where that is asked for. */

import { html, type TemplateResult } from 'lit';
import { AsyncDirective } from 'lit/async-directive.js';
import { directive, type ChildPart, type PartInfo, PartType } from 'lit/directive.js';
import { repeat } from 'lit/directives/repeat.js';

const TIMING = { duration: 200, easing: 'ease-out' } as const;
const HIDDEN = { opacity: 0, translate: '0 4px' };

interface Child {
  own: string;
  content: unknown;
}

class TransitionedDirective extends AsyncDirective {
  #current: Child | null = null;
  /** Those that are still seen to go. */
  #leaving: readonly Child[] = [];
  #isBegun = false;

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.CHILD) throw new Error('transitioned() belongs between tags.');
  }

  render(_child: Child | null): TemplateResult {
    const children = [...this.#leaving, ...(this.#current ? [this.#current] : [])];
    return html`${repeat(
      children,
      ({ own }) => own,
      (child) =>
        html`<div
          class="transition-child"
          data-own=${child.own}
          ?data-leaving=${child !== this.#current}
          ?inert=${child !== this.#current}
          >${child.content}</div
        >`,
    )}`;
  }

  override update(part: ChildPart, [child]: [Child | null]): TemplateResult {
    const place = part.parentNode as HTMLElement;
    const before = this.#current;
    const isOther = before?.own !== child?.own;
    this.#current = child;
    const others = this.#leaving.filter(({ own }) => own !== child?.own);
    this.#leaving = before && isOther && isMoving() ? [...others, before] : others;
    if (isMoving()) {
      const height = this.#isBegun ? place.offsetHeight : undefined;
      // The child is not in the document before this has returned.
      queueMicrotask(() => this.#animate(place, height, isOther));
    }
    this.#isBegun = true;
    return this.render(child);
  }

  #animate(place: HTMLElement, height: number | undefined, isOther: boolean): void {
    if (!place.isConnected) return;
    if (isOther) {
      for (const element of place.querySelectorAll<HTMLElement>(':scope > .transition-child')) {
        const isLeaving = 'leaving' in element.dataset;
        if (isLeaving) this.#leave(element);
        else this.#enter(element);
      }
    }
    const now = place.offsetHeight;
    if (height === undefined || height === now) return;
    const [from, to] = [height, now].map((value) => ({ blockSize: `${value}px`, overflow: 'clip' }));
    place.animate([from!, to!], TIMING);
  }

  #enter(element: HTMLElement): void {
    // It may have been about to go.
    for (const animation of element.getAnimations()) animation.cancel();
    element.animate([HIDDEN, {}], TIMING);
  }

  protected override reconnected(): void {
    this.setValue(this.render(this.#current));
  }

  #leave(element: HTMLElement): void {
    if (element.getAnimations().some(({ id }) => id === 'leave')) return;
    const animation = element.animate([{}, HIDDEN], { ...TIMING, fill: 'forwards', id: 'leave' });
    const gone = (): void => {
      animation.cancel();
      this.#leaving = this.#leaving.filter(({ own }) => own !== element.dataset['own']);
      if (this.isConnected) this.setValue(this.render(this.#current));
    };
    animation.addEventListener('finish', gone, { once: true });
  }
}

function isMoving(): boolean {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Shows a child, and for a moment the one that was there before. */
export const transitioned = directive(TransitionedDirective);
