/** Task lists as GitHub writes them: `- [ ] open`, `- [x] done`. */

import type { MarkdownIt } from 'markdown-it';

const BOX = /^\[([ xX])\]\s/;

export function tasks(parser: MarkdownIt): void {
  parser.core.ruler.after('inline', 'tasks', (state) => {
    for (const [index, token] of state.tokens.entries()) {
      const item = state.tokens[index - 2];
      const text = token.children?.[0];
      if (token.type !== 'inline' || item?.type !== 'list_item_open' || text?.type !== 'text') continue;
      const box = BOX.exec(text.content);
      if (!box) continue;
      text.content = text.content.slice(box[0].length);
      item.attrJoin('class', 'task');
      const check = new state.Token('task_box', '', 0);
      check.meta = { checked: box[1] !== ' ' };
      token.children?.unshift(check);
      token.children?.push(new state.Token('task_end', '', 0));
    }
  });
  parser.renderer.rules['task_box'] = (tokens, index) => {
    const { checked } = tokens[index]!.meta as { checked: boolean };
    return `<label><input type="checkbox" disabled${checked ? ' checked' : ''}> `;
  };
  parser.renderer.rules['task_end'] = () => '</label>';
}
