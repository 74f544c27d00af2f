/** Where an answer has it from: numbers in the text, a card for each, and a list below. */

import { html, nothing, type TemplateResult } from 'lit';
import type { AssistantContent, Source } from '../protocol';
import { icon } from '../icons';
import { parsedUrl, safeLink } from '../links';
import type { Ui } from '../ui';

export interface Footnote {
  number: number;
  source: Source;
}

/** The sources of a message, each once, in the order in which the text names them. */
export function footnotes(content: readonly AssistantContent[]): Footnote[] {
  const found = new Map<string, Footnote>();
  for (const part of content) {
    for (const { source } of inOrder(part)) {
      const key = identity(source);
      if (!found.has(key)) found.set(key, { number: found.size + 1, source });
    }
  }
  return [...found.values()];
}

/** Where the markers of a part stand, as `[code points, number]`; one for each place and source. */
export function markers(
  part: AssistantContent,
  notes: readonly Footnote[],
): (readonly [number, number])[] {
  const numbers = new Map(notes.map((note) => [identity(note.source), note.number]));
  const placed = new Set<string>();
  const end = [...part.text].length;
  const found: [number, number][] = [];
  for (const annotation of inOrder(part)) {
    const number = numbers.get(identity(annotation.source));
    const place = Math.min(annotation.index ?? end, end);
    if (number === undefined || placed.has(`${place}:${number}`)) continue;
    placed.add(`${place}:${number}`);
    found.push([place, number]);
  }
  return found;
}

function inOrder(part: AssistantContent): AssistantContent['annotations'] {
  const end = Number.POSITIVE_INFINITY;
  return part.annotations
    .filter((annotation) => annotation?.source)
    .toSorted((one, other) => (one.index ?? end) - (other.index ?? end));
}

function identity(source: Source): string {
  switch (source.type) {
    case 'url':
      return `url:${source.url}`;
    case 'file':
      return `file:${source.filename}`;
    default:
      return `entity:${source.id}`;
  }
}

/** What is known of a source, as a card. */
export function sourceCard(ui: Ui, { number, source }: Footnote): TemplateResult {
  const href = source.type === 'url' ? safeLink(source.url) : null;
  const title = source.title || nameOf(source);
  return html`<article class="source-card" dir="auto">
    <p class="source-from">
      ${icon(iconOf(source))}<span>${nameOf(source)}</span><span class="number">${number}</span>
    </p>
    ${href
      ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${title}</a>`
      : html`<strong>${title}</strong>`}
    ${source.description ? html`<p>${source.description}</p>` : nothing}
    ${source.timestamp ? html`<p class="source-time">${dated(ui, source.timestamp)}</p>` : nothing}
  </article>`;
}

function iconOf(source: Source): string {
  if (source.type === 'entity') return source.icon ?? 'info';
  return source.type === 'url' ? 'globe' : 'document';
}

function nameOf(source: Source): string {
  switch (source.type) {
    case 'url':
      return source.attribution || hostOf(source.url);
    case 'file':
      return source.filename;
    default:
      return source.label || source.title;
  }
}

function hostOf(url: string): string {
  return parsedUrl(url)?.hostname.replace(/^www\./, '') ?? url;
}

function dated(ui: Ui, timestamp: string): string {
  const time = new Date(timestamp);
  if (Number.isNaN(time.getTime())) return timestamp;
  return new Intl.DateTimeFormat(ui.locale.tag, { dateStyle: 'medium' }).format(time);
}

/** Every source of a message, behind a button. */
export function sourceList(ui: Ui, notes: readonly Footnote[]): TemplateResult | typeof nothing {
  if (notes.length === 0) return nothing;
  const groups = new Map<string, Footnote[]>();
  for (const note of notes) {
    const group = note.source.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), note]);
  }
  return html`<details class="sources">
    <summary>${ui.strings.sources} <span class="count">${notes.length}</span></summary>
    ${[...groups].map(
      ([group, found]) => html`
        ${group ? html`<h4 dir="auto">${group}</h4>` : nothing}
        <ol>
          ${found.map((note) => html`<li value=${note.number}>${sourceCard(ui, note)}</li>`)}
        </ol>
      `,
    )}
  </details>`;
}
