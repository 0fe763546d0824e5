import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { openShow } from '../../src/demo/show.ts';
import { SAMPLES } from '../channels/samples.ts';

const HOOK = {
  path: '/hooks/spend',
  verified: true,
  headers: { 'webhook-id': `msg_${'0'.repeat(32)}`, 'webhook-signature': `v1,${'A'.repeat(44)}` },
  body: JSON.stringify({
    type: 'alert.firing',
    data: {
      rule: 'hourly-burn',
      message:
        'Stop the job that drives it, then tell the owner of the service, and have a look at what it asks.',
      alerts: Array.from({ length: 9 }, (_, i) => ({
        id: `alert_${i}`,
        since: 'x',
        ongoing: false,
        finding: { value: 1, breakdown: { model: Array.from({ length: 5 }, () => ({ key: 'm' })) } },
      })),
    },
  }),
};

it.each([true, false])('a webhook takes a screen of 80 by 24 at most, colour %s', (colour) => {
  const lines = openShow(colour, 80)
    .webhook(HOOK as never)
    .split('\n')
    .map(stripVTControlCharacters);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(lines.join('\n')).toContain('"rule": "hourly-burn"');
  expect(lines.join('\n')).toContain('shortened');
});

it.each(Object.entries(SAMPLES))('no post has two empty lines together: %s', (_, message) => {
  const post = renderSlack(message, 'dlv_01') as unknown as Record<string, unknown>;
  expect(openShow(false, 80).slack(post, 'a new message')).not.toMatch(/│\n│\n/);
});
