import { AppError, messageOf } from '../model/errors.ts';

/** PostgreSQL's SQLSTATE (or the system's error code) of anything thrown; null when it has none. */
export function sqlStateOf(error: unknown): string | null {
  if (error instanceof AppError) return sqlStateOf(error.cause);
  if (error instanceof AggregateError) return sqlStateOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** What a driver threw, as a fault that a person can act on. `place` names the database, without its password. */
export function sqlError(error: unknown, place: string): AppError {
  if (error instanceof AppError) return error;
  const state = sqlStateOf(error) ?? '';
  const text = messageOf(error);
  const fault = (code: string, message: string, hint: string | null = null) =>
    new AppError(code, message, { hint, cause: error });

  const known = FAULTS[state];
  if (known !== undefined) return fault(known.code, `${place}: ${text}`, known.hint);
  if (isTlsFailure(state, text)) {
    return fault('store_unreachable', `${place}: no trusted TLS connection: ${text}`, TLS_HINT);
  }
  if (isConnectionFailure(state, text)) {
    return fault('store_unreachable', `${place} cannot be reached: ${text}`, UNREACHABLE_HINT);
  }
  if (/query read timeout/i.test(text))
    return fault('store_timeout', `${place} did not answer in time.`, TIMEOUT_HINT);
  return fault('store_query_failed', `${place}: ${text}${detailOf(error)}`);
}

const UNREACHABLE_HINT =
  'Check host and port of the URL, and that the server runs and accepts connections from here.';
const TIMEOUT_HINT =
  'Check that the time column has an index, or shorten the windows and baselines of the rules.';
const TLS_HINT =
  'Give the CA by NODE_EXTRA_CA_CERTS or sslrootcert in the URL; sslmode=disable is for a server without TLS.';

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
