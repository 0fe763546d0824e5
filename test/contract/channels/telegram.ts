import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const TOKEN = '123456:AAbbCC-tOkEn-of-the-bot';

const refuse = (error_code: number, description: string, parameters?: object) =>
  json(error_code, { ok: false, error_code, description, parameters });

const TELEGRAM: Provider = {
  accept: ({ body }, count) => {
    const { chat_id, text } = JSON.parse(body) as { chat_id: string; text: string };
    return json(200, { ok: true, result: { message_id: count, chat: { id: Number(chat_id) }, text } });
  },
  describe: () => json(200, { ok: true, result: { id: -1001, type: 'supergroup', title: 'Spend' } }),
  faults: {
    busy: refuse(429, 'Too Many Requests: retry after 17', { retry_after: 17 }),
    'refuses us': refuse(401, `Unauthorized: ${TOKEN}`),
    // The Bot API documents that `ok` counts, not the status.
    'refuses the message': json(200, {
      ok: false,
      error_code: 400,
      description: 'Bad Request: text is empty',
    }),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(TELEGRAM, fault);
  return {
    ...server,
    keys: { token: TOKEN, chat_id: -1001234567890, api_url: server.base },
    secrets: [TOKEN],
    async read(message) {
      const { text } = JSON.parse(message) as { text: string };
      return { by: 'people', text, markup: text.replace(/<\/?(b|pre)>/g, ''), headers: [] };
    },
  };
};
