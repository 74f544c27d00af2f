/** A message of the user before the server has it. */

import type { Attachment as OfficialAttachment, ToolChoice, UserMessageContent } from '@openai/chatkit';
import { contentOf } from './content';
import type { Attachment, InferenceOptions, ThreadItem, UserContent, UserMessageInput } from './protocol';

export interface OutgoingMessage {
  content: UserContent[];
  attachments: Attachment[];
  quotedText: string;
  inferenceOptions: InferenceOptions;
}

/** A message as a page gives it. */
export interface GivenMessage {
  text?: string;
  content?: UserMessageContent[];
  reply?: string;
  attachments?: OfficialAttachment[];
  toolChoice?: ToolChoice;
  model?: string;
}

/** What a page gives, with what is chosen in the composer where it says nothing else. */
export function messageOf(given: GivenMessage, chosen: InferenceOptions): OutgoingMessage {
  return {
    content: contentOf(given) ?? [],
    attachments: (given.attachments ?? []) as Attachment[],
    quotedText: given.reply ?? '',
    inferenceOptions: {
      ...chosen,
      ...(given.toolChoice ? { tool_choice: { id: given.toolChoice.id } } : {}),
      ...(given.model ? { model: given.model } : {}),
    },
  };
}

/** The message as the server takes it. */
export function inputOf(message: OutgoingMessage): UserMessageInput {
  return {
    content: message.content,
    quoted_text: message.quotedText,
    attachments: message.attachments.map((attachment) => attachment.id),
    inference_options: message.inferenceOptions,
  };
}

let lastLocalId = 0;

/** What is shown of the message until the server's own item comes. */
export function shownUntilEchoed(message: OutgoingMessage, threadId: string): ThreadItem {
  return {
    type: 'user_message',
    id: `local-${++lastLocalId}`,
    thread_id: threadId,
    created_at: new Date().toISOString(),
    content: message.content,
    attachments: message.attachments,
    quoted_text: message.quotedText,
    inference_options: message.inferenceOptions,
  };
}
