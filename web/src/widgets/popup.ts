/** Where something that opens beside a control has room, in the top layer: nothing clips it there. */

export type Side = 'top' | 'bottom' | 'left' | 'right';
export type Align = 'start' | 'center' | 'end';

export interface Size {
  width: number;
  height: number;
}

export interface Rectangle extends Size {
  left: number;
  top: number;
}

export interface Wish {
  side: Side;
  align: Align;
}

export interface Place {
  side: Side;
  left: number;
  top: number;
}

const GAP = 4;
const EDGE = 8;
const OPPOSITE: Record<Side, Side> = { top: 'bottom', bottom: 'top', left: 'right', right: 'left' };

/**
 * The place of a popup beside its anchor. It is on another side where it has no room on the one
 * that is wanted, and never out of sight.
 */
export function placed(anchor: Rectangle, popup: Size, view: Size, wish: Wish, isRtl = false): Place {
  const room: Record<Side, number> = {
    top: anchor.top,
    bottom: view.height - anchor.top - anchor.height,
    left: anchor.left,
    right: view.width - anchor.left - anchor.width,
  };
  const fits = (side: Side): boolean =>
    room[side] >= (isVertical(side) ? popup.height : popup.width) + GAP + EDGE;
  const roomiest = room.top > room.bottom ? 'top' : 'bottom';
  const sides: Side[] = [wish.side, OPPOSITE[wish.side], 'bottom', 'top'];
  const side = sides.find(fits) ?? roomiest;
  const across = isVertical(side)
    ? aligned(anchor.left, anchor.width, popup.width, isRtl ? mirrored(wish.align) : wish.align)
    : aligned(anchor.top, anchor.height, popup.height, wish.align);
  const left = { top: across, bottom: across, left: anchor.left - popup.width - GAP, right: anchor.left + anchor.width + GAP };
  const top = { top: anchor.top - popup.height - GAP, bottom: anchor.top + anchor.height + GAP, left: across, right: across };
  return {
    side,
    left: within(left[side], view.width - popup.width),
    top: within(top[side], view.height - popup.height),
  };
}

function isVertical(side: Side): boolean {
  return side === 'top' || side === 'bottom';
}

function mirrored(align: Align): Align {
  return ({ start: 'end', center: 'center', end: 'start' } as const)[align];
}

function aligned(from: number, length: number, own: number, align: Align): number {
  if (align === 'center') return from + (length - own) / 2;
  return align === 'start' ? from : from + length - own;
}

function within(value: number, most: number): number {
  return Math.max(EDGE, Math.min(value, most - EDGE));
}

/**
 * Show a popup beside its anchor, and keep it there while things scroll or it grows.
 *
 * @param popup - An element with `popover="manual"`.
 * @returns What ends it; the popup itself goes with its element.
 */
export function showBeside(popup: HTMLElement, anchor: Element, wish: Wish): () => void {
  let wanted = wish.side;
  const place = (): void => {
    const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
    const own = { width: popup.offsetWidth, height: popup.offsetHeight };
    const isRtl = getComputedStyle(anchor).direction === 'rtl';
    const { side, left, top } = placed(anchor.getBoundingClientRect(), own, view, { ...wish, side: wanted }, isRtl);
    // It does not jump back when there is room again.
    wanted = side;
    popup.dataset['side'] = side;
    popup.style.setProperty('left', `${left}px`);
    popup.style.setProperty('top', `${top}px`);
  };
  popup.showPopover?.();
  place();
  const stopped = new AbortController();
  const resized = new ResizeObserver(place);
  resized.observe(popup);
  const options = { signal: stopped.signal, capture: true, passive: true };
  // Of what scrolls in a shadow root, nobody hears outside of it.
  anchor.getRootNode().addEventListener('scroll', place, options);
  window.addEventListener('scroll', place, options);
  window.addEventListener('resize', place, options);
  return () => {
    stopped.abort();
    resized.disconnect();
  };
}
