import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { EmailOptions } from './options.ts';
import type { RenderedEmail } from './render.ts';

/**
 * The mail as it goes over the wire, the same bytes at every attempt: the boundary between its parts, which is
 * random otherwise, follows from its id. `To` names every recipient, whoever has accepted already.
 */
export function compose(mail: RenderedEmail, { from, to }: EmailOptions): Promise<Buffer> {
  const { messageId, subject, text, html, date } = mail;
  const composer = new MailComposer({
    from,
    to: [...to],
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
