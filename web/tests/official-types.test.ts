/** What the compiler says of the element: `npm run check` fails where one of these is not so. */

import type { ChatKitOptions, OpenAIChatKit } from '@openai/chatkit';
import { expectTypeOf, test } from 'vitest';
import type { ChatKitElement } from '../src/element';
import type { ElementOptions, Options, OwnOptions } from '../src/options';

test('5: the element is the official one, with all its methods, events and options', () => {
  expectTypeOf<ChatKitElement>().toExtend<OpenAIChatKit>();
  // @ts-expect-error -- without one of the methods it would not be
  expectTypeOf<Omit<ChatKitElement, 'fetchUpdates'>>().toExtend<OpenAIChatKit>();
  expectTypeOf<ChatKitOptions>().toExtend<ElementOptions>();
  expectTypeOf<keyof Options>().toEqualTypeOf<keyof ChatKitOptions | keyof OwnOptions>();
});
