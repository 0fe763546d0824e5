// A rendered mail -> the bytes that are sent, the same at every attempt.

import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { isAscii } from './address.ts';
import type { EmailOptions } from './options.ts';
import type { RenderedEmail } from './render.ts';

/**
 * The bytes of a mail, the same at every attempt. The boundary between its parts is random by default; here it follows
 * from the id. `To` names every recipient, also those that have accepted already. Non-ASCII addresses are left out of
 * `To` if there are others: servers without SMTPUTF8 would refuse the whole mail.
 */
export function compose(mail: RenderedEmail, { from, to }: EmailOptions): Promise<Buffer> {
  const { messageId, subject, text, html, date } = mail;
  const ascii = to.filter(isAscii);
  const named = ascii.length > 0 ? ascii : to;
  const composer = new MailComposer({
    from: { ...from },
    to: named.map((address) => ({ name: '', address })),
    subject,
    text,
    html,
    messageId,
    date: new Date(date),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    textEncoding: 'quoted-printable',
    baseBoundary: createHash('sha256').update(messageId).digest('hex').slice(0, 16),
    // A text must never be taken for a file or a URL to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}
