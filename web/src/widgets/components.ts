/** Every component of the protocol, by its type. */

import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { childrenOf } from '../items';
import type { WidgetNode } from '../protocol';
import { identified } from './actions';
import { basic, box, card, divider, form, listView, listViewItem, spacer, transition } from './containers';
import { button, checkbox, datePicker, input, label, radioGroup, select, textarea } from './controls';
import { badge, chart, iconView, image } from './media';
import { themeOf } from './outline';
import { styled } from './styled';
import { table } from './tables';
import { caption, markdown, text, title } from './texts';
import type { Widget } from './widget';

export type Rendered = TemplateResult | typeof nothing;

/**
 * Shows a component.
 *
 * @param key - Of this component in its widget; the same as long as it is the same component.
 */
export type Renderer = (widget: Widget, node: WidgetNode, key: string) => Rendered;

const RENDERERS: Record<string, Renderer> = {
  Card: card,
  ListView: listView,
  ListViewItem: listViewItem,
  Basic: basic,
  Box: box,
  Row: box,
  Col: box,
  Form: form,
  Spacer: spacer,
  Divider: divider,
  Transition: transition,
  Title: title,
  Text: text,
  Caption: caption,
  Markdown: markdown,
  Badge: badge,
  Icon: iconView,
  Image: image,
  Chart: chart,
  Button: button,
  Input: input,
  Textarea: textarea,
  Select: select,
  DatePicker: datePicker,
  Checkbox: checkbox,
  RadioGroup: radioGroup,
  Label: label,
  Table: table,
};

/** A component; of a type that is not known, what is in it. */
export function renderNode(widget: Widget, node: WidgetNode, key: string): Rendered {
  const renderer = Object.hasOwn(RENDERERS, node.type) ? RENDERERS[node.type] : undefined;
  if (!renderer) return renderChildren(widget, node, key);
  const isThemed = node !== widget.root && themeOf(node) !== undefined;
  return isThemed ? themed(widget, node, renderer(widget, node, key)) : renderer(widget, node, key);
}

/** A root in another, with a theme of its own. Around it, since a card has colours of raised things. */
function themed(widget: Widget, node: WidgetNode, content: Rendered): Rendered {
  const scheme = widget.schemeOf(node);
  return html`<div class="themed" data-themed data-scheme=${scheme} ${styled(widget.coloursOf(scheme))}>
    ${content}
  </div>`;
}

/** What is in a component. Children keep their elements when others come and go. */
export function renderChildren(widget: Widget, node: WidgetNode, key: string): Rendered {
  const children = childrenOf(node);
  if (children.length === 0) return nothing;
  return html`${repeat(
    identified(children),
    ({ own }) => own,
    ({ node: child, own }) => renderNode(widget, child, `${key}/${own}`),
  )}`;
}
