import { startSlackReceiver } from '../../../src/demo/receivers.ts';
import type { StartReceiver } from './sample-receiver.ts';

const TOKEN = 'xoxb-very-secret';
const REPLIES = {
  busy: { status: 429, headers: { 'retry-after': '7' } },
  'refuses us': { status: 200, body: '{"ok":false,"error":"token_revoked"}' },
  'refuses the message': { status: 200, body: '{"ok":false,"error":"msg_too_long"}' },
  hangs: 'hang',
} as const;

export const start: StartReceiver = async (fault) => {
  const server = await startSlackReceiver({ respond: () => (fault === null ? undefined : REPLIES[fault]) });
  const idOf = (post: Record<string, unknown>) =>
    (post as { metadata: { event_payload: { delivery_id: string } } }).metadata.event_payload.delivery_id;
  return {
    keys: { token: TOKEN, channel: '#llm-spend', api_url: server.apiUrl },
    ids: () => Promise.resolve(server.posts.map(idOf)),
    taken: () => server.posts.map((post) => JSON.stringify(post)),
    secrets: [TOKEN],
    // The body also has the plain text, which is sent where blocks are refused.
    read: (_, body) => Promise.resolve({ by: 'people', text: body, markup: body, headers: [] }),
    close: server.close,
  };
};
