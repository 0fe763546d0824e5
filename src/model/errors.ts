// AppError {code, hint}; SendError {reason, kind, retryAfterMs}.

/** Faults that a person can act on. The shell prints `message` and `hint`, never a stack trace. */
export class AppError extends Error {
  /** A stable word for scripts and logs, such as `store_unreachable`. */
  readonly code: string;
  /** What to do about it, in one sentence; null where there is nothing to add. */
  readonly hint: string | null;

  constructor(code: string, message: string, options: { hint?: string | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint ?? null;
  }
}

/**
 * How a failed send is treated (docs/channels.md): `passing` is retried with backoff, `person` is reported at once and
 * retried from ten minutes on, `final` is given up at once.
 */
export type FailureKind = 'passing' | 'person' | 'final';

/** Why a send failed: a closed union that reaches metrics, logs and reports. */
export type FailureReason =
  | 'rate_limited'
  | 'timeout'
  | 'unreachable'
  | 'refused'
  | 'auth'
  | 'invalid'
  | 'server';

/** What a channel throws when a send did not succeed. `message` is for people and holds no secret. */
export class SendError extends Error {
  readonly reason: FailureReason;
  readonly kind: FailureKind;
  /** How long the receiver asked to wait; null if it did not. */
  readonly retryAfterMs: number | null;
  /** Recipients that accepted the message while others did not. It is not sent to them again. */
  readonly accepted: readonly string[];

  constructor(
    reason: FailureReason,
    kind: FailureKind,
    message: string,
    options: { retryAfterMs?: number | null; accepted?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SendError';
    this.reason = reason;
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.accepted = options.accepted ?? [];
  }
}

/**
 * What may be shown of anything thrown, in one line. Messages of this program's errors hold no secret, and those of the
 * system name a call and a place. Of any other error only kind and place are shown: libraries put into their messages what
 * they were given, including headers with tokens.
 */
export function wordsOf(error: unknown): string {
  if (error instanceof AppError || error instanceof SendError) return messageOf(error);
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(wordsOf).join('; ');
  if (error instanceof Error && 'syscall' in error && isWord(codeIn(error))) return messageOf(error);
  return `a fault of the program: ${kindOf(error)}`;
}

/** `TypeError ERR_INVALID_ARG_TYPE at poll.js:12:3`: an error without its message, which may hold anything. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const kind = [error.name, codeIn(error)].filter(isWord).join(' ');
  const place = placeIn(error);
  return place === null ? kind : `${kind} at ${place}`;
}

function codeIn(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}

function isWord(text: unknown): boolean {
  return typeof text === 'string' && /^\w{1,60}$/.test(text);
}

/** The file and line of the first frame of the stack. The lines before the frames repeat the message. */
function placeIn({ stack = '', message }: Error): string | null {
  const words = stack.indexOf(message);
  if (words === -1) return null;
  const frames = stack.slice(words + message.length);
  return /^ +at .*?([\w.-]+\.[cm]?[jt]s:\d+:\d+)\)?$/m.exec(frames)?.[1] ?? null;
}

/** The message of anything thrown, in one line. Redact it before it is shown, unless it is this program's own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim();
}

/** Whether the store is unreachable or too slow, so that other questions to it would fail as well. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof AppError && ['store_unreachable', 'store_timeout'].includes(error.code);
}

/** Whether the store answered and refused this one question. */
export function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && !isStoreAway(error);
}

/** Any thrown value as an AppError, so that the shell has a code to print. */
export function asAppError(error: unknown, code: string): AppError {
  return error instanceof AppError ? error : new AppError(code, wordsOf(error), { cause: error });
}

/** What went wrong and what to do about it, in one line. */
export function sentenceOf({ message, hint }: AppError): string {
  return hint === null ? message : `${message} (${hint})`;
}
