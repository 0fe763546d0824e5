// A message as mail: subject, text, HTML and Message-ID.

import type { Chart } from '../../model/chart.ts';
import type { Message } from '../../model/message.ts';
import { plainBody } from '../../model/plain-text.ts';
import { renderHtml } from './html.ts';

/** A mail as it is stored with its delivery, because it must be the same at every attempt. */
export interface RenderedEmail {
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** A picture that is drawn when the mail is sent; absent where there is none. */
  readonly picture?: { readonly chart: Chart; readonly cid: string };
  /** ms: the Date header is that of the message, not of the attempt. */
  readonly date: number;
}

/** Pure. `domain` is the sender's; the Message-ID ends with it. */
export function renderEmail(
  message: Message,
  id: string,
  domain: string,
  showsPictures = true,
): RenderedEmail {
  const address = `${id.replace(/[^\w.-]/g, '-')}@${domain}`;
  const { chart } = message;
  return {
    messageId: `<${address}>`,
    subject: oneLine(message.title),
    text: plainBody(message),
    html: renderHtml(message),
    date: message.timestamp,
    ...(showsPictures && chart !== null && { picture: { chart, cid: `chart.${address}` } }),
  };
}

/** Without line breaks, which would end the header and begin another one. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
