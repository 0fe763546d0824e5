import PostalMime from 'postal-mime';
import { startSmtpReceiver } from '../../../src/demo/receivers.ts';
import type { StartReceiver } from './sample-receiver.ts';

const LOGIN = { user: 'spendwatch', password: 'a mail password' };
const REPLIES = {
  busy: { code: 451, text: 'try again later' },
  'refuses us': { code: 530, text: 'who are you' },
  'refuses the message': { code: 554, text: 'no' },
  hangs: 'hang',
} as const;

export const start: StartReceiver = async (fault) => {
  const server = await startSmtpReceiver({
    login: LOGIN,
    respond: (step) => (fault !== null && step === 'rcpt' ? REPLIES[fault] : undefined),
  });
  return {
    keys: {
      to: ['a@example.com'],
      from: 'x@example.org',
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      ...LOGIN,
    },
    ids: () =>
      Promise.all(server.received.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId ?? '')),
    taken: () => server.received.map(({ raw }) => raw),
    secrets: [LOGIN.password],
    async read(message) {
      const { subject, html = '', text, headers } = await PostalMime.parse(message);
      // In a plain text part markup is only text.
      return {
        by: 'people',
        text: `${subject}${html}${text}`,
        markup: html,
        headers: headers.map(({ key }) => key),
      };
    },
    close: server.close,
  };
};
