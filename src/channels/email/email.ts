// Sends messages as mail by SMTP.

import { SendError } from '../../model/errors.ts';
import { redactor } from '../../model/redact.ts';
import type { ChannelType, Receipt } from '../channel.ts';
import { within } from '../transport/deadline.ts';
import { excerptOf, secretsOfLogin } from '../transport/redact.ts';
import { addressKey, domainOf, isAscii } from './address.ts';
import type { Progress } from './envelopes.ts';
import { refusalFailure, smtpFailure } from './failure.ts';
import { type EmailOptions, emailSchema, SMTP_VARIABLES } from './options.ts';
import { type RenderedEmail, renderEmail } from './render.ts';

const TIMEOUT_MS = 30_000;

/** Mails every recipient of the channel in one SMTP session. Mail servers drop repeats by `Message-ID`. */
export const email: ChannelType<EmailOptions> = {
  type: 'email',
  sendResolved: false,
  schema: emailSchema,
  environment: SMTP_VARIABLES,
  async open(name, options) {
    const { withSession } = await import('./smtp.ts');
    const { mailAll } = await import('./envelopes.ts');
    const { compose } = await import('./compose.ts');
    const { address: from } = options.from;
    const peer = `${options.host}:${options.port}`;
    const { login } = options;
    const redact = redactor(login === null ? [] : secretsOfLogin(login.user, login.password.reveal()));
    const attempt = <T>(
      signal: AbortSignal,
      accepted: readonly string[],
      work: (limit: AbortSignal) => Promise<T>,
    ): Promise<T> =>
      within(TIMEOUT_MS, signal, async (limit) => {
        try {
          return await work(limit);
        } catch (error) {
          throw smtpFailure(options, error, accepted, redact, limit);
        }
      });
    return {
      name,
      type: 'email',
      audience: 'people',
      timeoutMs: TIMEOUT_MS,
      spacingMs: 0,
      // Mailers put a mail to its thread however old that is.
      threadMs: Number.POSITIVE_INFINITY,
      render: (message, id, root = null) =>
        JSON.stringify(renderEmail(message, id, domainOf(from), options.pictures, root)),
      async send(envelope, signal): Promise<Receipt> {
        const done = new Set(envelope.accepted.map(addressKey));
        const to = options.to.filter((address) => !done.has(addressKey(address)));
        if (to.length === 0) return { answer: 'accepted by every recipient' };
        const progress: Progress = { accepted: [], refused: [], response: '' };
        const { accepted, refused } = progress;
        await attempt(signal, accepted, async (limit) => {
          const mail = await compose(JSON.parse(envelope.body) as RenderedEmail, options);
          await withSession(options, limit, (session) => {
            if (!session.takesUtf8 && !isAscii(from)) throw noUtf8(peer, from);
            return mailAll(session, from, to, mail, progress);
          });
        });
        if (refused.length > 0) throw refusalFailure(peer, refused, accepted, redact);
        return { answer: excerptOf(progress.response, redact) };
      },
      probe: (signal) =>
        attempt(signal, [], async (limit): Promise<Receipt> => {
          await withSession(options, limit, () => Promise.resolve());
          return { answer: `${peer} greets${login === null ? '' : ' and lets us sign in'}` };
        }),
      close: () => Promise.resolve(),
    };
  },
};

function noUtf8(peer: string, from: string): SendError {
  const text = `${peer} does not take the sender ${from}: non-ASCII names need SMTPUTF8; write \`from\` in ASCII`;
  return new SendError('invalid', 'person', text);
}
