/** What is shown before the first message: a greeting, and messages to begin with. */

import type { StartScreenPrompt } from '@openai/chatkit';
import { css, html, nothing, type TemplateResult } from 'lit';
import { contentOf } from '../content';
import { icon } from '../icons';
import { define, Part } from '../ui';

export class StartScreen extends Part {
  protected override render(): TemplateResult {
    const { options, strings } = this.ui;
    const { greeting, prompts } = options.startScreen;
    return html`
      <div class="start column" part="start-screen">
        <h1 part="greeting" dir="auto">${greeting ?? strings.greeting}</h1>
        ${prompts.length > 0
          ? html`<ul class="prompts" role="list">
              ${prompts.map((prompt) => html`<li>${this.#prompt(prompt)}</li>`)}
            </ul>`
          : nothing}
      </div>
    `;
  }

  #prompt(prompt: StartScreenPrompt): TemplateResult {
    return html`<button
      type="button"
      class="prompt"
      part="prompt"
      dir="auto"
      ?disabled=${this.ui.chat.isBusy}
      @click=${() => this.#send(prompt)}
    >
      ${prompt.icon ? icon(prompt.icon) : nothing}<span>${prompt.label}</span>
    </button>`;
  }

  #send({ prompt }: StartScreenPrompt): void {
    const content = contentOf(typeof prompt === 'string' ? { text: prompt } : { content: prompt });
    if (!content?.length) return;
    // The composer knows what model and tool are chosen.
    this.dispatchEvent(
      new CustomEvent('ck-prompt', { detail: content, bubbles: true, composed: false }),
    );
  }
}

define('ck-start-screen', StartScreen);

export const startScreenStyles = css`
  .start {
    display: flex;
    flex-direction: column;
    justify-content: flex-end;
    gap: calc(var(--ck-unit) * 6);
    block-size: 100%;
    padding-block: calc(var(--ck-unit) * 6);
    overflow-y: auto;
  }
  .start h1 {
    margin: 0;
    font-size: 1.75em;
    font-weight: 600;
    line-height: 1.25;
    text-wrap: balance;
  }
  .prompts {
    display: flex;
    flex-direction: column;
    gap: calc(var(--ck-unit) * 1);
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .prompt {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 3);
    inline-size: 100%;
    padding: calc(var(--ck-unit) * 2.5) calc(var(--ck-unit) * 3);
    border: 0;
    border-radius: var(--ck-radius-lg);
    background: transparent;
    color: var(--ck-text-2);
    text-align: start;
    cursor: pointer;
  }
  .prompt:hover:not(:disabled) {
    background: var(--ck-hover);
    color: var(--ck-text);
  }
`;
