/** Components of words. */

import { html, nothing } from 'lit';
import { markdownText } from '../markdown';
import type { WidgetNode } from '../protocol';
import type { Renderer } from './components';
import { focused } from './focused';
import { hooks, styled } from './styled';
import { isSet, numberOf, textOf, textStyles } from './values';

export const text: Renderer = (widget, node) => {
  const styles = textStyles(node, 'Text', widget.schemeOf(node));
  const editable = node['editable'] as Record<string, unknown> | false | null | undefined;
  if (editable && textOf(editable['name']) !== undefined) return editableText(node, editable, { ...styles, 'flex-shrink': undefined });
  return html`<p
    class="text"
    dir="auto"
    ${hooks(node)}
    ?data-streaming=${widget.isPending && isSet(node['streaming'])}
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
    ${hooks(node)}
    ${focused(editable)}
    data-name=${name}
    name=${name}
    aria-label=${textOf(editable['placeholder']) ?? name}
    placeholder=${textOf(editable['placeholder']) ?? ''}
    autocomplete=${textOf(editable['autoComplete']) ?? 'off'}
    ?data-1p-ignore=${!isSet(editable['allowAutofillExtensions'])}
    ?data-lpignore=${!isSet(editable['allowAutofillExtensions'])}
    pattern=${textOf(editable['pattern']) ?? nothing}
    ?required=${isSet(editable['required'])}
    .value=${textOf(node['value']) ?? ''}
    ${styled(styles)}
  />`;
}

export const title: Renderer = (widget, node) =>
  html`<div
    class="widget-title"
    role="heading"
    aria-level="3"
    dir="auto"
    ${hooks(node)}
    ?data-clamped=${isClamped(node)}
    ${styled(textStyles(node, 'Title', widget.schemeOf(node)))}
  >${textOf(node['value']) ?? ''}</div>`;

export const caption: Renderer = (widget, node) =>
  html`<p
    class="caption"
    dir="auto"
    ${hooks(node)}
    ?data-clamped=${isClamped(node)}
    ${styled(textStyles(node, 'Caption', widget.schemeOf(node)))}
  >${textOf(node['value']) ?? ''}</p>`;

function isClamped(node: WidgetNode): boolean {
  return isSet(node['truncate']) || numberOf(node['maxLines']) !== undefined;
}

export const markdown: Renderer = (widget, node) =>
  markdownText(widget.ui, textOf(node['value']) ?? '', {
    streaming: widget.isPending && isSet(node['streaming']),
    component: String(node.id ?? ''),
  });
