import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const PATH = '/api/webhooks/1330000000000000001/tOkEn-of-the-webhook';

const DISCORD: Provider = {
  accept: ({ path }, count) =>
    path.includes('wait=true') ? json(200, { id: `13400000000000000${count}` }) : { status: 204 },
  describe: () => json(200, { id: '1330000000000000001', name: 'spend', channel_id: '7', token: 'tOkEn' }),
  faults: {
    busy: json(429, { message: 'You are being rate limited.', retry_after: 64.57, global: false }),
    'refuses us': json(401, { message: `Invalid Webhook Token ${PATH}`, code: 50027 }),
    'refuses the message': json(400, { code: 50035, message: 'Invalid Form Body' }),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(DISCORD, fault);
  return {
    ...server,
    keys: { url: `${server.base}${PATH}` },
    secrets: [PATH, 'tOkEn-of-the-webhook'],
    async read(message) {
      const { content, embeds } = JSON.parse(message) as {
        content: string;
        embeds: { description: string; footer: { text: string } }[];
      };
      const text = [content, ...embeds.flatMap((embed) => [embed.description, embed.footer.text])].join('\n');
      return { by: 'people', text, markup: text.replace(/^```\n[^`]*\n```$/gm, ''), headers: [] };
    },
  };
};
