/** What the controls of a form hold. */

/** The form that an element is in: a `Form`, or a card that is one. */
export function formOf(element: Element): HTMLElement | null {
  return element.closest<HTMLElement>('[data-form]');
}

/** The values of all named controls of a form, in order. A control that is not set has none. */
export function valuesOf(form: Element): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const control of form.querySelectorAll<HTMLElement>('[data-name]')) {
    const name = control.dataset['name'];
    const value = name ? valueOf(control) : undefined;
    if (name && value !== undefined) values.set(name, value);
  }
  return values;
}

/** The value of one control; undefined where nothing is chosen. */
export function valueOf(control: HTMLElement): unknown {
  if (control instanceof HTMLInputElement && control.type === 'checkbox') return control.checked;
  if (control instanceof HTMLInputElement && control.type === 'date') {
    // Days are the user's own.
    return control.value ? new Date(`${control.value}T00:00`).toISOString() : undefined;
  }
  if (control.getAttribute('role') === 'radiogroup') {
    return control.querySelector<HTMLInputElement>('input:checked')?.value;
  }
  if ('value' in control) {
    const { value } = control as unknown as { value: string };
    const isChoice = control instanceof HTMLSelectElement || control.dataset['choice'] === 'true';
    return isChoice && value === '' ? undefined : value;
  }
  return undefined;
}

/** Whether a form can be sent; if not, the browser says why at the control. */
export function isValid(form: Element): boolean {
  const fields = [...form.querySelectorAll<HTMLInputElement>('input, textarea, select')];
  for (const field of fields) checkPattern(field);
  const wrong = fields.find((field) => !field.checkValidity());
  wrong?.reportValidity();
  return !wrong;
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
