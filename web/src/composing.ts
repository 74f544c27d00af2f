/** Writing with an input method, as Japanese and Chinese are. */

/**
 * Whether a key belongs to the input method: its Enter takes what is composed, and sends nothing.
 * Safari tells of that Enter after the composition, but with the code of all such keys.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
