/** What the assistant is told of the page around the element, where the page asks for it. */

import type { Options, PageContext } from './options';

const MAX_HEADINGS = 20;
const MAX_HEADING = 200;

/** The `metadata` of an operation; undefined where the page has nothing to tell. */
export function metadataFor(context: Options['context']): Record<string, unknown> | undefined {
  const metadata: Record<string, unknown> = {};
  if (context.page) {
    metadata['pageContext'] = typeof context.page === 'object' ? context.page : told(context.page);
  }
  if (context.user) {
    metadata['userInfo'] = typeof context.user === 'function' ? context.user() : context.user;
  }
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

function told(page: true | (() => PageContext)): PageContext {
  return page === true ? pageContext(document) : page();
}

/** Title, address, description and headings of a document. */
export function pageContext(page: Document): PageContext {
  const description = page.querySelector<HTMLMetaElement>('meta[name="description"]')?.content;
  const headings = [...page.querySelectorAll('h1, h2, h3')]
    .map((heading) => (heading.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_HEADING))
    .filter((text) => text !== '')
    .slice(0, MAX_HEADINGS);
  return {
    title: page.title,
    url: page.location.href,
    ...(description ? { description } : {}),
    headings,
  };
}
