/** Recording of speech, and its text from the server. */

import type { Client } from './client';

const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
const LONGEST_MS = 120_000;
const LEVELS_EVERY_MS = 100;

export function canDictate(): boolean {
  return (
    typeof MediaRecorder !== 'undefined' &&
    typeof navigator.mediaDevices?.getUserMedia === 'function' &&
    recorderType() !== undefined
  );
}

function recorderType(): string | undefined {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type));
}

/** A recording that runs. The microphone is let go of however it ends. */
export class Recording {
  /** How loud it is, from 0 to 1. */
  level = 0;
  readonly #recorder: MediaRecorder;
  readonly #chunks: Blob[] = [];
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #ended: Promise<void>;
  #audio: AudioContext | null = null;

  private constructor(
    private readonly stream: MediaStream,
    onLevel: () => void,
    onTooLong: () => void,
  ) {
    const type = recorderType();
    this.#recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
    this.#recorder.ondataavailable = (event) => this.#chunks.push(event.data);
    this.#ended = new Promise((resolve) => {
      this.#recorder.onstop = () => resolve();
    });
    this.#recorder.start();
    this.#listen(onLevel);
    this.#timers.push(setTimeout(onTooLong, LONGEST_MS));
  }

  /**
   * Ask for the microphone and begin.
   *
   * @throws DOMException - The user or the system does not allow it.
   */
  static async start(onLevel: () => void, onTooLong: () => void): Promise<Recording> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    try {
      return new Recording(stream, onLevel, onTooLong);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  #listen(onLevel: () => void): void {
    if (typeof AudioContext === 'undefined') return;
    this.#audio = new AudioContext();
    const analyser = this.#audio.createAnalyser();
    this.#audio.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    this.#timers.push(
      setInterval(() => {
        analyser.getByteTimeDomainData(samples);
        const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0);
        this.level = loudest / 128;
        onLevel();
      }, LEVELS_EVERY_MS),
    );
  }

  /** End it and throw it away. */
  cancel(): void {
    this.#release();
  }

  /** End it; what was said. */
  async finish(client: Client): Promise<string> {
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
    await this.#ended;
    this.#release();
    const audio = new Blob(this.#chunks, { type: this.#recorder.mimeType });
    if (audio.size === 0) throw new Error('Nothing was recorded.');
    const { text } = await client.ask('input.transcribe', {
      audio_base64: await base64(audio),
      mime_type: this.#recorder.mimeType,
    });
    return text;
  }

  #release(): void {
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
    for (const track of this.stream.getTracks()) track.stop();
    void this.#audio?.close();
    this.#audio = null;
  }
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(',', 2)[1] ?? '');
    reader.onerror = () => reject(reader.error ?? new Error('The recording cannot be read.'));
    reader.readAsDataURL(blob);
  });
}
