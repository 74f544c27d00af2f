/** The code of docs/embed.md, by the names that it gives it, and how it becomes what a browser runs. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { ROOT, WEB } from './places';

const GUIDE = path.join(ROOT, 'docs/embed.md');
const SERVER = /https:\/\/chat\.example\.com/g;

export class Guide {
  private constructor(
    readonly text: string,
    readonly folder: string,
  ) {}

  /** @param server - Takes the place of the server that the guide's code names. */
  static async of(server: string, folder: string): Promise<Guide> {
    const text = (await readFile(GUIDE, 'utf8')).replace(SERVER, server);
    const guide = new Guide(text, path.join(WEB, 'node_modules/.e2e/embed', folder));
    for (const [name, code] of guide.#files()) await guide.write(name, code);
    return guide;
  }

  *#files(): Generator<[string, string]> {
    const fenced = /```\w+\n(?:\/\/|<!--|\/\*) (\S+\.\w+)(?: -->| \*\/)?\n([\s\S]*?)```/g;
    for (const [, name, code] of this.text.matchAll(fenced)) yield [name!, code!];
  }

  /** The code under a name, in the guide's words. */
  code(name: string): string {
    const found = [...this.#files()].find(([known]) => known === name);
    if (!found) throw new Error(`docs/embed.md has no code named ${name}.`);
    return found[1];
  }

  /** The value of an HTTP header that the guide shows. */
  header(name: string): string {
    const [, value] = new RegExp(`^${name}: (.*)$`, 'm').exec(this.text) ?? [];
    if (!value) throw new Error(`docs/embed.md shows no header ${name}.`);
    return value;
  }

  async write(name: string, code: string): Promise<void> {
    const file = path.join(this.folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, code);
  }

  /**
   * An app with the guide's code in it.
   *
   * @param entry - What an app's `main` is, around the code of the guide.
   * @returns Its script and its styles.
   */
  async app(entry: string, configFile: string | false = false): Promise<{ script: string; styles: string }> {
    await this.write('main.jsx', entry);
    const out = path.join(this.folder, 'dist');
    await build({
      configFile: configFile && path.join(this.folder, configFile),
      root: this.folder,
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"development"' }, // where frameworks say what is wrong
      build: {
        outDir: out,
        lib: { entry: 'main.jsx', formats: ['es'], fileName: () => 'app.js', cssFileName: 'app' },
      },
    });
    const styles = readFile(path.join(out, 'app.css'), 'utf8').catch(() => ''); // of the Vue app only
    return { script: await readFile(path.join(out, 'app.js'), 'utf8'), styles: await styles };
  }

  /** A module of the guide's that runs on a server. */
  async module<Exports>(name: string): Promise<Exports> {
    const out = path.join(this.folder, 'server');
    await build({
      configFile: false,
      root: this.folder,
      logLevel: 'error',
      build: { ssr: name, outDir: out, rollupOptions: { output: { entryFileNames: 'module.mjs' } } },
    });
    return (await import(pathToFileURL(path.join(out, 'module.mjs')).href)) as Exports;
  }
}
