/** Tables, as tables. */

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { childrenOf } from '../items';
import type { WidgetNode } from '../protocol';
import { identified } from './actions';
import { renderChildren, renderNode, type Rendered, type Renderer } from './components';
import { hooks, styled } from './styled';
import { cssOf, isSet, length, numberOf, spacing, tokenOf } from './values';
import type { Widget } from './widget';

const VERTICAL: Record<string, string> = { start: 'top', center: 'middle', end: 'bottom' };
const COLUMNS: Record<string, string> = { xs: '10%', sm: '15%', md: '25%', lg: '35%', xl: '50%' };

export const table: Renderer = (widget, node, key) => {
  const rows = identified(childrenOf(node));
  const heads = rows.filter(({ node: row }) => isSet(row['header']));
  const others = rows.filter(({ node: row }) => !isSet(row['header']));
  const shown = (some: typeof rows): unknown =>
    repeat(
      some,
      ({ own }) => own,
      ({ node: row, own }) => tableRow(widget, row, `${key}/${own}`),
    );
  return html`<div class="table" tabindex="0" ${hooks(node)}>
    <table>
      ${heads.length > 0 ? html`<thead>${shown(heads)}</thead>` : nothing}
      <tbody>${shown(others)}</tbody>
    </table>
  </div>`;
};

function tableRow(widget: Widget, row: WidgetNode, key: string): Rendered {
  // What is no row has one of its own.
  const cells = row.type === 'Table.Row' ? childrenOf(row) : [row];
  return html`<tr ${hooks(row)}>
    ${repeat(
      identified(cells),
      ({ own }) => own,
      ({ node: cell, own }) => tableCell(widget, cell, `${key}/${own}`, isSet(row['header'])),
    )}
  </tr>`;
}

function tableCell(widget: Widget, cell: WidgetNode, key: string, isHeader: boolean): Rendered {
  const styles = {
    width: length(cell['width']) ?? tokenOf(COLUMNS, cell['colSize']),
    'text-align': cssOf(cell['align']),
    'vertical-align': tokenOf(VERTICAL, cell['vAlign']),
    ...spacing('padding', cell['padding']),
  };
  const columns = numberOf(cell['colSpan']) ?? nothing;
  const rows = numberOf(cell['rowSpan']) ?? nothing;
  const isCell = cell.type === 'Table.Cell';
  const content = isCell ? renderChildren(widget, cell, key) : renderNode(widget, cell, key);
  return isHeader
    ? html`<th scope="col" colspan=${columns} rowspan=${rows} ${hooks(cell)} ${styled(styles)}>${content}</th>`
    : html`<td colspan=${columns} rowspan=${rows} ${hooks(cell)} ${styled(styles)}>${content}</td>`;
}
