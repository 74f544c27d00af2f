/** Things of the page that messages name: as a tag in the text, and as a card. */

import type { Entity } from '@openai/chatkit';
import { html, type TemplateResult } from 'lit';
import type { Ui } from '../ui';
import './entity-card';

/** An @mention. Those that the page can show more of can be pointed at and clicked. */
export function entityTag(ui: Ui, entity: Entity): TemplateResult {
  return html`<ck-entity .ui=${ui} .entity=${entity}></ck-entity>`;
}
