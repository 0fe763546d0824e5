// Pino to stderr, with redaction.

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { wordsOf } from '../model/errors.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Names under which a secret could travel; Secret prints as *** by itself, this catches what is no Secret yet. */
const REDACTED = ['password', 'token', 'secret', 'secrets', 'url', 'webhook_url', 'authorization'];

/** A terminal, which is shown lines that people read. */
export interface LogTerminal {
  readonly colour: boolean;
  /** Writes a line, at once. */
  print(line: string): void;
}

/**
 * Logs to stderr, a JSON object a line, or to a terminal. Written at once, so that nothing is lost when the process is
 * killed. An unknown level is `info`.
 */
export function openLog(options: { level: string | undefined; terminal: LogTerminal | null }): Log {
  const level = LEVELS.includes(options.level ?? '') ? (options.level as string) : 'info';
  const paths = REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  const settings = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '***' },
    serializers: { err: errorFields },
  };
  const { terminal } = options;
  return pino(settings, terminal === null ? destination({ dest: 2, sync: true }) : readable(terminal));
}

function readable({ colour, print }: LogTerminal): DestinationStream {
  const lineOf = prettyFactory({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
  });
  return { write: (entry) => print(lineOf(entry)) };
}

/** What of an error may be logged: code, words and what to do; no stack, no driver's own fields. */
function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: wordsOf(error) };
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  return {
    ...(typeof code === 'string' ? { code } : {}),
    message: wordsOf(error),
    ...(typeof hint === 'string' ? { hint } : {}),
  };
}
