/** The options of a page, checked, with every default filled in. */

import type {
  ChatKitOptions,
  ColorScheme,
  CommandsOption,
  DisclaimerOption,
  EntitiesOption,
  FileUploadStrategy,
  HeaderOption,
  ModelOption,
  StartScreenPrompt,
  ThemeOption,
  ToolOption,
  WidgetsOption,
} from '@openai/chatkit';
import type { GetClientSecret } from './client-secret';
import type { ClientTool } from './response';

/** What the user looks at, told to the assistant as the operation's `metadata.pageContext`. */
export interface PageContext {
  title?: string;
  url?: string;
  description?: string;
  headings?: string[];
}

/** Options that the official element does not have. */
export interface OwnOptions {
  context?: {
    /** `true` reads the page's title, address, description and headings at each message. */
    page?: boolean | PageContext | (() => PageContext);
    /** Sent as `metadata.userInfo`; the server does not take it for a proof of who asks. */
    user?: Record<string, unknown> | (() => Record<string, unknown>);
  };
  /** Hosts whose images may be shown in threads that name none; `*` for any. */
  allowedImageDomains?: string[];
}

export interface ApiOptions {
  url?: string;
  fetch?: typeof fetch;
  /** Taken and not used: nobody is asked whether this page may chat. */
  domainKey?: string;
  uploadStrategy?: FileUploadStrategy;
  getClientSecret?: GetClientSecret;
}

export type ElementOptions = Omit<ChatKitOptions, 'api'> & OwnOptions & { api: ApiOptions };

export interface Options {
  api: {
    /** Undefined for the server that the script came from. */
    url: string | undefined;
    fetch: typeof fetch | undefined;
    getClientSecret: GetClientSecret | undefined;
    uploadStrategy: FileUploadStrategy | undefined;
  };
  locale: string | undefined;
  theme: ThemeOption & { colorScheme: ColorScheme };
  frameTitle: string;
  initialThread: string | null;
  onClientTool: ClientTool | undefined;
  header: HeaderOption & { enabled: boolean };
  history: { enabled: boolean; showDelete: boolean; showRename: boolean };
  startScreen: { greeting: string | undefined; prompts: StartScreenPrompt[] };
  threadItemActions: { feedback: boolean; retry: boolean };
  composer: {
    placeholder: string | undefined;
    attachments: AttachmentOptions;
    tools: ToolOption[];
    models: ModelOption[];
    dictation: boolean;
  };
  disclaimer: DisclaimerOption | undefined;
  entities: EntitiesOption;
  commands: CommandsOption;
  widgets: WidgetsOption;
  thread: { autoScroll: boolean };
  context: NonNullable<OwnOptions['context']>;
  allowedImageDomains: string[] | undefined;
}

export interface AttachmentOptions {
  enabled: boolean;
  maxSize: number | Record<string, number>;
  maxCount: number;
  accept: Record<string, string[]> | undefined;
}

export const MAX_FILE_BYTES = 100 * 1024 * 1024;
const MAX_FILES = 10;

const KNOWN: ReadonlySet<string> = new Set([
  'api', 'locale', 'theme', 'frameTitle', 'initialThread', 'onClientTool', 'header', 'history',
  'startScreen', 'threadItemActions', 'composer', 'disclaimer', 'entities', 'commands', 'widgets',
  'thread', 'context', 'allowedImageDomains',
]);

/** Keys that mean nothing here: most likely typing errors. */
export function unknownKeys(options: object): string[] {
  // The React binding hands its event handlers over as well.
  return Object.keys(options).filter((key) => !KNOWN.has(key) && !/^on[A-Z]/.test(key));
}

/** Whether files are asked for, though nothing says where they go. */
export function lacksUploads({ api, composer }: Options): boolean {
  return composer.attachments.enabled && api.uploadStrategy === undefined;
}

/**
 * The options that hold, whatever held before.
 *
 * @throws TypeError - There is no `api`, or nothing usable in it.
 */
export function resolved(given: ElementOptions): Options {
  const { api } = given ?? {};
  if (typeof api !== 'object' || api === null) {
    throw new TypeError('openai-chatkit: options.api is missing. Give it { url } or { getClientSecret }.');
  }
  if (api.url === undefined && api.getClientSecret === undefined) {
    throw new TypeError('openai-chatkit: options.api needs a url or a getClientSecret function.');
  }
  const { theme } = given;
  const composer = given.composer ?? {};
  const themed: ThemeOption = typeof theme === 'string' ? { colorScheme: theme } : (theme ?? {});
  return {
    api: {
      url: api.url,
      fetch: api.fetch,
      getClientSecret: api.getClientSecret,
      uploadStrategy: api.uploadStrategy ?? (api.url === undefined ? { type: 'two_phase' } : undefined),
    },
    locale: given.locale,
    theme: { ...themed, colorScheme: themed.colorScheme ?? 'light' },
    frameTitle: given.frameTitle ?? 'Chat',
    initialThread: given.initialThread ?? null,
    onClientTool: given.onClientTool,
    header: { ...given.header, enabled: given.header?.enabled ?? true },
    history: {
      enabled: given.history?.enabled ?? true,
      showDelete: given.history?.showDelete ?? true,
      showRename: given.history?.showRename ?? true,
    },
    startScreen: {
      greeting: given.startScreen?.greeting,
      prompts: given.startScreen?.prompts ?? [],
    },
    threadItemActions: {
      feedback: given.threadItemActions?.feedback ?? false,
      retry: given.threadItemActions?.retry ?? false,
    },
    composer: {
      placeholder: composer.placeholder,
      attachments: {
        enabled: composer.attachments?.enabled ?? false,
        maxSize: composer.attachments?.maxSize ?? MAX_FILE_BYTES,
        maxCount: composer.attachments?.maxCount ?? MAX_FILES,
        accept: composer.attachments?.accept,
      },
      tools: composer.tools ?? [],
      models: composer.models ?? [],
      dictation: composer.dictation?.enabled ?? false,
    },
    disclaimer: given.disclaimer,
    entities: given.entities ?? {},
    commands: given.commands ?? { enabled: false },
    widgets: given.widgets ?? {},
    thread: { autoScroll: given.thread?.autoScroll ?? false },
    context: given.context ?? {},
    allowedImageDomains: given.allowedImageDomains,
  };
}

/** Whether two sets of options talk to the same server in the same way. */
export function sameServer(one: Options, other: Options): boolean {
  const isHosted = (options: Options): boolean => options.api.getClientSecret !== undefined;
  return one.api.url === other.api.url && isHosted(one) === isHosted(other);
}
