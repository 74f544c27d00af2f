/** Components that hold others. */

import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { childrenOf } from '../items';
import { isComposing } from '../composing';
import { icon } from '../icons';
import { safeImage } from '../links';
import type { WidgetNode } from '../protocol';
import { imagePolicy } from '../markdown';
import { actionOf, identified, type Trigger } from './actions';
import { renderChildren, renderNode, type Renderer } from './components';
import { formOf } from './forms';
import { hooks, styled } from './styled';
import { transitioned } from './transition';
import { borders, boxStyles, colour, isSet, length, numberOf, space, spacing, textOf } from './values';
import type { Widget } from './widget';

// A list says `auto` where it does not mind.
const AUTO_LIMIT = 5;

export const card: Renderer = (widget, node, key) => {
  const scheme = widget.schemeOf(node);
  const isForm = isSet(node['asForm']);
  const styles = {
    background: colour(node['background'], 'surface', scheme),
    ...borders(node['border'], scheme),
  };
  const confirm = node['confirm'] as { action?: unknown } | null | undefined;
  const isOpenToActions = confirm !== undefined && confirm !== null && !widget.isDone(`${key}/confirm`);
  // With something to confirm, it is open until that is done.
  const isCollapsed = isSet(node['collapsed']) && !isOpenToActions;
  const submit = (event: Event): void => {
    // Forms inside of it have their own.
    if (event.target !== event.currentTarget) return;
    widget.start(confirm?.action, 'confirm', `${key}/confirm`, event.currentTarget as Element, true);
  };
  return html`<section
    class="card"
    part="card"
    ${hooks(node)}
    data-size=${textOf(node['size']) ?? 'md'}
    ?data-form=${isForm}
    @submit=${isForm ? submit : nothing}
    @keydown=${isForm ? submitOnEnter : nothing}
    ${styled(styles)}
  >
    ${status(widget, node['status'])}
    ${isCollapsed
      ? nothing
      : html`<div class="card-body" ${styled(spacing('padding', node['padding']))}>${renderChildren(widget, node, key)}</div>`}
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

/** Browsers do so only in forms with a submit button, or with a single line. */
function submitOnEnter(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const form = event.currentTarget as HTMLElement;
  if (event.key !== 'Enter' || isComposing(event) || target.tagName !== 'INPUT') return;
  if (formOf(target) !== form) return;
  event.preventDefault();
  submitForm(form);
}

export function submitForm(form: Element | null): void {
  form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
}

function status(widget: Widget, value: unknown): TemplateResult | typeof nothing {
  const given = value as Record<string, unknown> | null | undefined;
  const told = textOf(given?.['text']);
  if (!given || told === undefined) return nothing;
  const favicon = safeImage(textOf(given['favicon']));
  const isShown = favicon !== null && imagePolicy(widget.ui)(favicon) && !widget.broken.has(favicon);
  return html`<header class="widget-status">
    ${isShown
      ? html`<img
          src=${favicon}
          alt=""
          referrerpolicy="no-referrer"
          ?data-frame=${isSet(given['frame'])}
          @error=${() => widget.broke(favicon)}
        />`
      : icon(textOf(given['icon']))}
    <span dir="auto">${told}</span>
  </header>`;
}

export const listView: Renderer = (widget, node, key) => {
  const rows = childrenOf(node);
  const wanted = node['limit'];
  const limit = wanted === 'auto' ? AUTO_LIMIT : (numberOf(wanted) ?? 0);
  const shown = widget.expanded.has(key) || limit < 1 ? rows : rows.slice(0, limit);
  return html`<section
    class="card list"
    part="card"
    ${hooks(node)}
  >
    ${status(widget, node['status'])}
    <div role="list">
      ${repeat(
        identified(shown),
        ({ own }) => own,
        ({ node: row, own }) =>
          html`<div role="listitem">${renderNode(widget, row, `${key}/${own}`)}</div>`,
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
  const styles = boxStyles({ ...node, direction: 'row' }, 'row', widget.schemeOf(node));
  const action = actionOf(node['onClickAction'], 'ListViewItem');
  const content = renderChildren(widget, node, key);
  if (!action) {
    return html`<div class="row-item" ${hooks(node)} ${styled(styles)}>${content}</div>`;
  }
  const start = (event: Event): void => {
    // A button in the row has an action of its own.
    const own = (event.target as Element).closest(
      'button, a, input, select, textarea, label, summary, [role="option"]',
    );
    if (own && own !== event.currentTarget) return;
    widget.start(node['onClickAction'], 'ListViewItem', key, event.currentTarget as Element);
  };
  return html`<div
    class="row-item clickable"
    role="button"
    tabindex="0"
    aria-disabled=${isDisabled(widget, action) ? 'true' : 'false'}
    aria-busy=${widget.isRunning(key) ? 'true' : 'false'}
    ${hooks(node)}
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
  html`<div class="basic" data-direction=${direction(node)} ${hooks(node)} ${styled(boxStyles(node, direction(node), widget.schemeOf(node)))}>
    ${renderChildren(widget, node, key)}
  </div>`;

export const box: Renderer = (widget, node, key) =>
  html`<div
    class="box"
    data-direction=${direction(node)}
    ${hooks(node)}
    ${styled(boxStyles(node, direction(node), widget.schemeOf(node)))}
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
    // Forms inside of it have their own.
    if (event.target !== element) return;
    widget.start(node['onSubmitAction'], 'Form', key, element, true);
  };
  return html`<form
    class="box"
    data-direction=${direction(node)}
    ${hooks(node)}
    data-form
    novalidate
    ${styled(boxStyles(node, direction(node), widget.schemeOf(node)))}
    @submit=${submit}
    @keydown=${submitOnEnter}
  >
    ${renderChildren(widget, node, key)}
  </form>`;
};

export const spacer: Renderer = (_widget, node) => {
  const least = length(node['minSize']);
  return html`<div class="spacer" ${hooks(node)} ${styled({ flex: '1 1 0', 'min-width': least, 'min-height': least })}></div>`;
};

export const divider: Renderer = (widget, node) =>
  html`<hr
    class="divider"
    ${hooks(node)}
    ?data-flush=${isSet(node['flush'])}
    ${styled({
      'border-color': colour(node['color'], 'border', widget.schemeOf(node)),
      '--ck-divider-size': length(node['size']),
      '--ck-divider-space': space(node['spacing']),
    })}
  />`;

export const transition: Renderer = (widget, node, key) => {
  // There is one child at most, but a server may well send several.
  const own = identified(childrenOf(node)).map((child) => child.own).join(' ');
  const child = own === '' ? null : { own, content: renderChildren(widget, node, key) };
  return html`<div class="transition" ${hooks(node)}>${transitioned(child)}</div>`;
};
