// A rendered mail -> the bytes that are sent, the same at every attempt.

import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { MessageChart } from '../../model/chart.ts';
import { isAscii } from './address.ts';
import { withPicture } from './html.ts';
import type { EmailOptions } from './options.ts';
import type { RenderedEmail } from './render.ts';

/**
 * The bytes of a mail, the same at every attempt. The boundary between its parts is random by default; here it follows
 * from the id. The picture is drawn here, and is the same each time. `To` names every recipient, also those that have accepted already. Non-ASCII addresses are left out of
 * `To` if there are others: servers without SMTPUTF8 would refuse the whole mail.
 */
export async function compose(mail: RenderedEmail, { from, to }: EmailOptions): Promise<Buffer> {
  const { messageId, inReplyTo, subject, text, html, date, picture } = mail;
  const drawn = picture === undefined ? null : await drawnOf(picture.chart);
  const ascii = to.filter(isAscii);
  const named = ascii.length > 0 ? ascii : to;
  const composer = new MailComposer({
    from: { ...from },
    to: named.map((address) => ({ name: '', address })),
    subject,
    text,
    ...(picture === undefined || drawn === null
      ? { html }
      : {
          html: withPicture(html, picture.cid, picture.chart.alt),
          attachments: [{ ...INLINE_PNG, cid: picture.cid, content: drawn }],
        }),
    messageId,
    ...(inReplyTo !== undefined && { inReplyTo, references: inReplyTo }),
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

const INLINE_PNG = {
  filename: 'chart.png',
  contentType: 'image/png',
  contentDisposition: 'inline',
} as const;

/** Null where it cannot be drawn: the mail goes without it. */
async function drawnOf(chart: MessageChart): Promise<Buffer | null> {
  const { pictureOf } = await import('../../charts/picture.ts');
  return pictureOf(chart);
}
