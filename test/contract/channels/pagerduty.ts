import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const KEY = 'e93facc04764012d7bfb002500d5d1a6';

const PAGERDUTY: Provider = {
  accept: ({ body }) => {
    const { dedup_key } = JSON.parse(body) as { dedup_key: string };
    return json(202, { status: 'success', message: 'Event processed', dedup_key });
  },
  faults: {
    busy: { status: 429 },
    'refuses us': json(400, {
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: [`Invalid routing key ${KEY}`],
    }),
    'refuses the message': json(400, {
      status: 'invalid event',
      errors: ["'payload.summary' is missing or blank"],
    }),
  },
};

interface Sent {
  readonly payload: {
    readonly custom_details: { readonly alerts: readonly { readonly group: { readonly service: string } }[] };
  };
}

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(PAGERDUTY, fault);
  return {
    ...server,
    keys: { routing_key: KEY, url: `${server.base}/v2/enqueue` },
    secrets: [KEY],
    async read(message) {
      const { payload } = JSON.parse(message) as Sent;
      return { by: 'programs', services: payload.custom_details.alerts.map(({ group }) => group.service) };
    },
  };
};
