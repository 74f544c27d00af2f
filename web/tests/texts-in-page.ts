/** In a page: what of a text that is shown is more than a text may be. */

import { blocks, inline } from '../src/parts/markdown';
import { highlighted } from '../src/parts/highlight';
import { typeset } from '../src/parts/math';

const LINKS = /^(https?:|mailto:|tel:|#$)/;
const TAGS =
  /^(a|b|blockquote|br|button|code|del|div|em|h\d|hr|img|input|label|li|ol|p|pre|s|span|strong|sup|table|tbody|td|th|thead|tr|ul)$/;

/** Everything that is wrong with a text as Markdown, as a line, as a formula and as code. */
export async function wrongWith(text: string): Promise<string[]> {
  let hits = 0;
  Object.assign(window, { hit: () => (hits += 1) });
  const own = (): boolean => false;
  const wrong = [
    ...blocks(text, own).flatMap(({ html }) => wrongIn(html)),
    ...blocks(text, own, [{ place: 3, numbers: [1], label: text, name: text }]).flatMap(({ html }) => wrongIn(html)),
    ...wrongIn(inline(text, own)),
    ...wrongIn(typeset(text, true), /^(span|math|semantics|annotation|m\w+)$/),
    ...wrongIn(highlighted(text, 'html') ?? ''),
  ];
  // Time for whatever would load or run.
  await new Promise((done) => setTimeout(done, 20));
  document.body.replaceChildren();
  return hits > 0 ? [...wrong, 'ran a script'] : wrong;
}

export function wrongIn(html: string, tags = TAGS): string[] {
  const place = document.createElement('div');
  document.body.append(place);
  place.innerHTML = html;
  return [...place.querySelectorAll('*')].flatMap((element) => {
    const wrong: string[] = [];
    if (!tags.test(element.localName)) wrong.push(`<${element.localName}>`);
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on') || name === 'style' || name === 'srcdoc') wrong.push(name);
      if (name === 'href' && !LINKS.test(value)) wrong.push(`${name} ${value}`);
      if (name === 'src') wrong.push(`${name} ${value}`);
    }
    if (element instanceof HTMLAnchorElement && element.target && element.rel !== 'noopener noreferrer') {
      wrong.push('rel');
    }
    return wrong;
  });
}
