// A rendered mail -> the bytes on the wire, the same at every attempt.

import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { isAscii } from './address.ts';
import type { EmailOptions } from './options.ts';
import type { RenderedEmail } from './render.ts';

/**
 * The mail as it goes over the wire, the same bytes at every attempt: the boundary between its parts, which is
 * random otherwise, follows from its id. `To` names every recipient, whoever has accepted already; beside others,
 * those with a non-ASCII name are left out, which would keep servers without SMTPUTF8 from taking the mail at all.
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
    // A text is a text here, and never the name of something to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}
