import type { ChannelType, Receipt } from './channel.ts';
import { refusalFailure, smtpFailure } from './email/failure.ts';
import { type EmailOptions, emailSchema } from './email/options.ts';
import { bareAddress, type RenderedEmail, renderEmail } from './email/render.ts';
import { within } from './wire/deadline.ts';
import { excerptOf } from './wire/redact.ts';

const TIMEOUT_MS = 30_000;

/** Mails every recipient of the channel in one conversation; receivers drop repeats by `Message-ID`. */
export const email: ChannelType<EmailOptions> = {
  type: 'email',
  schema: emailSchema,
  async open(name, options) {
    const { converse, transmit } = await import('./email/smtp.ts');
    const { compose } = await import('./email/compose.ts');
    const peer = `${options.host}:${options.port}`;
    const secrets = options.login === null ? [] : [options.login.password.reveal()];
    const attempt = <T>(signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<T> =>
      within(TIMEOUT_MS, signal, async (limit) => {
        try {
          return await work(limit);
        } catch (error) {
          throw smtpFailure(peer, error, secrets, limit);
        }
      });
    return {
      name,
      type: 'email',
      timeoutMs: TIMEOUT_MS,
      spacingMs: 0,
      render: (message, id) => JSON.stringify(renderEmail(message, id, options.from)),
      send: (envelope, signal) =>
        attempt(signal, async (limit): Promise<Receipt> => {
          const done = new Set(envelope.accepted.map(sameAddress));
          const to = options.to.filter((address) => !done.has(sameAddress(address)));
          if (to.length === 0) return { answer: 'accepted by every recipient' };
          const mail = await compose(JSON.parse(envelope.body) as RenderedEmail, options);
          const info = await converse(options, limit, (connection) =>
            transmit(connection, bareAddress(options.from), to, mail),
          );
          const refused = info.rejectedErrors ?? [];
          if (refused.length > 0) throw refusalFailure(peer, refused, info.accepted, secrets);
          return { answer: excerptOf(info.response, secrets) };
        }),
      probe: (signal) =>
        attempt(signal, async (limit): Promise<Receipt> => {
          await converse(options, limit, () => Promise.resolve());
          return { answer: `${peer} greets${options.login === null ? '' : ' and lets us sign in'}` };
        }),
      close: () => Promise.resolve(),
    };
  },
};

function sameAddress(address: string): string {
  return address.toLowerCase();
}
