// What a failed connection means, by the codes of Node.js and OpenSSL.

import { messageOf, SendError } from '../../model/errors.ts';
import type { Redact } from '../../model/redact.ts';
import { excerptOf } from './redact.ts';

const CERTIFICATE =
  /^(CERT_|CRL_|ERR_TLS_CERT|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|DEPTH_ZERO_SELF|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/;
const TIMEOUT = /^(ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/;

/**
 * The failure to connect to `peer` (`billing.example.com:443`) or to get an answer from it. A library's message may repeat
 * what the library was given, so it is redacted.
 */
export function connectionFailure(
  peer: string,
  error: unknown,
  signal: AbortSignal,
  redact: Redact,
): SendError {
  if (error instanceof SendError) return error;
  const code = codeOf(error);
  if (code !== null && CERTIFICATE.test(code)) {
    const hint = 'a private CA comes by NODE_EXTRA_CA_CERTS';
    return new SendError('auth', 'person', `the certificate of ${peer} is not trusted: ${code}; ${hint}`);
  }
  if (signal.aborted || (code !== null && TIMEOUT.test(code)) || nameOf(error) === 'TimeoutError') {
    return new SendError('timeout', 'passing', `no answer from ${peer} in time`);
  }
  const word = code === null || OF_LIBRARY.test(code) ? excerptOf(messageOf(innermost(error)), redact) : code;
  const hint = HINTS[code ?? ''];
  const cure = hint === undefined ? '' : `; ${hint}`;
  return new SendError('unreachable', 'passing', `cannot reach ${peer}: ${word}${cure}`);
}

/** What to do, by the system's code. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'check host and port, and that it runs (in a container, localhost is the container itself)',
  ENOTFOUND: 'check the name of the host',
};

/** Codes of the mail library for which its message says more. */
const OF_LIBRARY = /^(ECONNECTION|ESOCKET|ETLS|EPROTOCOL|EDNS)$/;

/** The first code along an error's causes. A library may have replaced the system's code with its own. */
export function codeOf(error: unknown): string | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code: own, originalCode: code = own } = current as { code?: unknown; originalCode?: unknown };
    if (typeof code === 'string') return code;
  }
  return null;
}

function innermost(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause !== undefined) current = current.cause;
  return current;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
