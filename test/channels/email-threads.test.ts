import PostalMime from 'postal-mime';
import { expect, it } from 'vitest';
import type { Root } from '../../src/channels/channel.ts';
import { compose } from '../../src/channels/email/compose.ts';
import { emailSchema } from '../../src/channels/email/options.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const OPTIONS = emailSchema.parse({ type: 'email', to: ['f@example.com'], from: 's@example.com', host: 'h' });
const FIRST = sampleNews([sampleAlert()]);
const LATER = { ...FIRST, title: '[CRITICAL] later' };
const rootOf = (title: string): Root => ({ id: 'dlv 1', title, now: FIRST });

async function mail(message = LATER, root: Root | null = rootOf(FIRST.title)) {
  return PostalMime.parse(await compose(renderEmail(message, 'dlv_2', 'example.com', false, root), OPTIONS));
}

it('a later mail of an incident answers the first, under its subject, and says what is new', async () => {
  const first = await PostalMime.parse(await compose(renderEmail(FIRST, 'dlv 1', 'example.com'), OPTIONS));
  expect(first).not.toHaveProperty('inReplyTo');
  const later = await mail();
  expect(later.subject).toBe(`Re: ${first.subject}`);
  expect(later).toMatchObject({ inReplyTo: first.messageId, references: first.messageId });
  expect(later.messageId).toBe('<dlv_2@example.com>');
  expect(later.text).toMatch(/^\[CRITICAL\] later\n/);
  expect(later.html).toContain('later');
});

it('a first subject that is hostile adds no header', async () => {
  const later = await mail(LATER, rootOf('a\r\nBcc: x@example.com\u2028b'));
  expect(later.subject).toBe('Re: a Bcc: x@example.com b');
  expect(later.headers.map(({ key }) => key)).not.toContain('bcc');
});
