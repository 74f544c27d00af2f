/** What components have to know of others: a control of its label, a button of its form, all of their theme. */

import { childrenOf, isNode } from '../items';
import type { WidgetNode } from '../protocol';
import { actionOf, type WidgetAction } from './actions';
import { isSet, textOf } from './values';

export type Scheme = 'light' | 'dark';

export interface Outline {
  labels: ReadonlyMap<WidgetNode, string>;
  submissions: ReadonlyMap<WidgetNode, WidgetAction>;
  /** Of what is in a root with a theme of its own, other than the root of the whole. */
  schemes: ReadonlyMap<WidgetNode, Scheme>;
}

/** The theme that a root asks for. */
export function themeOf(node: WidgetNode): Scheme | undefined {
  const theme = ['Card', 'ListView', 'Basic'].includes(node.type) ? node['theme'] : undefined;
  return theme === 'light' || theme === 'dark' ? theme : undefined;
}

interface Scope {
  labels: Map<string, string>;
  controls: WidgetNode[];
  submission: WidgetAction | null;
}

export function outlineOf(root: unknown): Outline {
  const labels = new Map<WidgetNode, string>();
  const submissions = new Map<WidgetNode, WidgetAction>();
  const schemes = new Map<WidgetNode, Scheme>();
  const visit = (node: WidgetNode, outer: Scope, around?: Scheme): void => {
    const scope = ownScope(node) ?? outer;
    const scheme = node === root ? undefined : (themeOf(node) ?? around);
    if (scheme) schemes.set(node, scheme);
    const name = textOf(node['fieldName']);
    if (node.type === 'Label' && name !== undefined) {
      scope.labels.set(name, textOf(node['value']) ?? '');
    } else if (node.type === 'Button') {
      if (isSet(node['submit']) && scope.submission) submissions.set(node, scope.submission);
    } else if (textOf(node['name']) !== undefined) {
      scope.controls.push(node);
    }
    for (const child of childrenOf(node)) visit(child, scope, scheme);
    if (scope !== outer) nameControls(scope);
  };
  const nameControls = ({ controls, labels: named }: Scope): void => {
    for (const control of controls) {
      const label = named.get(textOf(control['name']) ?? '');
      if (label) labels.set(control, label);
    }
  };
  const whole: Scope = { labels: new Map(), controls: [], submission: null };
  if (isNode(root)) visit(root, whole);
  nameControls(whole);
  return { labels, submissions, schemes };
}

/** Of a form; null for what is none. */
function ownScope(node: WidgetNode): Scope | null {
  const isCard = node.type === 'Card' && isSet(node['asForm']);
  if (!isCard && node.type !== 'Form') return null;
  const confirm = node['confirm'] as { action?: unknown } | null | undefined;
  const submission = isCard
    ? actionOf(confirm?.action, 'confirm')
    : actionOf(node['onSubmitAction'], 'Form');
  return { labels: new Map(), controls: [], submission };
}
