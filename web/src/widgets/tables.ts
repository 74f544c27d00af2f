/** Tables, as tables. */

import { html, nothing } from 'lit';
import { childrenOf } from '../items';
import type { WidgetNode } from '../protocol';
import { renderChildren, type Rendered, type Renderer } from './components';
import { styled } from './styled';
import { cssOf, isSet, length, numberOf, spacing } from './values';
import type { Widget } from './widget';

export const table: Renderer = (widget, node, key) => {
  const rows = childrenOf(node);
  const isHeader = (row: WidgetNode): boolean => isSet(row['header']);
  return html`<div class="table" tabindex="0" data-widget-type="Table">
    <table>
      <thead>
        ${rows.filter(isHeader).map((row, index) => tableRow(widget, row, `${key}/h${index}`, true))}
      </thead>
      <tbody>
        ${rows
          .filter((row) => !isHeader(row))
          .map((row, index) => tableRow(widget, row, `${key}/${index}`, false))}
      </tbody>
    </table>
  </div>`;
};

function tableRow(widget: Widget, row: WidgetNode, key: string, isHeader: boolean): Rendered {
  return html`<tr>
    ${childrenOf(row).map((cell, index) => tableCell(widget, cell, `${key}/${index}`, isHeader))}
  </tr>`;
}

function tableCell(widget: Widget, cell: WidgetNode, key: string, isHeader: boolean): Rendered {
  const styles = {
    width: length(cell['width']),
    'text-align': cssOf(cell['align']),
    'vertical-align': { start: 'top', center: 'middle', end: 'bottom' }[String(cell['vAlign'])],
    ...spacing('padding', cell['padding']),
  };
  const columns = numberOf(cell['colSpan']) ?? nothing;
  const rows = numberOf(cell['rowSpan']) ?? nothing;
  const content = renderChildren(widget, cell, key);
  return isHeader
    ? html`<th scope="col" colspan=${columns} rowspan=${rows} ${styled(styles)}>${content}</th>`
    : html`<td colspan=${columns} rowspan=${rows} ${styled(styles)}>${content}</td>`;
}
