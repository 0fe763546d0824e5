// The log: JSON lines on stderr, or readable lines on a terminal; secrets are redacted.

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { wordsOf } from '../model/errors.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Fields that may hold a secret. A Secret prints as *** by itself; this catches plain texts. */
const REDACTED = ['password', 'token', 'secret', 'secrets', 'url', 'webhook_url', 'authorization'];

/** A terminal, which gets lines for people. */
export interface LogTerminal {
  readonly colour: boolean;
  /** Writes a line, at once. */
  print(line: string): void;
}

/** Lines are written at once, so that none is lost when the process is killed. An unknown level counts as `info`. */
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

/** The parts of an error that are logged: code, message and hint. No stack, and no fields of a driver. */
function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: wordsOf(error) };
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  return {
    ...(typeof code === 'string' ? { code } : {}),
    message: wordsOf(error),
    ...(typeof hint === 'string' ? { hint } : {}),
  };
}
