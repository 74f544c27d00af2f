/**
 * What travels between a ChatKit server and this element, as `openai-chatkit` 1.6 defines it.
 *
 * The server leaves out what is null. Others send nulls, so an optional field may be either.
 * Unknown types of items, events and updates are possible in all unions: a newer server may send
 * them, and they are ignored where they arrive.
 */

export type Maybe<T> = T | null | undefined;

// Widgets are data that the renderer reads with care, so no more is promised of them here.
export type WidgetNode = { type: string; id?: string; key?: string; [property: string]: unknown };

export interface Page<T> {
  data: T[];
  has_more: boolean;
  after?: Maybe<string>;
}

export type ThreadStatus =
  | { type: 'active' }
  | { type: 'locked'; reason?: Maybe<string> }
  | { type: 'closed'; reason?: Maybe<string> };

export interface ThreadMetadata {
  id: string;
  title?: Maybe<string>;
  created_at: string;
  status?: Maybe<ThreadStatus>;
  allowed_image_domains?: Maybe<string[]>;
}

export interface Thread extends ThreadMetadata {
  items: Page<ThreadItem>;
}

// Items

export interface Attachment {
  id: string;
  type: 'file' | 'image';
  name: string;
  mime_type: string;
  preview_url?: Maybe<string>;
  upload_descriptor?: Maybe<UploadDescriptor>;
  /** Of servers from before `upload_descriptor`. */
  upload_url?: Maybe<string>;
}

export interface UploadDescriptor {
  url: string;
  method: 'POST' | 'PUT';
  headers?: Maybe<Record<string, string>>;
}

export type UserContent =
  | { type: 'input_text'; text: string }
  | {
      type: 'input_tag';
      id: string;
      text: string;
      data: Record<string, unknown>;
      group?: Maybe<string>;
      interactive?: Maybe<boolean>;
    };

export interface InferenceOptions {
  tool_choice?: Maybe<{ id: string }>;
  model?: Maybe<string>;
}

export interface SourceBase {
  title: string;
  description?: Maybe<string>;
  timestamp?: Maybe<string>;
  group?: Maybe<string>;
}
export type UrlSource = SourceBase & { type: 'url'; url: string; attribution?: Maybe<string> };
export type FileSource = SourceBase & { type: 'file'; filename: string };
export type EntitySource = SourceBase & {
  type: 'entity';
  id: string;
  icon?: Maybe<string>;
  label?: Maybe<string>;
  inline_label?: Maybe<string>;
  interactive?: Maybe<boolean>;
  data?: Maybe<Record<string, unknown>>;
};
export type Source = UrlSource | FileSource | EntitySource;

export interface Annotation {
  type: 'annotation';
  source: Source;
  /** Unicode code points from the start of the text. */
  index?: Maybe<number>;
}

export interface AssistantContent {
  type: 'output_text';
  text: string;
  annotations: Annotation[];
}

interface TaskBase {
  status_indicator?: 'none' | 'loading' | 'complete';
}
export type Task = TaskBase &
  (
    | { type: 'custom'; title?: Maybe<string>; icon?: Maybe<string>; content?: Maybe<string> }
    | {
        type: 'web_search';
        title?: Maybe<string>;
        title_query?: Maybe<string>;
        queries?: Maybe<string[]>;
        sources?: Maybe<UrlSource[]>;
      }
    | { type: 'thought'; title?: Maybe<string>; content: string }
    | { type: 'file'; title?: Maybe<string>; sources?: Maybe<FileSource[]> }
    | { type: 'image'; title?: Maybe<string> }
  );

export type WorkflowSummary = { title: string; icon?: Maybe<string> } | { duration: number };

export interface Workflow {
  type: 'custom' | 'reasoning';
  tasks: Task[];
  summary?: Maybe<WorkflowSummary>;
  expanded?: Maybe<boolean>;
}

interface InputQuestion {
  id: string;
  question: string;
  answer?: Maybe<{ values?: Maybe<string[]>; skipped?: Maybe<boolean> }>;
}
export type StructuredQuestion = InputQuestion &
  (
    | { type: 'multiple_choice'; options: { value: string }[]; multiple?: Maybe<boolean> }
    | { type: 'freeform'; description?: Maybe<string> }
  );

export interface ItemBase {
  id: string;
  thread_id: string;
  created_at: string;
}
export type UserMessageItem = ItemBase & {
  type: 'user_message';
  content: UserContent[];
  attachments: Attachment[];
  quoted_text?: Maybe<string>;
  inference_options: InferenceOptions;
};
export type AssistantMessageItem = ItemBase & {
  type: 'assistant_message';
  content: AssistantContent[];
};
export type ClientToolCallItem = ItemBase & {
  type: 'client_tool_call';
  status: 'pending' | 'completed';
  call_id: string;
  name: string;
  arguments: Record<string, unknown>;
  output?: unknown;
};
export type WidgetItem = ItemBase & {
  type: 'widget';
  widget: WidgetNode;
  copy_text?: Maybe<string>;
};
export type GeneratedImageItem = ItemBase & {
  type: 'generated_image';
  image?: Maybe<{ id: string; url: string }>;
  /** Of the last update, from 0 to 1; no field of the protocol's item. */
  progress?: Maybe<number>;
};
export type StructuredInputItem = ItemBase & {
  type: 'structured_input';
  status: 'pending' | 'answered' | 'skipped';
  inputs: StructuredQuestion[];
};
export type TaskItem = ItemBase & { type: 'task'; task: Task };
export type WorkflowItem = ItemBase & { type: 'workflow'; workflow: Workflow };
export type EndOfTurnItem = ItemBase & { type: 'end_of_turn' };
export type HiddenItem = ItemBase & { type: 'hidden_context_item' | 'sdk_hidden_context' };

export type ThreadItem =
  | UserMessageItem
  | AssistantMessageItem
  | ClientToolCallItem
  | WidgetItem
  | GeneratedImageItem
  | StructuredInputItem
  | TaskItem
  | WorkflowItem
  | EndOfTurnItem
  | HiddenItem;

// Events

export type ItemUpdate =
  | {
      type: 'assistant_message.content_part.added' | 'assistant_message.content_part.done';
      content_index: number;
      content: AssistantContent;
    }
  | { type: 'assistant_message.content_part.text_delta'; content_index: number; delta: string }
  | {
      type: 'assistant_message.content_part.annotation_added';
      content_index: number;
      annotation_index: number;
      annotation: Annotation;
    }
  | {
      type: 'widget.streaming_text.value_delta';
      component_id: string;
      delta: string;
      done: boolean;
    }
  | { type: 'widget.root.updated'; widget: WidgetNode }
  | { type: 'widget.component.updated'; component_id: string; component: WidgetNode }
  | { type: 'workflow.task.added' | 'workflow.task.updated'; task_index: number; task: Task }
  | {
      type: 'generated_image.updated';
      image: { id: string; url: string };
      progress?: Maybe<number>;
    };

export type NoticeLevel = 'info' | 'warning' | 'danger';

export type StreamEvent =
  | { type: 'thread.created' | 'thread.updated'; thread: Thread }
  | {
      type: 'thread.item.added' | 'thread.item.done' | 'thread.item.replaced';
      item: ThreadItem;
    }
  | { type: 'thread.item.updated'; item_id: string; update: ItemUpdate }
  | { type: 'thread.item.removed'; item_id: string }
  | { type: 'stream_options'; stream_options: { allow_cancel: boolean } }
  | { type: 'progress_update'; text: string; icon?: Maybe<string> }
  | { type: 'client_effect'; name: string; data?: Maybe<Record<string, unknown>> }
  | { type: 'notice'; level: NoticeLevel; message: string; title?: Maybe<string> }
  | { type: 'error'; code: string; message?: Maybe<string>; allow_retry?: Maybe<boolean> };

// Operations

export interface UserMessageInput {
  content: UserContent[];
  quoted_text: string;
  attachments: string[];
  inference_options: InferenceOptions;
}

export interface Action {
  type: string;
  payload?: unknown;
}

export interface StructuredAnswers {
  status: 'answered' | 'skipped';
  answers: Record<string, { values: string[]; skipped: boolean }>;
}

export interface ListParams {
  limit: number;
  order: 'asc' | 'desc';
  after?: string;
}

/** Operations that are answered with a stream of events, with their parameters. */
export interface StreamingOperations {
  'threads.create': { input: UserMessageInput };
  'threads.add_user_message': { input: UserMessageInput; thread_id: string };
  'threads.add_client_tool_output': { thread_id: string; result: unknown };
  'threads.add_structured_input': { thread_id: string; item_id: string; input: StructuredAnswers };
  'threads.retry_after_item': { thread_id: string; item_id: string };
  'threads.custom_action': { item_id?: string; action: Action; thread_id: string };
}

/** Operations that are answered with JSON: their parameters and their answers. */
export interface JsonOperations {
  'threads.list': [ListParams, Page<Thread>];
  'threads.get_by_id': [{ thread_id: string }, Thread];
  'items.list': [ListParams & { thread_id: string }, Page<ThreadItem>];
  'threads.update': [{ thread_id: string; title: string }, Thread];
  'threads.delete': [{ thread_id: string }, unknown];
  'threads.sync_custom_action': [
    { item_id?: string; action: Action; thread_id: string },
    { updated_item?: Maybe<ThreadItem> },
  ];
  'items.feedback': [
    { thread_id: string; item_ids: string[]; kind: 'positive' | 'negative' },
    unknown,
  ];
  'attachments.create': [{ name: string; size: number; mime_type: string }, Attachment];
  'attachments.delete': [{ attachment_id: string }, unknown];
  'input.transcribe': [{ audio_base64: string; mime_type: string }, { text: string }];
}

export type StreamingOperation = {
  [Type in keyof StreamingOperations]: { type: Type; params: StreamingOperations[Type] };
}[keyof StreamingOperations];

export type JsonOperationType = keyof JsonOperations;
