import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const LOGIN = { user: 'spendwatch', password: 'quokka and walrus' };

const ALERTMANAGER: Provider = {
  accept: () => ({ status: 200 }),
  describe: () => json(200, { versionInfo: { version: '0.25.0' } }),
  faults: {
    busy: { status: 503 },
    'refuses us': { status: 401, body: `not ${LOGIN.password}` },
    'refuses the message': json(400, 'parsing body failed, because an alert has no label'),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(ALERTMANAGER, fault);
  return {
    ...server,
    keys: { url: `${server.base}/am/`, ...LOGIN },
    secrets: [LOGIN.password],
    async read(message) {
      const alerts = JSON.parse(message) as { labels: { service: string } }[];
      // The empty name stands in words, because an empty label is none.
      const services = alerts.map(({ labels }) => labels.service.replace('(empty)', ''));
      return { by: 'programs', services };
    },
  };
};
