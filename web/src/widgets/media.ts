/** Components to look at. */

import { html, nothing } from 'lit';
import { icon } from '../icons';
import { safeImage } from '../links';
import { imagePolicy } from '../markdown';
import type { Renderer } from './components';
import { styled } from './styled';
import { blockStyles, colour, cssOf, iconStyles, isSet, textOf } from './values';
import './chart';

export const badge: Renderer = (_widget, node) =>
  html`<span
    class="badge"
    data-color=${textOf(node['color']) ?? 'secondary'}
    data-variant=${textOf(node['variant']) ?? 'soft'}
    data-size=${textOf(node['size']) ?? 'md'}
    ?data-pill=${isSet(node['pill'])}
    dir="auto"
    >${textOf(node['label']) ?? ''}</span
  >`;

export const iconView: Renderer = (widget, node) =>
  html`<span class="widget-icon" ${styled(iconStyles(node, widget.scheme))}
    >${icon(textOf(node['name']) ?? 'unknown')}</span
  >`;

export const image: Renderer = (widget, node) => {
  const source = safeImage(textOf(node['src']));
  const alternative = textOf(node['alt']) ?? '';
  const flex = textOf(node['flex']);
  const styles = {
    ...blockStyles(node),
    background: colour(node['background'], 'surface', widget.scheme),
    flex: flex === undefined ? undefined : cssOf(flex),
    'object-fit': cssOf(node['fit']),
    'object-position': cssOf(node['position']),
  };
  if (source === null || !imagePolicy(widget.ui)(source)) {
    return html`<span class="blocked-image" ${styled(styles)}
      >${alternative || widget.ui.strings.imageBlocked}</span
    >`;
  }
  return html`<img
    class="widget-image"
    src=${source}
    alt=${alternative}
    loading="lazy"
    referrerpolicy="no-referrer"
    ?data-frame=${isSet(node['frame'])}
    ?data-flush=${isSet(node['flush'])}
    ${styled(styles)}
    @error=${(event: Event) => (event.target as Element).classList.add('broken')}
  />`;
};

export const chart: Renderer = (widget, node) =>
  html`<ck-chart
    data-component-id=${node.id ?? nothing}
    .ui=${widget.ui}
    .node=${node}
    .scheme=${widget.scheme}
    ${styled(blockStyles(node))}
  ></ck-chart>`;
