/** A chart: drawn by a part that few need, with its numbers as a table for those who cannot see it. */

import { html, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { part } from '../parts';
import type { WidgetNode } from '../protocol';
import { define, Part } from '../ui';
import { numberOf } from './values';

type ChartPart = typeof import('../parts/chart');

// Where nothing is laid out yet.
const WIDTH = 480;
const HEIGHT = 220;

export class ChartView extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    node: { attribute: false },
    scheme: { type: String },
    language: { type: String },
    isSized: { type: Boolean },
    width: { state: true },
    height: { state: true },
  };

  declare node: WidgetNode;
  declare scheme: 'light' | 'dark';
  /** Of its numbers. */
  declare language: string;
  /** Whether its height is given, in one way or another. */
  declare isSized: boolean;
  declare width: number;
  declare height: number;

  // Its words are as large as others, so it is drawn for the room that it has.
  readonly #resized = new ResizeObserver(() => this.#measure());

  constructor() {
    super();
    this.width = 0;
    this.height = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  #measure(): void {
    this.width = this.clientWidth;
    if (this.isSized) this.height = this.clientHeight;
  }

  protected override render(): TemplateResult {
    return html`<figure class="chart"></figure>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('isSized')) this.#measure();
    void this.#draw();
  }

  /** How tall it has to be; undefined where that is up to the drawing. */
  #room(): number | undefined {
    if (this.isSized) return this.height || undefined;
    const least = numberOf(this.node['minHeight'] ?? this.node['minSize']);
    const most = numberOf(this.node['maxHeight'] ?? this.node['maxSize']);
    return least === undefined && most === undefined
      ? undefined
      : Math.min(Math.max(HEIGHT, least ?? 0), most ?? Infinity);
  }

  async #draw(): Promise<void> {
    try {
      const { drawChart } = await part<ChartPart>('chart');
      const { locale, strings } = this.ui;
      const room = { width: this.width || WIDTH, height: this.#room() };
      const figure = this.querySelector('.chart');
      const isFocused = figure?.contains((this.getRootNode() as ShadowRoot).activeElement);
      figure?.replaceChildren(...drawChart(this.node, this.scheme, locale.tag, strings, room));
      if (isFocused) figure?.querySelector('svg')?.focus();
    } catch (error) {
      this.ui.failed(error);
    }
  }
}

define('ck-chart', ChartView);
