/** A picture that the assistant makes: a placeholder, what there is of it, and the whole. */

import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { safeImage } from '../links';
import type { GeneratedImageItem } from '../protocol';
import type { Ui } from '../ui';
import { enlarge } from './lightbox';

export function imageView(
  ui: Ui,
  item: GeneratedImageItem,
  isPending: boolean,
): TemplateResult | typeof nothing {
  const { strings } = ui;
  const source = safeImage(item.image?.url);
  if (!source && !isPending) return nothing;
  const progress = item.progress ?? undefined;
  return html`<figure
    class="generated-image"
    data-item-id=${item.id}
    data-item-type="generated_image"
    ?data-pending=${isPending}
    data-progress=${isPending ? sharpness(progress) : nothing}
  >
    ${source
      ? html`<button
          type="button"
          class="enlarge"
          aria-label=${strings.enlarge}
          @click=${(event: Event) =>
            enlarge(ui, event.currentTarget as Element, source, strings.createdImage)}
        >
          <img src=${source} alt=${strings.createdImage} />
        </button>`
      : html`<span class="placeholder" role="img" aria-label=${strings.generatingImage}></span>`}
    ${isPending && progress !== undefined
      ? html`<progress value=${progress} max="1" aria-label=${strings.generatingImage}></progress>`
      : nothing}
    ${!isPending && source
      ? html`<a
          class="icon-button small download"
          href=${source}
          download
          target="_blank"
          rel="noopener noreferrer"
          aria-label=${strings.download}
          title=${strings.download}
          >${icon('download')}</a
        >`
      : nothing}
  </figure>`;
}

/** In four steps, which styles blur less and less. */
function sharpness(progress: number | undefined): number {
  return Math.min(3, Math.max(0, Math.floor((progress ?? 0) * 4)));
}
