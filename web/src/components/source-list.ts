/** Every source of a message, behind a button. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { define, Part, type Ui } from '../ui';
import { sourceCard, type Footnote } from './citations';

export class SourceList extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    notes: { attribute: false },
    isOpen: { state: true },
  };

  declare notes: readonly Footnote[];
  declare isOpen: boolean;

  constructor() {
    super();
    this.notes = [];
    this.isOpen = false;
  }

  protected override render(): TemplateResult {
    const { notes, isOpen, ui } = this;
    return html`<div class="sources" ?data-open=${isOpen}>
      <button
        type="button"
        class="sources-head"
        aria-label=${ui.strings.sources}
        aria-expanded=${isOpen ? 'true' : 'false'}
        @click=${() => {
          this.isOpen = !isOpen;
        }}
      >
        ${ui.strings.sources} <span class="count" aria-hidden="true">${notes.length}</span>
        ${icon(isOpen ? 'chevron-down' : 'chevron-right', true)}
      </button>
      ${isOpen ? grouped(ui, notes) : nothing}
    </div>`;
  }
}

define('ck-source-list', SourceList);

function grouped(ui: Ui, notes: readonly Footnote[]): TemplateResult[] {
  const groups = new Map<string, Footnote[]>();
  for (const note of notes) {
    const group = note.source.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), note]);
  }
  return [...groups].map(
    ([group, found]) => html`
      ${group ? html`<h4 dir="auto">${group}</h4>` : nothing}
      <ol>
        ${found.map((note) => html`<li value=${note.number}>${sourceCard(ui, note)}</li>`)}
      </ol>
    `,
  );
}
