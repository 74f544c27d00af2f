/** The numbers of one place of a chart, shown where somebody points at it or comes to by keys. */

import { placed } from '../widgets/popup';
import { shape, type Plot } from './chart';

const TO: Record<string, (index: number, last: number) => number> = {
  ArrowLeft: (index) => index - 1,
  ArrowRight: (index) => index + 1,
  Home: () => 0,
  End: (_index, last) => last,
};

/** Makes a drawing tell its numbers. The tooltip is in the top layer, where no card cuts it off. */
export function tooltipOf(svg: SVGSVGElement, plot: Plot, numbers: Intl.NumberFormat): HTMLElement {
  const tip = document.createElement('div');
  tip.className = 'popup chart-tooltip';
  tip.popover = 'manual';
  // Read out when the keys move it.
  tip.setAttribute('role', 'status');
  const cursor = shape('line', { class: 'cursor', y1: 0, y2: plot.height, visibility: 'hidden' });
  svg.prepend(cursor);
  if (plot.labels.length === 0) return tip;
  svg.setAttribute('tabindex', '0');

  const last = plot.labels.length - 1;
  let shown = -1;
  const show = (index: number): void => {
    const wanted = Math.max(0, Math.min(last, index));
    if (wanted !== shown) tip.replaceChildren(...numbersAt(plot, wanted, numbers));
    shown = wanted;
    const x = plot.x(wanted);
    for (const [name, value] of Object.entries({ x1: x, x2: x, visibility: 'visible' })) {
      cursor.setAttribute(name, String(value));
    }
    if (!tip.matches(':popover-open')) tip.showPopover();
    place(tip, svg, plot, x);
  };
  const hide = (): void => {
    shown = -1;
    cursor.setAttribute('visibility', 'hidden');
    if (tip.matches(':popover-open')) tip.hidePopover();
  };
  const pointed = (event: PointerEvent): void => {
    const { left, scale } = scaleOf(svg);
    show(Math.floor(((event.clientX - left) / scale - plot.left) / plot.step));
  };
  svg.addEventListener('pointermove', pointed);
  svg.addEventListener('pointerdown', pointed);
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('focus', () => show(Math.max(0, shown)));
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && shown >= 0) {
      event.stopPropagation();
      hide();
      return;
    }
    const to = Object.hasOwn(TO, event.key) ? TO[event.key] : undefined;
    if (!to) return;
    event.preventDefault();
    show(to(shown, last));
  });
  return tip;
}

function numbersAt(plot: Plot, index: number, numbers: Intl.NumberFormat): HTMLElement[] {
  const title = document.createElement('strong');
  title.dir = 'auto';
  title.textContent = plot.labels[index] ?? '';
  const lines = plot.series.flatMap((one) => {
    const value = one.values[index] ?? null;
    if (value === null) return [];
    const line = document.createElement('div');
    const swatch = document.createElement('span');
    swatch.className = 'swatch';
    swatch.style.setProperty('background', one.colour);
    const label = document.createElement('span');
    label.dir = 'auto';
    label.textContent = one.label;
    const number = document.createElement('b');
    number.textContent = numbers.format(value);
    // The space is for those who hear it.
    line.append(swatch, label, ' ', number);
    return [line];
  });
  return [title, ...lines];
}

/** Where a drawing begins, and how large its units are: it is smaller where a legend takes its room. */
function scaleOf(svg: SVGSVGElement): { left: number; scale: number } {
  const matrix = svg.getScreenCTM();
  return { left: matrix?.e ?? 0, scale: matrix?.a ?? 1 };
}

function place(tip: HTMLElement, svg: SVGSVGElement, plot: Plot, x: number): void {
  const box = svg.getBoundingClientRect();
  const { left: begin, scale } = scaleOf(svg);
  const step = plot.step * scale;
  const anchor = { left: begin + x * scale - step / 2, top: box.top, width: step, height: box.height };
  const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
  const own = { width: tip.offsetWidth, height: tip.offsetHeight };
  const { left, top } = placed(anchor, own, view, { side: 'right', align: 'start' });
  tip.style.setProperty('left', `${left}px`);
  tip.style.setProperty('top', `${top}px`);
}
