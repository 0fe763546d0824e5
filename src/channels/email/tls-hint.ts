// Whether a failure looks like the wrong mode of `tls:`.

import { codeOf } from '../transport/failure.ts';
import type { TlsMode } from './options.ts';
import type { SmtpFault } from './smtp-fault.ts';

/** The server answered TLS with something else. A TLS alert is an answer in TLS, so then the mode is right. */
const NO_TLS = /^(EPROTO|ERR_SSL_(?!.*ALERT).*)$/;
/** The server closed the connection without a reply. Some do so when they expect TLS and get plain text. */
const HUNG_UP = /^(ECONNECTION|ECONNRESET|EPIPE)$/;

/**
 * What to change about `tls:` if a failure looks like the wrong mode, else null. `isSure` if nothing else explains the
 * failure, so that a person must act.
 */
export function tlsHint(
  tls: TlsMode,
  fault: SmtpFault,
): { readonly text: string; readonly isSure: boolean } | null {
  const { responseCode = 0, response = '', isUnanswered = false } = fault;
  const code = codeOf(fault) ?? '';
  if (tls === 'implicit') {
    if (!NO_TLS.test(code)) return null;
    const text = 'it does not speak TLS from the first byte: set `tls: starttls`, as on ports 587 and 25';
    return { text, isSure: true };
  }
  if (isUnanswered && (fault.timeoutType === 'GREETING_TIMEOUT' || HUNG_UP.test(code))) {
    const text =
      'it did not greet: if it speaks TLS from the first byte, as on port 465, set `tls: implicit`';
    return { text, isSure: false };
  }
  if (responseCode < 500) return null;
  if (tls === 'none') {
    return /TLS|encrypt/i.test(response) ? { text: 'set `tls: starttls`', isSure: true } : null;
  }
  if (fault.code !== 'ETLS' && fault.command !== 'EHLO') return null;
  const text =
    'it does not offer STARTTLS, which is required unless `tls` says otherwise: `implicit` where it speaks TLS from ' +
    'the first byte, `none` for plain text';
  return { text, isSure: true };
}
