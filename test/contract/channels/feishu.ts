import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const PATH = '/open-apis/bot/v2/hook/3f2d9c1e-hook-of-the-bot';
const SECRET = 'sIgNiNg-secret';

const FEISHU: Provider = {
  accept: () => json(200, { StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' }),
  faults: {
    busy: json(200, { code: 11232, msg: 'frequency limited', data: {} }),
    'refuses us': json(200, { code: 19021, msg: `sign match fail: ${SECRET} at ${PATH}`, data: {} }),
    'refuses the message': json(400, { code: 9499, msg: 'Bad Request', data: {} }),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(FEISHU, fault);
  return {
    ...server,
    // Time and signature belong to the attempt.
    taken: () => server.taken().map(withoutSignature),
    keys: { url: `${server.base}${PATH}`, secret: SECRET },
    secrets: [SECRET, PATH, '3f2d9c1e-hook-of-the-bot'],
    // In `plain_text` nothing is markup.
    read: (message) => {
      const texts = [...message.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)].map(([, text = '']) =>
        JSON.parse(text),
      );
      return Promise.resolve({ by: 'people', text: texts.join('\n'), markup: '', headers: [] });
    },
  };
};

function withoutSignature(body: string): string {
  const { timestamp: _, sign: __, ...post } = JSON.parse(body) as Record<string, unknown>;
  return JSON.stringify(post);
}
