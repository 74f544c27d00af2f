/** What a widget asks for when somebody uses it: where it goes, and what waits meanwhile. */

import type { WidgetNode } from '../protocol';

export type LoadingBehavior = 'self' | 'container' | 'none';

export interface WidgetAction {
  type: string;
  /** Anything but null; undefined for none. */
  payload: unknown;
  handler: 'server' | 'client';
  /** Whether the server answers with a whole response. */
  isStreaming: boolean;
  loading: LoadingBehavior;
}

/** What somebody did with which kind of component. */
export type Trigger =
  | 'Button'
  | 'ListViewItem'
  | 'confirm'
  | 'cancel'
  | 'Form'
  | 'Select'
  | 'Checkbox'
  | 'RadioGroup'
  | 'DatePicker';

// What waits where the widget does not say it.
const WAITING: Record<Trigger, LoadingBehavior> = {
  Button: 'self',
  ListViewItem: 'self',
  confirm: 'container',
  cancel: 'container',
  Form: 'container',
  Select: 'none',
  Checkbox: 'none',
  RadioGroup: 'none',
  DatePicker: 'none',
};

/** Whether it is that a control has another value. */
export function isChange(trigger: Trigger): boolean {
  return ['Select', 'Checkbox', 'RadioGroup', 'DatePicker'].includes(trigger);
}

/** The action of a widget's property; null for none. */
export function actionOf(value: unknown, trigger: Trigger): WidgetAction | null {
  const config = value as Record<string, unknown> | null | undefined;
  if (typeof config?.['type'] !== 'string') return null;
  const behavior = config['loadingBehavior'];
  const isNamed = behavior === 'self' || behavior === 'container' || behavior === 'none';
  return {
    type: config['type'],
    payload: config['payload'] ?? undefined,
    handler: config['handler'] === 'client' ? 'client' : 'server',
    isStreaming: config['streaming'] !== false && config['streaming'] !== 'false',
    loading: isNamed ? behavior : WAITING[trigger],
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Merged {
  payload: unknown;
  /** Fields for which the action's own payload has no room, or the name already; it wins. */
  dropped: string[];
}

/** The payload with what the form holds. A dot in a name makes an object. */
export function merged(payload: unknown, values: ReadonlyMap<string, unknown>): Merged {
  const result = structuredClone(payload ?? {});
  if (!isRecord(result)) return { payload: result, dropped: [...values.keys()] };
  const dropped: string[] = [];
  for (const [name, value] of values) {
    if (!put(result, name.split('.'), value)) dropped.push(name);
  }
  return { payload: result, dropped };
}

function put(into: Record<string, unknown>, path: string[], value: unknown): boolean {
  const [key, ...rest] = path;
  // Names come from the server, and must not reach what objects inherit.
  if (!key || key === '__proto__' || key === 'constructor' || key === 'prototype') return false;
  if (rest.length === 0) {
    if (Object.hasOwn(into, key)) return false;
    into[key] = value;
    return true;
  }
  if (!Object.hasOwn(into, key)) into[key] = {};
  const inner = into[key];
  return isRecord(inner) && put(inner, rest, value);
}

/** The identity of a component among its siblings, by which it stays when others come and go. */
export function identity(node: WidgetNode, index: number): string {
  return String(node.id ?? node.key ?? `${node.type}:${index}`);
}

/** Components with their identities, each of which is there once, whatever the server says. */
export function identified(nodes: readonly WidgetNode[]): { node: WidgetNode; own: string }[] {
  const taken = new Set<string>();
  return nodes.map((node, index) => {
    const wanted = identity(node, index);
    const own = taken.has(wanted) ? `${wanted}#${index}` : wanted;
    taken.add(own);
    return { node, own };
  });
}
