// Message -> subject, text, HTML, Message-ID.

import type { Message } from '../../model/message.ts';
import { plainBody } from '../../model/plain-text.ts';
import { renderHtml } from './html.ts';

/** A mail as it is stored with its delivery: all that must be the same at every attempt. */
export interface RenderedEmail {
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** ms: the Date header is that of the message, not of the attempt. */
  readonly date: number;
}

/** Pure: subject, text and HTML; `domain`, the sender's, is that of the Message-ID. */
export function renderEmail(message: Message, id: string, domain: string): RenderedEmail {
  return {
    messageId: `<${id.replace(/[^\w.-]/g, '-')}@${domain}>`,
    subject: oneLine(message.title),
    text: plainBody(message),
    html: renderHtml(message),
    date: message.timestamp,
  };
}

/** A header ends at a line break: whatever a title is made of, it stays one. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
