import { startWebhookReceiver } from '../../../src/demo/receivers.ts';
import type { StartReceiver } from './sample-receiver.ts';

const SECRET = 'a secret of more than sixteen bytes';
const REPLIES = {
  busy: { status: 503, headers: { 'retry-after': '7' } },
  'refuses us': { status: 403, body: `no ${SECRET} at /hooks/spend` },
  'refuses the message': { status: 422 },
  hangs: 'hang',
} as const;

interface Payload {
  readonly data: {
    readonly alerts: readonly { readonly finding: { readonly group: { service: string } } }[];
  };
}

export const start: StartReceiver = async (fault) => {
  const server = await startWebhookReceiver({
    secret: SECRET,
    ...(fault === null ? {} : { respond: () => REPLIES[fault] }),
  });
  return {
    keys: { url: server.url, secret: SECRET },
    ids: () => Promise.resolve(server.received.map(({ headers }) => headers['webhook-id'] ?? '')),
    taken: () => server.received.map(({ body }) => body),
    secrets: [SECRET, '/hooks/spend'],
    async read(message) {
      const { data } = JSON.parse(message) as Payload;
      return { by: 'programs', services: data.alerts.map(({ finding }) => finding.group.service) };
    },
    close: server.close,
  };
};
