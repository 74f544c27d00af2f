/** How updates change an item. Items are never changed in place: a changed one is a new object. */

import type {
  AssistantContent,
  AssistantMessageItem,
  GeneratedImageItem,
  ItemUpdate,
  ThreadItem,
  WidgetItem,
  WidgetNode,
  WorkflowItem,
} from './protocol';

/** The item with the update applied; null where the two do not fit, or the type is unknown. */
export function updatedItem(item: ThreadItem, update: ItemUpdate): ThreadItem | null {
  switch (item.type) {
    case 'assistant_message':
      return updatedMessage(item, update);
    case 'widget':
      return updatedWidget(item, update);
    case 'workflow':
      return updatedWorkflow(item, update);
    case 'generated_image':
      return updatedImage(item, update);
    default:
      return null;
  }
}

function updatedMessage(
  item: AssistantMessageItem,
  update: ItemUpdate,
): AssistantMessageItem | null {
  if (!('content_index' in update)) return null;
  const part = updatedPart(item.content[update.content_index] ?? emptyPart(), update);
  if (!part) return null;
  const content = [...item.content];
  // An update may be for a part that no event has brought.
  while (content.length < update.content_index) content.push(emptyPart());
  content[update.content_index] = part;
  return { ...item, content };
}

type PartUpdate = Extract<ItemUpdate, { content_index: number }>;

function updatedPart(part: AssistantContent, update: PartUpdate): AssistantContent | null {
  switch (update.type) {
    case 'assistant_message.content_part.text_delta':
      return { ...part, text: part.text + update.delta };
    case 'assistant_message.content_part.annotation_added': {
      const annotations = [...(part.annotations ?? [])];
      annotations.splice(update.annotation_index, 0, update.annotation);
      return { ...part, annotations };
    }
    case 'assistant_message.content_part.done': {
      // Servers send no annotations here, even where they have streamed some; the whole list
      // comes again with the finished item.
      const given = update.content.annotations ?? [];
      return { ...update.content, annotations: given.length > 0 ? given : part.annotations };
    }
    case 'assistant_message.content_part.added':
      return { ...update.content, annotations: update.content.annotations ?? [] };
    default:
      return null;
  }
}

function emptyPart(): AssistantContent {
  return { type: 'output_text', text: '', annotations: [] };
}

function updatedWidget(item: WidgetItem, update: ItemUpdate): WidgetItem | null {
  if (update.type === 'widget.root.updated') return { ...item, widget: update.widget };
  let change: (node: WidgetNode) => WidgetNode;
  if (update.type === 'widget.component.updated') {
    change = () => update.component;
  } else if (update.type === 'widget.streaming_text.value_delta') {
    // Later deltas come even after one that says it is done: that tells of the look only.
    change = (node) => ({
      ...node,
      value: String(node['value'] ?? '') + update.delta,
      streaming: !update.done,
    });
  } else {
    return null;
  }
  const widget = withComponent(item.widget, update.component_id, change);
  return widget && { ...item, widget };
}

/** The tree with one component changed; null where no component has the id. */
function withComponent(
  node: WidgetNode,
  id: string,
  change: (node: WidgetNode) => WidgetNode,
): WidgetNode | null {
  if (node.id === id) return change(node);
  const children = node['children'];
  const list: unknown[] = Array.isArray(children) ? children : [children];
  for (const [index, child] of list.entries()) {
    const changed = isNode(child) ? withComponent(child, id, change) : null;
    if (changed) {
      return { ...node, children: Array.isArray(children) ? list.with(index, changed) : changed };
    }
  }
  return null;
}

/** The children of a component: servers send a list, one alone, null, or nothing. */
export function childrenOf(node: WidgetNode): WidgetNode[] {
  const children = node['children'];
  const list = Array.isArray(children) ? children : [children];
  return list.filter(isNode);
}

export function isNode(value: unknown): value is WidgetNode {
  return typeof (value as { type?: unknown } | null | undefined)?.type === 'string';
}

function updatedWorkflow(item: WorkflowItem, update: ItemUpdate): WorkflowItem | null {
  if (update.type !== 'workflow.task.added' && update.type !== 'workflow.task.updated') return null;
  const tasks = [...item.workflow.tasks];
  const isThere = update.type === 'workflow.task.updated' && update.task_index < tasks.length;
  if (isThere) tasks[update.task_index] = update.task;
  // The index of an added task can be that of an earlier one that equals it.
  else tasks.push(update.task);
  return { ...item, workflow: { ...item.workflow, tasks } };
}

function updatedImage(item: GeneratedImageItem, update: ItemUpdate): GeneratedImageItem | null {
  if (update.type !== 'generated_image.updated') return null;
  return { ...item, image: update.image, progress: update.progress };
}
