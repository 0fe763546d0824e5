// Sends one mail to all recipients, in as many envelopes as the server asks for.

import type { SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { isAscii } from './address.ts';
import type { Session } from './smtp.ts';
import type { SmtpFault } from './smtp-fault.ts';

/** Who has accepted a mail so far. It counts even if the session breaks off afterwards. */
export interface Progress {
  readonly accepted: string[];
  readonly refused: SmtpFault[];
  /** The server's last reply to a mail that it took. */
  response: string;
}

/**
 * Offers one mail to all recipients, in as many envelopes as the server needs. A server may take only the first of many
 * recipients; the others go into the next envelope (RFC 5321, 4.5.3.1.10). Each envelope is accepted by somebody or is
 * cut in two, so this ends. Throws the server's refusal of the mail.
 */
export async function mailAll(
  { send, takesUtf8 }: Session,
  from: string,
  to: readonly string[],
  mail: Buffer,
  progress: Progress,
): Promise<void> {
  const waiting = [to.filter(isAscii), to.filter((address) => !isAscii(address))];
  while (waiting.length > 0) {
    const envelope = waiting.shift() ?? [];
    if (envelope.length === 0) continue;
    if (!takesUtf8 && !envelope.every(isAscii)) {
      for (const address of envelope) progress.refused.push(withoutUtf8(address));
      continue;
    }
    try {
      const info = await send(from, envelope, mail);
      if (!isReceipt(info)) throw noReceipt(info);
      for (const address of info.accepted) progress.accepted.push(address);
      progress.response = info.response;
      const later = takeRefused(info, progress);
      if (later.length > 0) waiting.unshift(later);
    } catch (error) {
      const fault = error as SmtpFault;
      if (fault.rejectedErrors !== undefined && fault.rejectedErrors.length > 0) {
        for (const refused of fault.rejectedErrors) progress.refused.push(refused);
      } else if (envelope.length > 1 && fault.command === 'DATA' && saysTooMany(fault)) {
        const middle = Math.ceil(envelope.length / 2);
        waiting.unshift(envelope.slice(0, middle), envelope.slice(middle));
      } else throw error;
    }
  }
}

/** A server confirms a mail with 250. The library accepts any reply that begins with 2. */
function isReceipt({ response }: SMTPConnectionSendInfo): boolean {
  return /^250\b/.test(response);
}

function noReceipt({ response }: SMTPConnectionSendInfo): SmtpFault {
  const responseCode = Number.parseInt(response, 10);
  return Object.assign(new Error('no receipt'), { command: 'DATA', responseCode, response });
}

/** The recipients that were refused only because there were too many. Notes all other refusals in `progress`. */
function takeRefused({ rejectedErrors = [] }: SMTPConnectionSendInfo, progress: Progress): string[] {
  const later: string[] = [];
  for (const fault of rejectedErrors as readonly SmtpFault[]) {
    const { responseCode, recipient } = fault;
    // By RFC 5321, 452 to a recipient means too many of them, and so does 552 from older servers.
    const isTooMany = responseCode === 452 || responseCode === 552 || saysTooMany(fault);
    if (isTooMany && recipient !== undefined) later.push(recipient);
    else progress.refused.push(fault);
  }
  return later;
}

function saysTooMany({ response = '' }: SmtpFault): boolean {
  return /\b[45]\.5\.3\b|too many recipients|recipient count/i.test(response);
}

function withoutUtf8(recipient: string): SmtpFault {
  return { recipient, responseCode: 553, response: 'the server does not take non-ASCII names (no SMTPUTF8)' };
}
