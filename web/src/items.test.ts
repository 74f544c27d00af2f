// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { assistant, other, questions, user, widget } from '../tests/chat-under-test';
import { updatedItem } from './items';
import type { ItemUpdate, ThreadItem } from './protocol';

function updated(item: object, ...updates: object[]): ThreadItem | null {
  return updates.reduce<ThreadItem | null>(
    (before, update) => before && updatedItem(before, update as ItemUpdate),
    item as ThreadItem,
  );
}

function part(kind: string, more: object, index = 0): object {
  return { type: `assistant_message.content_part.${kind}`, content_index: index, ...more };
}

function text(value: string, annotations: unknown = []): object {
  return { type: 'output_text', text: value, annotations };
}

function note(title: string): object {
  return { type: 'annotation', source: { type: 'url', url: `https://x.test/${title}`, title } };
}

describe('an update of a message', () => {
  it('for a part that is not there yet adds empty ones before it', () => {
    const item = updated(assistant('a'), part('added', { content: text('second') }, 1));
    expect(item).toMatchObject({ content: [text(''), text('second')] });
    const late = updated(assistant('a'), part('text_delta', { delta: 'third' }, 2));
    expect(late).toMatchObject({ content: [text(''), text(''), text('third')] });
  });

  it('adds its text to the right part', () => {
    const before = assistant('a', 'one', 'two');
    const item = updated(before, part('text_delta', { delta: '!' }, 1));
    expect(item).toMatchObject({ content: [text('one'), text('two!')] });
    expect(before).toMatchObject({ content: [text('one'), text('two')] });
  });

  it('puts annotations where they belong, and at the end where that is beyond it', () => {
    const item = updated(
      assistant('a', 'text'),
      part('annotation_added', { annotation_index: 0, annotation: note('b') }),
      part('annotation_added', { annotation_index: 0, annotation: note('a') }),
      part('annotation_added', { annotation_index: 9, annotation: note('c') }),
    );
    expect(item).toMatchObject({ content: [text('text', [note('a'), note('b'), note('c')])] });
  });

  it('that finishes a part without annotations keeps those that were streamed', () => {
    const streamed = part('annotation_added', { annotation_index: 0, annotation: note('a') });
    const kept = updated(assistant('a', 'te'), streamed, part('done', { content: text('text') }));
    expect(kept).toMatchObject({ content: [text('text', [note('a')])] });
    const given = part('done', { content: text('text', [note('b')]) });
    expect(updated(assistant('a', 'te'), streamed, given)).toMatchObject({
      content: [text('text', [note('b')])],
    });
  });

  it('may give null for no annotations', () => {
    const item = updated(
      assistant('a'),
      part('added', { content: text('', null) }),
      part('annotation_added', { annotation_index: 0, annotation: note('a') }),
      part('done', { content: text('text', null) }),
    );
    expect(item).toMatchObject({ content: [text('text', [note('a')])] });
  });

  it('of a kind that is not known changes nothing', () => {
    expect(updated(assistant('a', 'x'), part('translated', { language: 'fr' }))).toBeNull();
    expect(updated(assistant('a', 'x'), { type: 'assistant_message.sung' })).toBeNull();
  });
});

describe('an update of a widget', () => {
  const tree = {
    type: 'Card',
    children: [
      null,
      { type: 'Row', children: { type: 'Text', id: 'alone', value: 'one' } },
      { type: 'Col', children: [{ type: 'Markdown', id: 'listed', value: 'two' }] },
      { type: 'Text', id: 'empty' },
    ],
  };
  const item = widget('w', '', { widget: tree });

  function textDelta(id: string, delta: string, done = false): object {
    return { type: 'widget.streaming_text.value_delta', component_id: id, delta, done };
  }

  it('adds to a text anywhere in the tree, and leaves the rest as it is', () => {
    const changed = updated(item, textDelta('listed', '!'), textDelta('alone', '?'));
    expect(changed).toMatchObject({
      widget: {
        children: [
          null,
          { type: 'Row', children: { id: 'alone', value: 'one?' } },
          { type: 'Col', children: [{ id: 'listed', value: 'two!' }] },
          { type: 'Text', id: 'empty' },
        ],
      },
    });
    const before = tree.children[3];
    expect((changed as { widget: typeof tree } | null)?.widget.children[3]).toBe(before);
  });

  it('goes on after one that says it is done', () => {
    const changed = updated(item, textDelta('empty', 'a', true), textDelta('empty', 'b'));
    expect(changed).toMatchObject({
      widget: { children: [null, {}, {}, { value: 'ab', streaming: true }] },
    });
    expect(updated(changed!, textDelta('empty', 'c', true))).toMatchObject({
      widget: { children: [null, {}, {}, { value: 'abc', streaming: false }] },
    });
  });

  it('replaces one component, or the root', () => {
    const component = { type: 'Text', id: 'alone', value: 'new' };
    const changed = updated(item, { type: 'widget.component.updated', component_id: 'alone', component });
    expect(changed).toMatchObject({ widget: { children: [null, { children: component }, {}, {}] } });
    const root = { type: 'ListView', children: [] };
    expect(updated(item, { type: 'widget.root.updated', widget: root })).toMatchObject({ widget: root });
  });

  it('for a component that is not there changes nothing', () => {
    expect(updated(item, textDelta('nowhere', '!'))).toBeNull();
  });
});

describe('an update of a workflow', () => {
  const search = { type: 'web_search', title: 'Search' };
  const item = other('wf', 'workflow', { workflow: { type: 'custom', tasks: [search] } });

  function task(kind: string, index: number, title: string): object {
    return { type: `workflow.task.${kind}`, task_index: index, task: { type: 'custom', title } };
  }

  it('adds a task also where its index is that of an earlier one', () => {
    expect(updated(item, task('added', 0, 'a'), task('added', 0, 'a'))).toMatchObject({
      workflow: { tasks: [search, { title: 'a' }, { title: 'a' }] },
    });
  });

  it('changes the task at its index, and adds one that is out of range', () => {
    expect(updated(item, task('updated', 0, 'a'), task('updated', 7, 'b'))).toMatchObject({
      workflow: { tasks: [{ title: 'a' }, { title: 'b' }] },
    });
  });
});

describe('an update of an image', () => {
  it('replaces it, and tells how far it is', () => {
    const image = { id: 'i', url: 'data:,' };
    const update = { type: 'generated_image.updated', image, progress: 0.5 };
    const item = other('img', 'generated_image');
    expect(updated(item, update)).toMatchObject({ image, progress: 0.5 });
    expect(updated(item, update, { ...update, progress: null })).toMatchObject({ progress: null });
  });
});

describe('an update that does not fit its item', () => {
  const delta = part('text_delta', { delta: 'x' });

  it.each([
    ['user message', user('u', 'x'), delta],
    ['widget', widget('w'), delta],
    ['workflow', other('wf', 'workflow', { workflow: { type: 'custom', tasks: [] } }), delta],
    ['image', other('img', 'generated_image'), delta],
    ['message', assistant('a'), { type: 'widget.root.updated', widget: { type: 'Card' } }],
    ['question', questions('q'), delta],
    ['item of an unknown type', other('x', 'hologram'), delta],
  ])('changes nothing: %s', (_, item, update) => {
    expect(updated(item, update)).toBeNull();
  });
});
