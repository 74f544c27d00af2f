/**
 * The parts that are loaded when they are needed, from the place that the script itself came from.
 *
 * The script is a classic one, so a bundler cannot split it; the parts are modules of their own.
 */

// Only known while the script is evaluated.
const script = typeof document === 'undefined' ? null : (document.currentScript as HTMLScriptElement | null);

export const scriptUrl: string | null = script?.src || null;
/** Where a page says, on the script's tag, that the server is elsewhere. */
export const apiUrlOfScript: string | null = script?.dataset['apiUrl'] ?? null;

declare const __BUILD__: string;

let load = (name: string): Promise<unknown> => {
  const build = typeof __BUILD__ === 'undefined' ? 'dev' : __BUILD__;
  const url = new URL(`chatkit/${name}.js?v=${build}`, scriptUrl ?? document.baseURI);
  return import(/* @vite-ignore */ url.href);
};

/** Load parts in another way, as tests do. */
export function loadPartsWith(loader: (name: string) => Promise<unknown>): void {
  load = loader;
  loaded.clear();
}

const loaded = new Map<string, Promise<unknown>>();

/** A part, loaded once. One that fails is asked for again the next time. */
export function part<Module>(name: string): Promise<Module> {
  const known = loaded.get(name);
  if (known) return known as Promise<Module>;
  const loading = load(name);
  loaded.set(name, loading);
  loading.catch(() => loaded.delete(name));
  return loading as Promise<Module>;
}

/** The endpoint of the server that the script came from. */
export function endpointOfScript(): string {
  return apiUrlOfScript ?? new URL('/api/chatkit', scriptUrl ?? document.baseURI).href;
}
