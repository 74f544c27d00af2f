/** Where an answer has it from: numbers in the text, a card for each, and a list below. */

import { html, nothing, type TemplateResult } from 'lit';
import type { AssistantContent, Source } from '../protocol';
import { icon } from '../icons';
import type { Marker } from '../markdown';
import { parsedUrl, safeLink } from '../links';
import { filled } from '../strings';
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

/** The markers of a part: one for each place, whatever number of sources it has. */
export function markers(ui: Ui, part: AssistantContent, notes: readonly Footnote[]): Marker[] {
  const byKey = new Map(notes.map((note) => [identity(note.source), note]));
  const end = [...part.text].length;
  const places = new Map<number, Footnote[]>();
  for (const { source, index } of inOrder(part)) {
    const note = byKey.get(identity(source));
    const place = Math.max(0, Math.min(index ?? end, end));
    const there = places.get(place) ?? [];
    if (note && !there.includes(note)) places.set(place, [...there, note]);
  }
  return [...places].map(([place, there]) => ({ place, ...looks(ui, there) }));
}

/** Numbers for what can be looked up; an entity has a name of its own, or its icon. */
function looks(ui: Ui, notes: readonly Footnote[]): Omit<Marker, 'place'> {
  const numbers = notes.map((note) => note.number);
  const [{ source }, ...others] = notes as [Footnote, ...Footnote[]];
  const label = notes.map((note) => inlineLabel(note)).join(', ');
  const name = filled(ui.strings.source, { number: label });
  const isIcon = source.type === 'entity' && others.length === 0 && !source.inline_label && source.icon;
  return isIcon ? { numbers, label: '', icon: source.icon ?? '', name } : { numbers, label, name };
}

function inlineLabel({ number, source }: Footnote): string {
  return (source.type === 'entity' && source.inline_label) || String(number);
}

function inOrder(part: AssistantContent): AssistantContent['annotations'] {
  const end = Number.POSITIVE_INFINITY;
  return (part.annotations ?? [])
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
