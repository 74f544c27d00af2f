/** TeX as MathML, which browsers typeset by themselves: no fonts and no styles are needed. */

import katex from 'katex';

/** The formula as MathML, with what cannot be read shown as it is. */
export function typeset(tex: string, display: boolean): string {
  const formula = katex.renderToString(tex, {
    displayMode: display,
    output: 'mathml',
    throwOnError: false,
    strict: 'ignore',
    trust: false, // no links and no images from a formula
    maxSize: 20,
    maxExpand: 200,
  });
  // A strict policy forbids them, and quotes in texts are escaped: this is an attribute.
  return formula.replace(/ style="[^"]*"/g, '');
}
