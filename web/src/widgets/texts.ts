/** Components of words. */

import { html, nothing } from 'lit';
import '../markdown';
import type { WidgetNode } from '../protocol';
import type { Renderer } from './components';
import { styled } from './styled';
import { isSet, textOf, textStyles } from './values';

export const text: Renderer = (widget, node) => {
  const styles = textStyles(node, 'Text', widget.scheme);
  const editable = node['editable'] as Record<string, unknown> | false | null | undefined;
  if (editable && textOf(editable['name']) !== undefined) return editableText(node, editable, styles);
  return html`<p
    class="text"
    dir="auto"
    data-widget-type="Text"
    data-component-id=${node.id ?? nothing}
    ?data-streaming=${isSet(node['streaming'])}
    ?data-clamped=${styles['-webkit-line-clamp'] !== undefined}
    ${styled(styles)}
  >${textOf(node['value']) ?? ''}</p>`;
};

function editableText(
  node: WidgetNode,
  editable: Record<string, unknown>,
  styles: ReturnType<typeof textStyles>,
): ReturnType<Renderer> {
  const name = textOf(editable['name']) ?? '';
  return html`<input
    class="text editable"
    dir="auto"
    data-name=${name}
    name=${name}
    aria-label=${textOf(editable['placeholder']) ?? name}
    placeholder=${textOf(editable['placeholder']) ?? ''}
    autocomplete=${textOf(editable['autoComplete']) ?? 'off'}
    pattern=${textOf(editable['pattern']) ?? nothing}
    ?required=${isSet(editable['required'])}
    .defaultValue=${textOf(node['value']) ?? ''}
    ${styled(styles)}
  />`;
}

export const title: Renderer = (widget, node) =>
  html`<div
    class="widget-title"
    role="heading"
    aria-level="3"
    dir="auto"
    ?data-clamped=${isClamped(node)}
    ${styled(textStyles(node, 'Title', widget.scheme))}
  >${textOf(node['value']) ?? ''}</div>`;

export const caption: Renderer = (widget, node) =>
  html`<p
    class="caption"
    dir="auto"
    ?data-clamped=${isClamped(node)}
    ${styled(textStyles(node, 'Caption', widget.scheme))}
  >${textOf(node['value']) ?? ''}</p>`;

function isClamped(node: WidgetNode): boolean {
  return isSet(node['truncate']) || node['maxLines'] !== undefined;
}

export const markdown: Renderer = (widget, node) =>
  html`<ck-markdown
    data-widget-type="Markdown"
    data-component-id=${node.id ?? nothing}
    .ui=${widget.ui}
    .text=${textOf(node['value']) ?? ''}
    .streaming=${isSet(node['streaming'])}
  ></ck-markdown>`;
