// Turns errors of ClickHouse and its client into AppErrors with a hint.

import { AppError, messageOf } from '../../model/errors.ts';
import { redactor } from '../../model/redact.ts';
import type { ServerUrl } from './server-url.ts';

const READONLY = '164';
/** A profile says how far a setting may go. */
const CONSTRAINED = '452';

/** By ClickHouse's number of an error. */
const FAULTS: Readonly<Record<string, { readonly code: string; readonly hint: string | null }>> = {
  '516': { code: 'store_unreachable', hint: 'Check user and password of the URL.' },
  '193': { code: 'store_unreachable', hint: 'Check user and password of the URL.' },
  '192': { code: 'store_unreachable', hint: 'Check user and password of the URL.' },
  '81': {
    code: 'store_unreachable',
    hint: "Check the database's name, the part of the URL after the last slash.",
  },
  '60': { code: 'store_table_missing', hint: 'Check `table` or `preset`, and the database of the URL.' },
  '47': {
    code: 'store_column_missing',
    hint: 'Check `columns` and `dimensions` against the columns of the table.',
  },
  '10': {
    code: 'store_column_missing',
    hint: 'Check `columns` and `dimensions` against the columns of the table.',
  },
  '16': {
    code: 'store_column_missing',
    hint: 'Check `columns` and `dimensions` against the columns of the table.',
  },
  '497': { code: 'store_forbidden', hint: 'Grant it to the user of the URL: GRANT SELECT ON the table.' },
  [READONLY]: {
    code: 'store_forbidden',
    hint: 'Take settings out of the URL, or give the login `readonly = 2`: with 1 it may set none.',
  },
  [CONSTRAINED]: { code: 'store_forbidden', hint: 'Take the setting out of the URL.' },
  '115': { code: 'store_query_failed', hint: 'An option of the URL is no setting of this server.' },
  '159': {
    code: 'store_timeout',
    hint: 'Shorten the windows and baselines of the rules, or raise audit.statement_timeout.',
  },
  '160': {
    code: 'store_timeout',
    hint: 'Shorten the windows and baselines of the rules, or raise audit.statement_timeout.',
  },
  '209': { code: 'store_unreachable', hint: null },
  '210': { code: 'store_unreachable', hint: null },
  '279': { code: 'store_unreachable', hint: 'A shard of the cluster does not answer.' },
  '201': { code: 'store_unreachable', hint: 'The quota of the login is used up.' },
  '202': {
    code: 'store_unreachable',
    hint: 'The server runs as many statements as it may. The next poll asks again.',
  },
  '241': {
    code: 'store_query_failed',
    hint: 'Raise max_memory_usage in the URL (?max_memory_usage=8000000000), or shorten the windows of the rules.',
  },
};

const UNREACHABLE_HINT =
  'Check host and port of the URL (HTTP has 8123, with secure=true 8443) and its scheme (PostgreSQL has postgres://), and that the server accepts connections from here.';
const NATIVE_HINT =
  'This is the port of the native protocol: write that of HTTP, 8123, or with secure=true 8443.';
const NO_HTTP_HINT =
  'Write the port of HTTP, 8123, or with secure=true 8443; if this is MySQL or PostgreSQL, write mysql:// or postgres:// into the URL.';
const TLS_HINT = 'Check `secure` in the URL; name a private CA in NODE_EXTRA_CA_CERTS.';
const NO_TLS_HINT =
  'Write the port of HTTPS, 8443 unless it was changed; where the network is trusted, take secure=true out of the URL.';
const HOST_HINT = 'Write the host that the certificate names.';
const PLAIN_HINT = 'This port takes TLS: write ?secure=true.';
const BUSY_HINT = 'A proxy or the server is too busy. The next poll asks again.';
const LOGIN_HINT = 'Check user and password of the URL, and what stands in front of the server.';
const OTHER_HINT = 'Check host and port of the URL, and the log of what stands in front of the server.';

/** Whether a login refused the limits that were sent: it has readonly = 1, or its profile has limits of its own. */
export function refusesLimits(error: unknown): boolean {
  return [READONLY, CONSTRAINED].includes(numberOf(error) ?? '');
}

/** Nobody knows what it is: a firewall, or a server of another protocol that waits for its client to speak. */
export function silentFault({ place }: ServerUrl): AppError {
  return new AppError(
    'store_unreachable',
    `${place} accepts connections, but says nothing: it does not answer as ClickHouse does.`,
    { hint: UNREACHABLE_HINT },
  );
}

export function clickhouseError(error: unknown, { place, password }: ServerUrl): AppError {
  if (error instanceof AppError) return error;
  const text = shortened(redactor([password])(messageOf(error)));
  const fault = (code: string, message: string, hint: string | null): AppError =>
    new AppError(code, message, { hint, cause: error });
  const number = numberOf(error);
  if (number !== null) {
    const { code = 'store_query_failed', hint = null } = FAULTS[number] ?? {};
    return fault(code, `${place}: ${text}`, hint);
  }
  const state = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isNative = /port 9\d{3} is for clickhouse-client/i.test(text);
  if (isNative || /HPE_INVALID|Parse Error/i.test(`${text} ${state}`))
    return fault(
      'store_unreachable',
      `${place} does not speak HTTP: ${text}`,
      isNative ? NATIVE_HINT : NO_HTTP_HINT,
    );
  if (state === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return fault('store_unreachable', `${place}: no trusted TLS connection: ${text}`, HOST_HINT);
  if (NO_TLS.test(text))
    return fault(
      'store_unreachable',
      `${place} does not speak TLS, which secure=true asks for.`,
      NO_TLS_HINT,
    );
  if (/^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(state))
    return fault('store_unreachable', `${place}: no trusted TLS connection: ${reasonIn(text)}`, TLS_HINT);
  if (/^timeout error/i.test(text))
    return fault('store_timeout', `${place} did not answer in time.`, FAULTS['159']?.hint ?? null);
  if (/^E[A-Z_]+$/.test(state) || /socket hang up|aborted|premature close|terminated/i.test(text))
    return fault('store_unreachable', `${place} cannot be reached: ${text}`, UNREACHABLE_HINT);
  if (error instanceof Error && error.name !== 'Error')
    return fault('store_query_failed', `${place}: ${text}`, null);
  // An answer without a number of ClickHouse's is not ClickHouse's, and says nothing about the question.
  const words = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return fault(
    'store_unreachable',
    `${place} gave an answer that is not of ClickHouse: ${words === '' ? 'an HTTP error without words' : words}`,
    hintOf(words),
  );
}

/** What OpenSSL says of an answer that is not of TLS, such as one of plain HTTP. */
const NO_TLS = /SSL routines:.*:(wrong version number|packet length too long|http request|unknown protocol)/;

/** OpenSSL's reason alone, without its numbers and the places in its code. */
function reasonIn(text: string): string {
  return /SSL routines:[^:]*:([^:]+)/.exec(text)?.[1] ?? text;
}

/** What to do about the words of a proxy, or of another server. */
function hintOf(words: string): string {
  if (
    /too many requests|service unavailable|bad gateway|gateway time-?out|\b(429|502|503|504)\b/i.test(words)
  )
    return BUSY_HINT;
  if (/unauthori[sz]ed|authori[sz]ation|authentication|forbidden|access denied|\b(401|403)\b/i.test(words))
    return LOGIN_HINT;
  return /plain http request|http request to an? https/i.test(words) ? PLAIN_HINT : OTHER_HINT;
}

function numberOf(error: unknown): string | null {
  if (!(error instanceof Error) || error.name === 'AppError') return null;
  const isNumbered = 'code' in error && 'type' in error && /^\d+$/.test(String(error.code));
  return isNumbered ? String(error.code) : (/^Code: (\d+)\. DB::/.exec(error.message)?.[1] ?? null);
}

const MOST = 400;

/** Some errors repeat the whole statement. */
function shortened(text: string): string {
  const start = text.replace(/:? ?(While|In scope|while executing|\(query:).*$/s, '');
  const kept = start === '' ? text : start;
  return kept.length > MOST ? `${kept.slice(0, MOST)}…` : kept;
}
