// A message as mail: subject, text, HTML and Message-ID.

import type { MessageChart } from '../../model/chart.ts';
import type { Message } from '../../model/message.ts';
import { plainBody, plainText } from '../../model/plain-text.ts';
import type { Root } from '../channel.ts';
import { renderHtml } from './html.ts';

/** A mail as it is stored with its delivery, because it must be the same at every attempt. */
export interface RenderedEmail {
  readonly messageId: string;
  /** The Message-ID of the first mail of the thread; absent in that one. */
  readonly inReplyTo?: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** A picture that is drawn when the mail is sent; absent where there is none. */
  readonly picture?: { readonly chart: MessageChart; readonly cid: string };
  /** ms: the Date header is that of the message, not of the attempt. */
  readonly date: number;
}

/** Pure. `domain` is the sender's; Message-IDs end with it. `root` is the mail that it answers. */
export function renderEmail(
  message: Message,
  id: string,
  domain: string,
  showsPictures = true,
  root: Root | null = null,
): RenderedEmail {
  const address = addressOf(id, domain);
  const { chart } = message;
  return {
    messageId: `<${address}>`,
    ...(root !== null && { inReplyTo: `<${addressOf(root.id, domain)}>` }),
    // Some mailers put mails together only where the subjects agree.
    subject: root === null ? oneLine(message.title) : `Re: ${oneLine(root.title)}`,
    // The subject is that of the first mail, so the text says what is new.
    text: root === null ? plainBody(message) : plainText(message),
    html: renderHtml(message),
    date: message.timestamp,
    ...(showsPictures && chart !== null && { picture: { chart, cid: `chart.${address}` } }),
  };
}

function addressOf(id: string, domain: string): string {
  return `${id.replace(/[^\w.-]/g, '-')}@${domain}`;
}

/** Without line breaks, which would end the header and begin another one. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
