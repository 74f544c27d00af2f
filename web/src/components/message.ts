/** A message of the user, and one of the assistant. */

import { html, nothing, type TemplateResult } from 'lit';
import { markdownText } from '../markdown';
import { icon } from '../icons';
import { filled } from '../strings';
import { safeImage } from '../links';
import type { AssistantMessageItem, Attachment, UserContent, UserMessageItem } from '../protocol';
import type { Ui } from '../ui';
import { footnotes, markers } from './citations';
import './source-list';
import { entityTag } from './entities';
import { enlarge } from './lightbox';

const SHOWN_FILES = 4;

export function userMessage(ui: Ui, item: UserMessageItem): TemplateResult {
  const failed = ui.chat.conversation.unsent.find(({ id }) => id === item.id);
  return html`<article
    class="message user"
    part="user-message"
    aria-label=${ui.strings.you}
    data-item-id=${item.id}
    data-item-type=${item.type}
    ?data-unsent=${failed !== undefined}
  >
    ${item.attachments?.length ? attachments(ui, item.attachments) : nothing}
    ${item.quoted_text
      ? html`<blockquote class="quote" dir="auto">${item.quoted_text}</blockquote>`
      : nothing}
    ${item.content.length > 0
      ? // White space is kept there, so the template has none.
        html`<div class="bubble" part="bubble" dir="auto">${item.content.map((part) => userContent(ui, part))}</div>`
      : nothing}
    ${failed
      ? html`<p class="unsent" role="alert">
          <span>${ui.strings.notSent} ${failed.message ?? ''}</span>
          <button type="button" class="link" @click=${failed.retry}>${ui.strings.retry}</button>
        </p>`
      : nothing}
  </article>`;
}

function userContent(ui: Ui, part: UserContent): TemplateResult | string {
  if (part.type === 'input_text') return part.text;
  const { id, text, data, group, interactive } = part;
  return entityTag(ui, {
    id,
    title: text,
    data: data as Record<string, string>,
    ...(group ? { group } : {}),
    interactive: interactive ?? false,
  });
}

function attachments(ui: Ui, files: readonly Attachment[]): TemplateResult {
  const shown = files.slice(0, SHOWN_FILES);
  const more = files.slice(SHOWN_FILES);
  return html`<ul class="attachments" role="list">
    ${shown.map((file) => html`<li>${attachment(ui, file)}</li>`)}
    ${more.length > 0
      ? html`<li>
          <details class="more-files">
            <summary>${filled(ui.strings.moreFiles, { count: `+${more.length}` })}</summary>
            <ul role="list">
              ${more.map((file) => html`<li>${attachment(ui, file)}</li>`)}
            </ul>
          </details>
        </li>`
      : nothing}
  </ul>`;
}

function attachment(ui: Ui, file: Attachment): TemplateResult {
  const preview = file.type === 'image' ? safeImage(file.preview_url) : null;
  if (preview) {
    return html`<button
      type="button"
      class="thumbnail"
      aria-label="${ui.strings.enlarge}: ${file.name}"
      @click=${(event: Event) => enlarge(ui, event.currentTarget as Element, preview, file.name)}
    >
      <img src=${preview} alt=${file.name} loading="lazy" />
    </button>`;
  }
  return html`<span class="file" title=${file.mime_type}>
    ${icon(file.type === 'image' ? 'images' : 'document')}<span dir="auto">${file.name}</span>
  </span>`;
}

export function assistantMessage(
  ui: Ui,
  item: AssistantMessageItem,
  isPending: boolean,
): TemplateResult {
  const notes = footnotes(item.content);
  const last = item.content.length - 1;
  const isEmpty = !item.content.some((part) => part.text);
  return html`<article
    class="message assistant"
    part="assistant-message"
    aria-label=${ui.strings.assistant}
    data-item-id=${item.id}
    data-item-type=${item.type}
    ?data-pending=${isPending}
  >
    ${isPending && isEmpty ? typing(ui) : nothing}
    ${item.content.map((part, index) =>
      markdownText(ui, part.text, {
        markers: markers(ui, part, notes),
        streaming: isPending && index === last,
        notes: item.id,
      }),
    )}
    ${isPending || notes.length === 0
      ? nothing
      : html`<ck-source-list .ui=${ui} .notes=${notes}></ck-source-list>`}
  </article>`;
}

/** Three dots, until there is something to read. */
export function typing(ui: Ui): TemplateResult {
  return html`<span class="typing" role="img" aria-label=${ui.strings.busy}>
    <i></i><i></i><i></i>
  </span>`;
}
