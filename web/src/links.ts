/** Which addresses of texts and data may become links or images. */

/** An address, taken apart; null for what is none. Relative ones are the page's. */
export function parsedUrl(url: string): URL | null {
  try {
    return new URL(url, document.baseURI);
  } catch {
    return null;
  }
}

/** The address, where it may be followed; null for scripts, data and what is no address. */
export function safeLink(url: string | null | undefined): string | null {
  if (!url) return null;
  const address = parsedUrl(url);
  return address && /^(https?|mailto|tel):$/.test(address.protocol) ? address.href : null;
}

/** The address of a picture that the server or the page itself names. */
export function safeImage(url: string | null | undefined): string | null {
  if (!url) return null;
  if (/^(data:image\/(png|jpeg|gif|webp);|blob:)/i.test(url)) return url;
  const address = parsedUrl(url);
  return address && /^https?:$/.test(address.protocol) ? address.href : null;
}
