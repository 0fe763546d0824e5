// What a failed SMTP session means: try again, ask a person, or give up.

import { type FailureKind, type FailureReason, SendError } from '../../model/errors.ts';
import type { Redact } from '../../model/redact.ts';
import { connectionFailure } from '../transport/failure.ts';
import { excerptOf } from '../transport/redact.ts';
import type { EmailOptions } from './options.ts';
import type { SmtpFault } from './smtp-fault.ts';
import { tlsHint } from './tls-hint.ts';

/**
 * What a failed session means (docs/channels.md): 4xx and no answer pass; 530 to 535, a bad certificate and the wrong
 * `tls` are for a person; other 5xx are final. `accepted` are the recipients that have the mail already.
 */
export function smtpFailure(
  { host, port, tls }: EmailOptions,
  error: unknown,
  accepted: readonly string[],
  redact: Redact,
  signal: AbortSignal,
): SendError {
  const failure =
    error instanceof SendError ? error : sessionFailure(`${host}:${port}`, error, redact, signal);
  const hint = tlsHint(tls, error as SmtpFault);
  const { reason, kind, message, retryAfterMs } = failure;
  const text = `${message}${hint === null ? '' : `; ${hint.text}`}${acceptedWords(accepted)}`;
  const options = { retryAfterMs, accepted };
  return hint?.isSure === true
    ? new SendError('auth', 'person', text, options)
    : new SendError(reason, kind, text, options);
}

function sessionFailure(peer: string, error: unknown, redact: Redact, signal: AbortSignal): SendError {
  const { responseCode, code, command, response } = error as SmtpFault;
  if (responseCode !== undefined && responseCode >= 400) {
    // A refusal before the message is offered is about the sender, and a person can mend that.
    const isAboutMessage = command !== undefined && ABOUT_MESSAGE.includes(command);
    const { reason, kind } = responseCode >= 500 && !isAboutMessage ? ABOUT_SENDER : classOf(responseCode);
    return new SendError(reason, kind, `${peer} answered ${excerptOf(response ?? '', redact)}`);
  }
  if (responseCode !== undefined && command === 'DATA') {
    const said = excerptOf(response ?? '', redact);
    return new SendError('server', 'passing', `${peer} answered the mail with ${said}, and not with 250`);
  }
  if (code === 'EAUTH') return new SendError('auth', 'person', `${peer} takes none of our ways to sign in`);
  return connectionFailure(peer, error, signal, redact);
}

const ABOUT_MESSAGE = ['MAIL FROM', 'RCPT TO', 'DATA'];
const ABOUT_SENDER = { reason: 'auth', kind: 'person' } as const;

/** Some recipients were refused. If one of them may be accepted later, all of them are tried again; `accepted` are done. */
export function refusalFailure(
  peer: string,
  refused: readonly SmtpFault[],
  accepted: readonly string[],
  redact: Redact,
): SendError {
  const classes = refused.map(({ responseCode }) => classOf(responseCode ?? 0));
  const worst =
    classes.find(({ kind }) => kind === 'passing') ??
    classes.find(({ kind }) => kind === 'person') ??
    ({ reason: 'invalid', kind: 'final' } as const);
  const words = refused.map(
    ({ recipient, response }) => `${recipient ?? 'a recipient'}: ${excerptOf(response ?? '', redact)}`,
  );
  const text = `${peer} refused ${words.join('; ')}${acceptedWords(accepted)}`;
  return new SendError(worst.reason, worst.kind, text, { accepted });
}

function acceptedWords(accepted: readonly string[]): string {
  return accepted.length === 0 ? '' : `; accepted for ${accepted.join(', ')}`;
}

function classOf(responseCode: number): { readonly reason: FailureReason; readonly kind: FailureKind } {
  if (responseCode >= 530 && responseCode <= 535) return { reason: 'auth', kind: 'person' };
  if (responseCode >= 500) return { reason: 'invalid', kind: 'final' };
  return { reason: 'refused', kind: 'passing' };
}
