/** Styles of single elements, set through the object model. */

import { noChange } from 'lit';
import type { WidgetNode } from '../protocol';
import { directive, Directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';

export type StyleValues = Record<string, string | undefined>;

class StyledDirective extends Directive {
  #set = new Set<string>();

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error('styled() belongs into a tag itself.');
  }

  render(_values: StyleValues): typeof noChange {
    return noChange;
  }

  // A style attribute, which Lit's own directive writes first, would break a strict policy.
  override update(part: ElementPart, [values]: [StyleValues]): typeof noChange {
    const { style } = part.element as HTMLElement;
    for (const name of this.#set) {
      if (values[name] === undefined) style.removeProperty(name);
    }
    this.#set = new Set();
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      style.setProperty(name, value);
      this.#set.add(name);
    }
    return noChange;
  }
}

/** Sets the properties on the element that it stands in: `<div ${styled({ color: 'red' })}>`. */
export const styled = directive(StyledDirective);

class HooksDirective extends Directive {
  render(_node: WidgetNode): typeof noChange {
    return noChange;
  }

  override update(part: ElementPart, [node]: [WidgetNode]): typeof noChange {
    const { dataset } = part.element as HTMLElement;
    dataset['widgetType'] = node.type;
    if (node.id === undefined || node.id === null) delete dataset['componentId'];
    else dataset['componentId'] = String(node.id);
    return noChange;
  }
}

/** By which a page and its tests find a component: its type and its id. */
export const hooks = directive(HooksDirective);
