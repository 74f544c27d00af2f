/** Questions of the assistant, one at a time, in the place of the text field. */

import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { filled } from '../strings';
import type { StructuredAnswers, StructuredInputItem, StructuredQuestion } from '../protocol';
import { define, Part, type Ui } from '../ui';

interface Draft {
  chosen: string[];
  written: string;
}

interface Progress {
  step: number;
  /** By question. */
  drafts: ReadonlyMap<string, Draft>;
}

// The form goes away with its answers, and comes back with them where they cannot be sent.
const begun = new WeakMap<Ui['chat'], Map<string, Progress>>();

export class StructuredForm extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    item: { attribute: false },
    step: { state: true },
    drafts: { state: true },
  };

  declare item: StructuredInputItem;
  declare step: number;
  /** By question. */
  declare drafts: ReadonlyMap<string, Draft>;

  constructor() {
    super();
    this.step = 0;
    this.drafts = new Map();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const all = begun.get(this.ui.chat) ?? new Map<string, Progress>();
    begun.set(this.ui.chat, all);
    if (changed.has('item') && changed.get('item')?.id !== this.item.id) {
      const { step, drafts } = all.get(this.item.id) ?? { step: 0, drafts: new Map<string, Draft>() };
      this.step = step;
      this.drafts = drafts;
    }
    all.set(this.item.id, { step: this.step, drafts: this.drafts });
  }

  /** Put the focus where the question is answered. */
  async focusFirst(): Promise<void> {
    await this.updateComplete;
    const chosen = this.querySelector<HTMLElement>('input:checked');
    (chosen ?? this.querySelector<HTMLElement>('input'))?.focus();
  }

  get #question(): StructuredQuestion | undefined {
    return this.item.inputs[this.step];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { strings, chat } = this.ui;
    const question = this.#question;
    const count = this.item.inputs.length;
    if (!question) return nothing;
    const isLast = this.step === count - 1;
    return html`<form class="structured" @submit=${this.#onNext} @keydown=${this.#onKey}>
      <fieldset>
        <legend dir="auto">${question.question}</legend>
        ${question.type === 'freeform' && question.description
          ? html`<p class="description" dir="auto">${question.description}</p>`
          : nothing}
        ${question.type === 'multiple_choice' ? this.#options(question) : nothing}
        <input
          class="field"
          dir="auto"
          .value=${live(this.#draft(question).written)}
          aria-label=${question.type === 'freeform' ? question.question : strings.otherAnswer}
          placeholder=${question.type === 'freeform' ? '' : strings.otherAnswer}
          @input=${(event: Event) => this.#write(question, (event.target as HTMLInputElement).value)}
        />
      </fieldset>
      <div class="structured-bar">
        ${count > 1
          ? html`<span class="step"
              >${filled(strings.questionOf, { number: this.step + 1, count })}</span
            >`
          : nothing}
        <span class="grow"></span>
        <button type="button" class="link" ?disabled=${chat.isBusy} @click=${this.#skipAll}>
          ${strings.skipAll}
        </button>
        ${this.step > 0
          ? html`<button type="button" class="button" @click=${() => this.#go(this.step - 1)}>
              ${strings.back}
            </button>`
          : nothing}
        <button type="button" class="button" ?disabled=${isLast && chat.isBusy} @click=${this.#skip}>
          ${strings.skip}
        </button>
        <button type="submit" class="button primary" ?disabled=${isLast && chat.isBusy}>
          ${isLast ? strings.submit : strings.next}
        </button>
      </div>
    </form>`;
  }

  #options(question: Extract<StructuredQuestion, { type: 'multiple_choice' }>): TemplateResult {
    const { chosen } = this.#draft(question);
    const multiple = question.multiple ?? false;
    return html`<div class="choices">
      ${question.options.map(
        ({ value }, index) =>
          html`<label class="choice" dir="auto">
            <input
              type=${multiple ? 'checkbox' : 'radio'}
              name=${question.id}
              .checked=${live(chosen.includes(value))}
              @change=${(event: Event) =>
                this.#pick(question, value, multiple, (event.target as HTMLInputElement).checked)}
            />
            <span>${value}</span>
            ${index < 9 ? html`<kbd aria-hidden="true">${index + 1}</kbd>` : nothing}
          </label>`,
      )}
    </div>`;
  }

  #draft(question: StructuredQuestion): Draft {
    return this.drafts.get(question.id) ?? { chosen: [], written: '' };
  }

  #change(question: StructuredQuestion, part: Partial<Draft>): void {
    this.drafts = new Map(this.drafts).set(question.id, { ...this.#draft(question), ...part });
  }

  // The server keeps one value of a single choice: the newer of what is chosen and what is written.

  #pick(question: StructuredQuestion, value: string, multiple: boolean, isOn: boolean): void {
    const { chosen, written } = this.#draft(question);
    const others = multiple ? chosen.filter((other) => other !== value) : [];
    this.#change(question, {
      chosen: isOn ? [...others, value] : others,
      written: multiple || !isOn ? written : '',
    });
  }

  #write(question: StructuredQuestion, written: string): void {
    const isSingle = question.type === 'multiple_choice' && !question.multiple;
    this.#change(question, isSingle && written.trim() ? { written, chosen: [] } : { written });
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const question = this.#question;
    const isWriting = (event.target as HTMLElement).classList.contains('field');
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = Number(event.key);
    if (isWriting || question?.type !== 'multiple_choice' || !(number >= 1 && number <= 9)) return;
    const option = question.options[number - 1];
    if (!option) return;
    event.preventDefault();
    const isOn = !this.#draft(question).chosen.includes(option.value);
    this.#pick(question, option.value, question.multiple ?? false, isOn);
  };

  readonly #onNext = (event: Event): void => {
    event.preventDefault();
    this.#advance();
  };

  readonly #skip = (): void => {
    const question = this.#question;
    if (question) this.#change(question, { chosen: [], written: '' });
    this.#advance();
  };

  #advance(): void {
    if (this.step < this.item.inputs.length - 1) {
      this.#go(this.step + 1);
      return;
    }
    this.#send({
      status: 'answered',
      answers: Object.fromEntries(
        this.item.inputs.map((question) => [question.id, this.#answer(question)]),
      ),
    });
  }

  #go(step: number): void {
    this.step = step;
    void this.focusFirst();
  }

  #answer(question: StructuredQuestion): { values: string[]; skipped: boolean } {
    const { chosen, written } = this.#draft(question);
    const values = written.trim() ? [...chosen, written.trim()] : chosen;
    return { values, skipped: values.length === 0 };
  }

  readonly #skipAll = (): void => this.#send({ status: 'skipped', answers: {} });

  #send(answers: StructuredAnswers): void {
    const { chat } = this.ui;
    if (chat.isBusy) return;
    chat.answer(this.item, answers).catch(() => undefined); // shown in the transcript
  }
}

define('ck-structured-form', StructuredForm);
