/** What the controls of a form hold. */

import { timeOf } from './calendar';

/** The form that an element is in: a `Form`, or a card that is one. */
export function formOf(element: Element): HTMLElement | null {
  return element.closest<HTMLElement>('[data-form]');
}

/** The values of all named controls of a form, in order. A control that is not set has none. */
export function valuesOf(form: Element): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const control of controlsOf(form, '[data-name]')) {
    const name = control.dataset['name'];
    const value = name ? valueOf(control) : undefined;
    if (name && value !== undefined) values.set(name, value);
  }
  return values;
}

/** What is just going from the form has no part in it. */
function controlsOf(form: Element, selector: string): HTMLElement[] {
  return [...form.querySelectorAll<HTMLElement>(selector)].filter(
    (control) => !control.closest('[data-leaving]'),
  );
}

/** The value of one control; undefined where nothing is chosen. */
export function valueOf(control: HTMLElement): unknown {
  if (control instanceof HTMLInputElement && control.type === 'checkbox') return control.checked;
  if (control.getAttribute('role') === 'radiogroup') {
    return control.querySelector<HTMLInputElement>('input:checked')?.value;
  }
  if ('value' in control) {
    const { value } = control as unknown as { value: string };
    const { choice } = control.dataset;
    const isChoice = control instanceof HTMLSelectElement || choice !== undefined;
    if (isChoice && value === '') return undefined;
    return choice === 'day' ? timeOf(value) : value;
  }
  return undefined;
}

/** Whether a form can be sent; if not, the browser says why at the control. */
export function isValid(form: Element): boolean {
  const fields = controlsOf(form, 'input, textarea, select') as HTMLInputElement[];
  for (const field of fields) checkPattern(field);
  for (const field of fields) field.removeAttribute('aria-invalid');
  const wrong = fields.filter((field) => !field.checkValidity());
  for (const field of wrong) field.setAttribute('aria-invalid', 'true');
  form.addEventListener('input', onCorrected);
  wrong[0]?.reportValidity();
  return wrong.length === 0;
}

function onCorrected(event: Event): void {
  const form = event.currentTarget as Element;
  for (const field of form.querySelectorAll<HTMLInputElement>('[aria-invalid]')) {
    checkPattern(field);
    if (field.validity.valid) field.removeAttribute('aria-invalid');
  }
}

/** Browsers know patterns for lines only. An area says the same as a line would. */
function checkPattern(field: HTMLElement): void {
  const pattern = field.dataset['pattern'];
  if (!(field instanceof HTMLTextAreaElement) || pattern === undefined) return;
  const line = document.createElement('input');
  line.pattern = pattern;
  line.value = field.value.replaceAll('\n', ' ');
  field.setCustomValidity(line.validity.patternMismatch ? line.validationMessage || pattern : '');
}
