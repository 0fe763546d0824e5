import { type FailureKind, type FailureReason, SendError } from '../../model/errors.ts';
import { connectionFailure } from '../wire/failure.ts';
import { excerptOf } from '../wire/redact.ts';

/** The parts of the mail library's errors that say what happened. */
export interface SmtpFault {
  readonly code?: string | undefined;
  /** The command that was answered. */
  readonly command?: string | undefined;
  /** The SMTP code of the answer that was the fault, where there was one. */
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly SmtpFault[] | undefined;
}

/**
 * What a failed conversation means (docs/operations.md): 4xx passes, 530 to 535 and a bad certificate are for a person, other
 * 5xx are final, and where no answer came it passes.
 */
export function smtpFailure(
  peer: string,
  error: unknown,
  secrets: readonly string[],
  signal: AbortSignal,
): SendError {
  if (error instanceof SendError) return error;
  const fault = error as SmtpFault;
  if (fault.rejectedErrors !== undefined && fault.rejectedErrors.length > 0) {
    return refusalFailure(peer, fault.rejectedErrors, [], secrets);
  }
  const { responseCode, code, command } = fault;
  if (responseCode !== undefined && responseCode >= 400) {
    const said = `${peer} answered ${excerptOf(fault.response ?? '', secrets)}`;
    if (responseCode >= 500 && code === 'ETLS') {
      return new SendError('auth', 'person', `${said}; STARTTLS is required unless \`tls\` says otherwise`);
    }
    // Before the message is offered a refusal is of us, not of the message, and somebody can mend that.
    const isOfMessage = command !== undefined && OF_MESSAGE.includes(command);
    const { reason, kind } = responseCode >= 500 && !isOfMessage ? OF_US : classOf(responseCode);
    return new SendError(reason, kind, said);
  }
  if (code === 'EAUTH') return new SendError('auth', 'person', `${peer} takes none of our ways to sign in`);
  return connectionFailure(peer, error, signal);
}

const OF_MESSAGE = ['MAIL FROM', 'RCPT TO', 'DATA'];
const OF_US = { reason: 'auth', kind: 'person' } as const;

/** Some recipients were refused. One that may be taken later keeps the others waiting with it; `accepted` are done. */
export function refusalFailure(
  peer: string,
  refused: readonly SmtpFault[],
  accepted: readonly string[],
  secrets: readonly string[],
): SendError {
  const classes = refused.map(({ responseCode }) => classOf(responseCode ?? 0));
  const worst =
    classes.find(({ kind }) => kind === 'passing') ??
    classes.find(({ kind }) => kind === 'person') ??
    ({ reason: 'invalid', kind: 'final' } as const);
  const words = refused.map(
    ({ recipient, response }) => `${recipient ?? 'a recipient'}: ${excerptOf(response ?? '', secrets)}`,
  );
  const rest = accepted.length === 0 ? '' : `; accepted for ${accepted.join(', ')}`;
  return new SendError(worst.reason, worst.kind, `${peer} refused ${words.join('; ')}${rest}`, { accepted });
}

function classOf(responseCode: number): { readonly reason: FailureReason; readonly kind: FailureKind } {
  if (responseCode >= 530 && responseCode <= 535) return { reason: 'auth', kind: 'person' };
  if (responseCode >= 500) return { reason: 'invalid', kind: 'final' };
  return { reason: 'refused', kind: 'passing' };
}
