/** Speech instead of writing: the recording that runs, and its buttons. */

import { html, nothing, type TemplateResult } from 'lit';
import { canDictate, Recording } from '../dictation';
import type { Ui } from '../ui';
import { iconButton } from './buttons';

export class Dictation {
  recording: Recording | null = null;
  isTranscribing = false;
  #isStarting = false;

  constructor(
    private readonly ui: () => Ui,
    private readonly changed: () => void,
    private readonly said: (text: string) => void,
  ) {}

  get isOffered(): boolean {
    return this.ui().options.composer.dictation && canDictate();
  }

  async start(): Promise<void> {
    if (this.recording || this.#isStarting || this.isTranscribing) return;
    this.#isStarting = true;
    try {
      const recording = await Recording.start(this.changed, () => void this.finish());
      // The user can have left while the browser asked whether the microphone may be used.
      if (this.#isStarting) this.recording = recording;
      else recording.cancel();
    } catch (error) {
      this.ui().toast(this.ui().strings.microphoneRefused);
      this.ui().failed(error);
    }
    this.#isStarting = false;
    this.changed();
  }

  /** Let go of the microphone; nothing is written. */
  cancel(): void {
    this.#isStarting = false;
    this.recording?.cancel();
    this.recording = null;
    this.changed();
  }

  async finish(): Promise<void> {
    const { recording } = this;
    if (!recording) return;
    this.recording = null;
    this.isTranscribing = true;
    this.changed();
    let text = '';
    try {
      text = await recording.finish(this.ui().client);
    } catch (error) {
      this.ui().toast(this.ui().strings.dictationFailed);
      this.ui().failed(error);
    }
    this.isTranscribing = false;
    this.changed();
    this.said(text.trim());
  }
}

export function dictationButtons(ui: Ui, dictation: Dictation): TemplateResult | typeof nothing {
  if (!dictation.isOffered) return nothing;
  const { strings, chat } = ui;
  if (dictation.isTranscribing) {
    return html`<span class="spinner" role="status" aria-label=${strings.transcribing}></span>`;
  }
  const { recording } = dictation;
  if (!recording) {
    return iconButton(strings.startDictation, 'mic', () => void dictation.start(), !chat.isOpen);
  }
  return html`<meter class="level" min="0" max="1" .value=${recording.level} aria-hidden="true"></meter>
    ${iconButton(strings.cancelDictation, 'close', () => dictation.cancel())}
    ${iconButton(strings.stopDictation, 'check', () => void dictation.finish())}`;
}
