/** Components to look at. */

import { html } from 'lit';
import { icon } from '../icons';
import { safeImage } from '../links';
import { imagePolicy } from '../markdown';
import type { WidgetNode } from '../protocol';
import type { Renderer } from './components';
import { hooks, styled } from './styled';
import { blockStyles, colour, cssOf, iconStyles, isSet, textOf } from './values';
import './chart';

const SIZING = ['height', 'size', 'aspectRatio'];

export const badge: Renderer = (_widget, node) =>
  html`<span
    class="badge"
    ${hooks(node)}
    data-color=${textOf(node['color']) ?? 'secondary'}
    data-variant=${textOf(node['variant']) ?? 'soft'}
    data-size=${textOf(node['size']) ?? 'md'}
    ?data-pill=${isSet(node['pill'])}
    dir="auto"
    >${textOf(node['label']) ?? ''}</span
  >`;

export const iconView: Renderer = (widget, node) =>
  html`<span class="widget-icon" ${hooks(node)} ${styled(iconStyles(node, widget.schemeOf(node)))}
    >${icon(textOf(node['name']) ?? 'unknown')}</span
  >`;

export const image: Renderer = (widget, node) => {
  const source = safeImage(textOf(node['src']));
  const alternative = textOf(node['alt']) ?? '';
  const styles = {
    ...blockStyles(node),
    background: colour(node['background'], 'surface', widget.schemeOf(node)),
    flex: flexOf(node),
    'object-fit': cssOf(node['fit']),
    'object-position': cssOf(node['position']),
  };
  const isBlocked = source === null || !imagePolicy(widget.ui)(source);
  if (isBlocked || widget.broken.has(source)) {
    return html`<span class="blocked-image" ${hooks(node)} ${styled(styles)}
      >${alternative || (isBlocked ? widget.ui.strings.imageBlocked : icon('images'))}</span
    >`;
  }
  return html`<img
    class="widget-image"
    ${hooks(node)}
    src=${source}
    alt=${alternative}
    loading="lazy"
    referrerpolicy="no-referrer"
    ?data-frame=${isSet(node['frame'])}
    ?data-flush=${isSet(node['flush'])}
    ${styled(styles)}
    @error=${() => widget.broke(source)}
  />`;
};

export const chart: Renderer = (widget, node) => {
  const isSized = SIZING.some((name) => textOf(node[name]) !== undefined);
  return html`<ck-chart
    ${hooks(node)}
    ?data-sized=${isSized}
    .isSized=${isSized}
    .ui=${widget.ui}
    .language=${widget.ui.locale.tag}
    .node=${node}
    .scheme=${widget.schemeOf(node)}
    ${styled({ ...blockStyles(node), flex: flexOf(node) })}
  ></ck-chart>`;
};

function flexOf(node: WidgetNode): string | undefined {
  const flex = textOf(node['flex']);
  return flex === undefined ? undefined : cssOf(flex);
}
