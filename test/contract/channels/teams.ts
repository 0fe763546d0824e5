import { json, type Provider, startPostingReceiver } from '../../support/posting-receiver.ts';
import type { StartReceiver } from './sample-receiver.ts';

const PATH =
  '/workflows/0ec499be/triggers/manual/paths/invoke?api-version=2016-06-01&sig=SiGnAtUrE-of-the-flow';

/** A workflow takes a post with 202 and runs later. */
const TEAMS: Provider = {
  accept: () => ({ status: 202 }),
  faults: {
    busy: {
      status: 200,
      body: 'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x',
    },
    'refuses us': json(401, { error: { code: 'DirectApiAuthorizationRequired', message: `no ${PATH}` } }),
    'refuses the message': json(400, { error: { code: 'TriggerInputSchemaMismatch', message: 'no' } }),
  },
};

export const start: StartReceiver = async (fault) => {
  const server = await startPostingReceiver(TEAMS, fault);
  return {
    ...server,
    keys: { url: `${server.base}${PATH}` },
    secrets: ['SiGnAtUrE-of-the-flow', '0ec499be'],
    // In the text of a TextRun nothing is markup.
    read: (message) =>
      Promise.resolve({
        by: 'people',
        text: textsOf(JSON.parse(message)).join('\n'),
        markup: '',
        headers: [],
      }),
  };
};

function textsOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'text' && typeof value === 'string' ? [value] : textsOf(value),
  );
}
