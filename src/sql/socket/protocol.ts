// What commands and the worker say to each other over the socket.

import { AppError, messageOf } from '../../model/errors.ts';
import type { TransactionOptions } from '../port.ts';
import { sqlStateOf } from '../sql-error.ts';
import type { WireRows } from './wire-values.ts';

/** Goes up when one side no longer understands the other. */
export const PROTOCOL = 1;

/** The first thing that a command says. With `read`, nothing that it asks for can change anything. */
export interface Hello {
  readonly spendwatch: number;
  readonly access: Access;
}

export type Access = 'read' | 'write';

/** What a command asks for. Each request has one answer. */
export type Request =
  | { readonly query: string; readonly values?: readonly unknown[] }
  | { readonly begin: Pick<TransactionOptions, 'readOnly'> }
  | { readonly end: 'commit' | 'rollback' };

export type Answer = WireRows | { readonly fault: WireFault };

/** The answer to what has no rows. */
export const DONE: WireRows = { columns: [], rows: [] };

export interface WireFault {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** The driver's code and message, where it was the driver's fault. */
  readonly cause: { readonly code: string | null; readonly message: string } | null;
}

export function faultAnswer(error: unknown): Answer {
  const fault = error instanceof AppError ? error : new AppError('store_query_failed', messageOf(error));
  const { code, message, hint, cause } = fault;
  return {
    fault: {
      code,
      message,
      hint,
      cause: cause === undefined ? null : { code: sqlStateOf(cause), message: messageOf(cause) },
    },
  };
}

export function faultOf({ code, message, hint, cause }: WireFault): AppError {
  return new AppError(code, message, {
    hint,
    ...(cause && { cause: Object.assign(new Error(cause.message), { code: cause.code }) }),
  });
}
