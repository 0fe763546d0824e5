import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const TOKEN = '566cc69da782ec-token-of-the-robot';
const SECRET = 'SECsIgNiNg-secret';

const DINGTALK: Provider = {
  accept: () => json(200, { errcode: 0, errmsg: 'ok' }),
  faults: {
    busy: json(200, { errcode: 130101, errmsg: 'send too fast, exceed 20 times per minute' }),
    'refuses us': json(200, { errcode: 310000, errmsg: `sign not match ${SECRET} for ${TOKEN}` }),
    'refuses the message': json(200, { errcode: 460101, errmsg: 'message too long, exceed 20000 bytes' }),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(DINGTALK, fault);
  return {
    ...server,
    keys: { url: `${server.base}/robot/send?access_token=${TOKEN}`, secret: SECRET },
    secrets: [TOKEN, SECRET],
    async read(message) {
      const { markdown } = JSON.parse(message) as { markdown: { title: string; text: string } };
      return {
        by: 'people',
        text: markdown.text,
        markup: `${markdown.title}\n${markdown.text}`,
        headers: [],
      };
    },
  };
};
