/** A chart: drawn by a part that few need, with its numbers as a table for those who cannot see it. */

import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { part } from '../parts';
import type { WidgetNode } from '../protocol';
import { define, Part } from '../ui';

type ChartPart = typeof import('../parts/chart');

export class ChartView extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    node: { attribute: false },
    scheme: { type: String },
  };

  declare node: WidgetNode;
  declare scheme: 'light' | 'dark';

  protected override render(): TemplateResult {
    return html`<figure class="chart"></figure>`;
  }

  protected override updated(): void {
    void this.#draw();
  }

  async #draw(): Promise<void> {
    try {
      const { drawChart } = await part<ChartPart>('chart');
      const { locale, strings } = this.ui;
      this.querySelector('.chart')?.replaceChildren(...drawChart(this.node, this.scheme, locale.tag, strings));
    } catch (error) {
      this.ui.failed(error);
    }
  }
}

define('ck-chart', ChartView);
