import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const KEY = '693a91f6-7aoc-4bc4-97a0-key-of-the-robot';

const WECOM: Provider = {
  accept: () => json(200, { errcode: 0, errmsg: 'ok' }),
  faults: {
    busy: json(200, { errcode: 45009, errmsg: 'api freq out of limit' }),
    'refuses us': json(200, { errcode: 93000, errmsg: `invalid webhook url, hint: ${KEY}` }),
    'refuses the message': json(200, { errcode: 40058, errmsg: 'markdown.content exceed max length 4096' }),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(WECOM, fault);
  return {
    ...server,
    keys: { url: `${server.base}/cgi-bin/webhook/send?key=${KEY}` },
    secrets: [KEY],
    async read(message) {
      const { markdown } = JSON.parse(message) as { markdown: { content: string } };
      return { by: 'people', text: markdown.content, markup: markdown.content, headers: [] };
    },
  };
};
