// Turns drivers' errors into AppErrors with a hint.

import { AppError, messageOf } from '../model/errors.ts';
import type { Redact } from '../model/redact.ts';

/** A database's name for errors, and the redaction of its secrets in the driver's messages. */
export interface Place {
  readonly name: string;
  readonly redact: Redact;
}

/** PostgreSQL's SQLSTATE (or the system's error code) of anything thrown; null without one. */
export function sqlStateOf(error: unknown): string | null {
  if (error instanceof AppError) return sqlStateOf(error.cause);
  if (error instanceof AggregateError) return sqlStateOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** Turns a driver's error into one that a person can act on. `place` names the database, without its password. */
export function sqlError(error: unknown, place: Place): AppError {
  if (error instanceof AppError) return error;
  const state = sqlStateOf(error) ?? '';
  const text = place.redact(messageOf(error));
  const fault = (code: string, message: string, hint: string | null = null) =>
    new AppError(code, message, { hint, cause: error });

  const special = specialHint(state, text);
  if (special !== null) return fault(special.code, `${place.name}: ${text}`, special.hint);
  const known = FAULTS[state];
  if (known !== undefined) return fault(known.code, `${place.name}: ${text}`, known.hint);
  if (isTlsFailure(state, text)) {
    return fault('store_unreachable', `${place.name}: no trusted TLS connection: ${text}`, TLS_HINT);
  }
  if (isConnectionFailure(state, text)) {
    return fault('store_unreachable', `${place.name} cannot be reached: ${text}`, UNREACHABLE_HINT);
  }
  if (/query read timeout/i.test(text))
    return fault('store_timeout', `${place.name} did not answer in time.`, TIMEOUT_HINT);
  return fault('store_query_failed', `${place.name}: ${text}${place.redact(detailOf(error))}`);
}

/**
 * Why the locks were not granted. The caller may go on without locks that were refused for lack of a right, or because this
 * kind of table or database has none.
 */
export function lockError(fault: AppError, place: Place, tables: readonly string[]): AppError {
  const state = sqlStateOf(fault) ?? '';
  const names = tables.join(', ');
  if (LOCK_REFUSALS.includes(state)) {
    return new AppError(
      'store_lock_refused',
      `${place.name}: ${names} cannot be locked: ${place.redact(messageOf(fault))}`,
      {
        cause: fault.cause,
      },
    );
  }
  if (!LOCK_TIMEOUTS.includes(state)) return fault;
  return new AppError(
    'store_timeout',
    `${place.name}: another session is rewriting, emptying or locking ${names}, and did not finish in time, so its content is not known (${place.redact(messageOf(fault.cause))}).`,
    { hint: LOCK_HINT, cause: fault.cause },
  );
}

/** No permission, a kind of relation without locks, an unknown statement, too little memory for so many locks. */
const LOCK_REFUSALS = ['42501', '42809', '0A000', '42601', '53200'];
const LOCK_TIMEOUTS = ['57014', '55P03'];
const LOCK_HINT =
  'Look for ALTER TABLE, TRUNCATE, VACUUM FULL or an open transaction with one of them (pg_stat_activity, pg_locks). The next poll tries again.';

const UNREACHABLE_HINT =
  'Check scheme, host and port of the URL, and that the server runs and accepts connections from here.';
const TIMEOUT_HINT =
  'Check that the time column has an index, or shorten the windows and baselines of the rules.';
const TLS_HINT =
  'Name the CA in sslrootcert= in the URL or in NODE_EXTRA_CA_CERTS; sslmode=require encrypts without checking the certificate.';

const FAULTS: Readonly<Record<string, { readonly code: string; readonly hint: string }>> = {
  '28P01': { code: 'store_unreachable', hint: 'Check user and password of the URL.' },
  '28000': {
    code: 'store_unreachable',
    hint: "Check the URL's user, and that pg_hba.conf lets it in from here.",
  },
  '3D000': {
    code: 'store_unreachable',
    hint: "Check the database's name, the part of the URL after the last slash.",
  },
  '57014': { code: 'store_timeout', hint: TIMEOUT_HINT },
  '55P03': { code: 'store_timeout', hint: LOCK_HINT },
  '42P01': {
    code: 'store_table_missing',
    hint: 'Check `table` or `preset`; `spendwatch init --create-table` creates the default audit table.',
  },
  '3F000': { code: 'store_table_missing', hint: 'Check the schema that stands before the dot of `table`.' },
  '42703': {
    code: 'store_column_missing',
    hint: 'Check `columns` and `dimensions` against the columns of the table.',
  },
  '25006': {
    code: 'store_read_only',
    hint: 'The state needs a server that takes writes: the primary, and not a standby.',
  },
  '53100': { code: 'store_disk_full', hint: 'Make room on the disk of the database server.' },
  '42501': {
    code: 'store_forbidden',
    hint: 'Grant it to the user of the URL; reading needs USAGE on the schema and SELECT on the table.',
  },
};

/** Errors whose hint depends on more than their code. */
function specialHint(state: string, text: string): { readonly code: string; readonly hint: string } | null {
  const code = 'store_unreachable';
  if (/does not support SSL/.test(text)) {
    return {
      code,
      hint: 'The server has no TLS: switch it on there, or write sslmode=disable where the network is trusted.',
    };
  }
  if (state === '28000' && /no encryption|SSL off/.test(text)) {
    return {
      code,
      hint: 'The server lets nobody in without TLS: write sslmode=verify-full (or require) into the URL.',
    };
  }
  if (state === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const hint =
      'Name the server as its certificate does; sslmode=verify-ca checks the CA, but not the name.';
    return { code, hint };
  }
  if (state === 'CERT_HAS_EXPIRED') return { code, hint: "Renew the server's certificate." };
  if (/unexpected \w+ message from backend|received invalid response|error establishing an SSL/.test(text))
    return {
      code,
      hint: 'What answers there is no PostgreSQL: check scheme and port of the URL (MySQL has mysql://).',
    };
  if (/conflict with recovery/.test(text)) {
    const hint =
      'A standby stopped the query to apply changes; the next poll asks again. Set hot_standby_feedback = on there, or raise max_standby_streaming_delay.';
    return { code: 'store_recovery_conflict', hint };
  }
  return null;
}

function isTlsFailure(state: string, text: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(state) || /\bSSL\b/.test(text);
}

function isConnectionFailure(state: string, text: string): boolean {
  return (
    /^(08|57P0|53[23])/.test(state) ||
    /^E[A-Z]+$/.test(state) ||
    /connection terminated|connection ended|timeout expired|timeout exceeded when trying to connect|not queryable/i.test(
      text,
    )
  );
}

function detailOf(error: unknown): string {
  const detail = typeof error === 'object' && error !== null && 'detail' in error ? error.detail : null;
  return typeof detail === 'string' && detail !== '' ? ` (${detail})` : '';
}
