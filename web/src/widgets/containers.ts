/** Components that hold others. */

import { html, nothing, type TemplateResult } from 'lit';
import { childrenOf } from '../items';
import { icon } from '../icons';
import { safeImage } from '../links';
import type { WidgetNode } from '../protocol';
import { imagePolicy } from '../markdown';
import { actionOf, identity, type Trigger } from './actions';
import { renderChildren, renderNode, type Renderer } from './components';
import { styled } from './styled';
import { boxStyles, colour, isSet, length, numberOf, space, spacing, textOf } from './values';
import type { Widget } from './widget';

// A list says `auto` where it does not mind.
const AUTO_LIMIT = 5;

export const card: Renderer = (widget, node, key) => {
  const { scheme } = widget;
  const isForm = isSet(node['asForm']);
  const styles = {
    ...spacing('padding', node['padding']),
    background: colour(node['background'], 'surface', scheme),
    border: node['border'] === undefined ? undefined : boxStyles(node, 'column', scheme)['border'],
  };
  const isCollapsed = isSet(node['collapsed']);
  return html`<section
    class="card"
    data-widget-type="Card"
    data-component-id=${node.id ?? nothing}
    data-size=${textOf(node['size']) ?? 'md'}
    ?data-form=${isForm}
    @keydown=${isForm ? submitOnEnter(widget, node, key) : nothing}
  >
    ${status(widget, node['status'])}
    ${isCollapsed
      ? nothing
      : html`<div class="card-body" ${styled(styles)}>${renderChildren(widget, node, key)}</div>`}
    ${isCollapsed ? nothing : cardActions(widget, node, key)}
  </section>`;
};

function cardActions(widget: Widget, node: WidgetNode, key: string): TemplateResult | typeof nothing {
  const confirm = cardAction(widget, node['confirm'], 'confirm', `${key}/confirm`);
  const cancel = cardAction(widget, node['cancel'], 'cancel', `${key}/cancel`);
  if (confirm === nothing && cancel === nothing) return nothing;
  return html`<div class="card-actions">${cancel}${confirm}</div>`;
}

function cardAction(
  widget: Widget,
  value: unknown,
  trigger: Trigger,
  key: string,
): TemplateResult | typeof nothing {
  const config = value as { label?: unknown; action?: unknown } | null | undefined;
  const label = textOf(config?.label);
  if (!config || label === undefined) return nothing;
  const isConfirm = trigger === 'confirm';
  const action = actionOf(config.action, trigger);
  return html`<button
    type="button"
    class=${isConfirm ? 'button primary' : 'button'}
    ?disabled=${isDisabled(widget, action)}
    @click=${(event: Event) =>
      widget.start(config.action, trigger, key, event.currentTarget as Element, isConfirm)}
  >
    ${widget.isRunning(key) ? html`<span class="spinner"></span>` : nothing}${label}
  </button>`;
}

/** Whether what a component would start has to wait for the response that runs. */
export function isDisabled(widget: Widget, action: ReturnType<typeof actionOf>): boolean {
  return action?.handler === 'server' && action.isStreaming && widget.isBlocked;
}

function submitOnEnter(widget: Widget, node: WidgetNode, key: string) {
  return (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.key !== 'Enter' || event.isComposing || target.tagName !== 'INPUT') return;
    const confirm = node['confirm'] as { action?: unknown } | undefined;
    event.preventDefault();
    widget.start(confirm?.action, 'confirm', `${key}/confirm`, target, true);
  };
}

function status(widget: Widget, value: unknown): TemplateResult | typeof nothing {
  const given = value as { text?: unknown; icon?: unknown; favicon?: unknown } | null | undefined;
  const told = textOf(given?.text);
  if (!given || told === undefined) return nothing;
  const favicon = safeImage(textOf(given.favicon));
  const isShown = favicon !== null && imagePolicy(widget.ui)(favicon);
  return html`<header class="widget-status">
    ${isShown
      ? html`<img src=${favicon} alt="" referrerpolicy="no-referrer" />`
      : icon(textOf(given.icon))}
    <span dir="auto">${told}</span>
  </header>`;
}

export const listView: Renderer = (widget, node, key) => {
  const rows = childrenOf(node);
  const wanted = node['limit'];
  const limit = wanted === 'auto' ? AUTO_LIMIT : (numberOf(wanted) ?? rows.length);
  const shown = widget.expanded.has(key) ? rows : rows.slice(0, limit);
  return html`<section
    class="card list"
    data-widget-type="ListView"
    data-component-id=${node.id ?? nothing}
  >
    ${status(widget, node['status'])}
    <div role="list">
      ${shown.map(
        (row, index) =>
          html`<div role="listitem">${renderNode(widget, row, `${key}/${identity(row, index)}`)}</div>`,
      )}
    </div>
    ${shown.length < rows.length
      ? html`<button type="button" class="show-more" @click=${() => widget.showAll(key)}>
          ${widget.ui.strings.showMore}
        </button>`
      : nothing}
  </section>`;
};

export const listViewItem: Renderer = (widget, node, key) => {
  const styles = boxStyles({ ...node, direction: 'row' }, 'row', widget.scheme);
  const action = actionOf(node['onClickAction'], 'ListViewItem');
  const content = renderChildren(widget, node, key);
  if (!action) return html`<div class="row-item" ${styled(styles)}>${content}</div>`;
  const start = (event: Event): void => {
    // A button in the row has an action of its own.
    const own = (event.target as Element).closest('button, a, input, select, textarea, label');
    if (own && own !== event.currentTarget) return;
    widget.start(node['onClickAction'], 'ListViewItem', key, event.currentTarget as Element);
  };
  return html`<div
    class="row-item clickable"
    role="button"
    tabindex="0"
    aria-disabled=${isDisabled(widget, action) ? 'true' : 'false'}
    aria-busy=${widget.isRunning(key) ? 'true' : 'false'}
    ${styled(styles)}
    @click=${start}
    @keydown=${(event: KeyboardEvent) => {
      if (event.target !== event.currentTarget || !['Enter', ' '].includes(event.key)) return;
      event.preventDefault();
      start(event);
    }}
  >
    ${content}${widget.isRunning(key) ? html`<span class="spinner"></span>` : nothing}
  </div>`;
};

export const basic: Renderer = (widget, node, key) =>
  html`<div class="basic" data-widget-type="Basic" ${styled(boxStyles(node, direction(node), widget.scheme))}>
    ${renderChildren(widget, node, key)}
  </div>`;

export const box: Renderer = (widget, node, key) =>
  html`<div
    class="box"
    data-widget-type=${node.type}
    data-component-id=${node.id ?? nothing}
    ${styled(boxStyles(node, direction(node), widget.scheme))}
  >
    ${renderChildren(widget, node, key)}
  </div>`;

function direction(node: WidgetNode): 'row' | 'column' {
  if (node.type === 'Row') return 'row';
  return node.type !== 'Col' && node['direction'] === 'row' ? 'row' : 'column';
}

export const form: Renderer = (widget, node, key) => {
  const submit = (event: Event): void => {
    event.preventDefault();
    const element = event.currentTarget as Element;
    widget.start(node['onSubmitAction'], 'Form', key, element, true);
  };
  return html`<form
    class="box"
    data-widget-type="Form"
    data-component-id=${node.id ?? nothing}
    data-form
    novalidate
    ${styled(boxStyles(node, direction(node), widget.scheme))}
    @submit=${submit}
  >
    ${renderChildren(widget, node, key)}
  </form>`;
};

export const spacer: Renderer = (_widget, node) => {
  const least = length(node['minSize']);
  return html`<div class="spacer" ${styled({ flex: '1 1 0', 'min-width': least, 'min-height': least })}></div>`;
};

export const divider: Renderer = (widget, node) =>
  html`<hr
    class="divider"
    ?data-flush=${isSet(node['flush'])}
    ${styled({
      'border-color': colour(node['color'], 'border', widget.scheme),
      'border-width': length(node['size']),
      'margin-block': space(node['spacing']),
    })}
  />`;

export const transition: Renderer = (widget, node, key) =>
  html`<div class="transition">${renderChildren(widget, node, key)}</div>`;
