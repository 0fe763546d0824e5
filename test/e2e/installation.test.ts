import { expect, it } from 'vitest';
import { openChannel } from '../../src/app.ts';
import { drillMessage } from '../../src/model/health-message.ts';
import { load } from '../config/support.ts';

const FILE = `
version: 1
name: staging
audit: { url: "pglite:./data", preset: api_audit_logs }
channels:
  hook: { type: webhook, url: "https://example.com/hook", secret: a secret of sixteen bytes }
  own:
    type: webhook
    url: https://example.com/hook
    secret: a secret of sixteen bytes
    body: '{"from": {{ data.name }}, "text": "{{ text }}"}'
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 1 }
`;

it('every channel of a file says in its messages which installation they are from', async () => {
  const config = await load(FILE);
  const drill = drillMessage({ channel: 'hook', at: 0, zone: 'UTC', timestamp: 0 });
  const bodies = await Promise.all(
    ['hook', 'own'].map(async (name) => {
      const channel = await openChannel(config, name);
      return JSON.parse(channel.render(drill, 'dlv_1'));
    }),
  );
  expect(bodies[0]).toMatchObject({ type: 'drill', data: { name: 'staging' } });
  expect(bodies[1]).toMatchObject({
    from: 'staging',
    text: expect.stringContaining('Sent by spendwatch staging.'),
  });
});
