/** Where the view of the conversation stands while it grows above, below and in itself. */

const NEAR_BOTTOM_PX = 80;

interface Anchor {
  item: HTMLElement;
  id: string;
  /** How far below the upper edge it begins. */
  top: number;
  /** How far the view was scrolled then. */
  scrolled: number;
}

export class ScrollPosition {
  /** Whether the end is in sight. */
  follows = true;
  /** The first item in sight, to keep it where it is. */
  #anchor: Anchor | null = null;
  /** In pixels; the browser forgets it when the element is moved. */
  #scrolled = 0;
  /** Whether a thread was opened, and nobody has touched it since. */
  #isUntouched = false;
  // Turns get their own height when they come near, and not every browser keeps the view in place.
  readonly #heights = new ResizeObserver(() => {
    if (this.#isUntouched) this.toBottom('instant');
    else this.keep();
  });

  /** @param scroller - What scrolls, with the column of turns in it; null until it is there. */
  constructor(private readonly scroller: () => HTMLElement | null) {}

  /** Begin to watch what is there, and go back to where the view stood. */
  connect(): void {
    const scroller = this.scroller();
    const column = scroller?.firstElementChild;
    if (!column) return;
    this.#heights.observe(column);
    if (this.follows) {
      this.toBottom('instant');
      return;
    }
    scroller.scrollTo({ top: this.#scrolled, behavior: 'instant' });
    this.#putBack(scroller);
  }

  disconnect(): void {
    this.#heights.disconnect();
  }

  /** Remember what is in sight, as it is now. */
  note(): void {
    this.#anchor = this.#inSight();
  }

  /** Take in that the view was scrolled. */
  scrolled(scroller: HTMLElement): void {
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    this.#scrolled = scroller.scrollTop;
    this.follows = below < NEAR_BOTTOM_PX;
    this.#isUntouched &&= this.follows;
    this.note();
  }

  /** From now on what is in sight stays there, also at the end. */
  touch(): void {
    this.#isUntouched = false;
  }

  /** Show the end of a thread that was opened. */
  toEnd(): void {
    this.follows = true;
    this.#isUntouched = true;
    this.#reserve(null);
    this.toBottom('instant');
  }

  /** Put the user's new message at the top, with room for the answer below it. */
  toNewest(): void {
    const scroller = this.scroller();
    const turn = this.#turns.at(-1);
    if (!scroller || !turn) return;
    this.#reserve(turn);
    const message = turn.querySelector('[data-item-id]') ?? turn;
    const place = message.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    const top = scroller.scrollTop + place - 8;
    this.follows = true;
    this.touch();
    scroller.scrollTo({ top, behavior: calm() ? 'instant' : 'smooth' });
  }

  toBottom(behavior: 'instant' | 'smooth'): void {
    const scroller = this.scroller();
    scroller?.scrollTo({ top: scroller.scrollHeight, behavior: calm() ? 'instant' : behavior });
  }

  /** What comes before the first item in sight must not push it away. */
  keep(): void {
    const scroller = this.scroller();
    if (!scroller) return;
    // Else it was scrolled meanwhile, by a person or by a browser that keeps the view in place.
    if (scroller.scrollTop === this.#anchor?.scrolled) this.#putBack(scroller);
    this.note();
  }

  #putBack(scroller: HTMLElement): void {
    const anchor = this.#anchor;
    if (!anchor) return;
    const item = scroller.contains(anchor.item)
      ? anchor.item
      : scroller.querySelector<HTMLElement>(`[data-item-id="${CSS.escape(anchor.id)}"]`);
    const edge = scroller.getBoundingClientRect().top;
    const moved = item ? item.getBoundingClientRect().top - edge - anchor.top : 0;
    if (Math.abs(moved) > 1) scroller.scrollTop += moved;
  }

  #inSight(): Anchor | null {
    const scroller = this.scroller();
    if (!scroller) return null;
    const top = scroller.getBoundingClientRect().top;
    const turns = this.#turns;
    const from = firstBelow(turns, top);
    // Of a turn, not all items need be there yet: by an item alone is it the same before and after.
    const first = turns
      .slice(from, from + 2)
      .flatMap((turn) => [...turn.querySelectorAll<HTMLElement>('[data-item-id]')])
      .find((item) => item.getBoundingClientRect().bottom > top);
    const id = first?.dataset['itemId'];
    if (!first || !id) return null;
    const { scrollTop: scrolled } = scroller;
    return { item: first, id, top: first.getBoundingClientRect().top - top, scrolled };
  }

  /** All that are shown, oldest first. A query would look through all that is in them. */
  get #turns(): HTMLElement[] {
    const all = [...(this.scroller()?.firstElementChild?.children ?? [])] as HTMLElement[];
    return all.filter((element) => element.classList.contains('turn'));
  }

  /** Gives the newest turn the height of the view, and none to the others. */
  #reserve(newest: HTMLElement | null): void {
    for (const turn of this.#turns) {
      if (turn !== newest) turn.style.removeProperty('min-block-size');
    }
    const height = this.scroller()?.clientHeight ?? 0;
    newest?.style.setProperty('min-block-size', `${Math.max(0, height - 16)}px`);
  }
}

/** The first that ends below a line; they are in order, and there can be many. */
function firstBelow(turns: readonly HTMLElement[], line: number): number {
  let [low, high] = [0, turns.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (turns[middle]!.getBoundingClientRect().bottom > line) high = middle;
    else low = middle + 1;
  }
  return low;
}

function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
