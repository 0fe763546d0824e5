import { describe, expect, test } from 'vitest';
import { discord, renderDiscord } from '../../src/channels/discord.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const TOKEN = 'tOkEn-of-the-webhook';
const through = sender(discord, (base) => ({ url: `${base}/api/webhooks/133/${TOKEN}?thread_id=42` }));

/** Names that grow when they are escaped, more of them than fit. */
const LONG = sampleNews(
  Array.from({ length: 30 }, (_, i) => sampleAlert({ key: [`${'*@'.repeat(38)}${i}`] })),
  { message: '[](x) '.repeat(330) },
);

describe('a post', () => {
  test('asks for confirmation in its thread, and its receipt is the id', async (context) => {
    const { server, send, body } = await through(context, json(200, { id: '991' }));
    expect(await send()).toEqual({ answer: 'message 991', ref: '991' });
    expect(server.requests[0]?.path).toBe(`/api/webhooks/133/${TOKEN}?thread_id=42&wait=true`);
    expect(body()).toMatchObject({
      content: expect.stringContaining('$312.46 in 1h (limit $100.00)'),
      allowed_mentions: { parse: [] },
    });
  });

  test('that answers another edits that one first, in its thread', async (context) => {
    const root = { id: 'dlv_1', title: 'first', now: { ...sampleNews([sampleAlert()]), title: 'known now' } };
    const thread = { rootRef: '990', isLatest: true, previousRef: null };
    const { server, send, body } = await through(context, json(200, { id: '991' }), { thread, root });
    expect(await send()).toEqual({ answer: 'message 991', ref: '991' });
    expect(server.requests[0]).toMatchObject({
      method: 'PATCH',
      path: `/api/webhooks/133/${TOKEN}/messages/990?thread_id=42`,
      body: expect.stringContaining('known now'),
    });
    expect(JSON.stringify(body())).not.toContain('known now');
  });

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const, ['long', LONG] as const])(
    '%s keeps within the limits of Discord',
    (_, message) => {
      const { content, embeds } = renderDiscord(message);
      expect(content.length).toBeLessThanOrEqual(2000);
      expect(content).not.toBe('');
      for (const { description, footer } of embeds) {
        expect(description.length).toBeLessThanOrEqual(4096);
        expect(footer.text.length).toBeLessThanOrEqual(2048);
        expect(description.length + footer.text.length).toBeLessThanOrEqual(6000);
      }
    },
  );

  test('that is too long says what it leaves out', () => {
    expect(JSON.stringify(renderDiscord(LONG))).toMatch(/Shortened to fit here(: \d alerts left out)?\./);
  });

  test.each([
    ['@everyone', /@everyone/],
    ['<@&1234> <#1> <t:1:R>', /<[@#t]/],
    ['[pay](https://evil.example)', /(?<!\\)\[pay|https:\/\/|\]\(/],
    ['**bold** __line__ ||spoiler||', /(?<!\\)[*_|]/],
  ])('with %s in a name makes neither mention, link nor markup', (name, obeyed) => {
    const { content } = renderDiscord(sampleNews([sampleAlert({ key: [name] })]));
    expect(content.slice(2, -2)).not.toMatch(obeyed);
  });

  test('in whose table a name would end the code keeps it open', () => {
    const { value } = sampleAlert().finding;
    const breakdown = { model: ['``` @everyone', 'gpt-4.1'].map((key) => ({ key, value })) };
    const [embed] = renderDiscord(sampleNews([sampleAlert({ breakdown })])).embeds;
    expect(embed?.description.match(/```/g)).toHaveLength(2);
  });
});

describe('a failure', () => {
  test.for([
    [json(429, { message: 'slow', retry_after: 64.57 }), { reason: 'rate_limited', retryAfterMs: 64_570 }],
    [json(429, {}, { 'retry-after': '7' }), { reason: 'rate_limited', retryAfterMs: 7000 }],
    [
      { status: 429, body: 'error code: 1015' },
      { reason: 'rate_limited', retryAfterMs: null },
    ],
    [json(404, { code: 10015, message: 'Unknown Webhook' }), { kind: 'person' }],
    [json(401, { code: 50027, message: 'Invalid Webhook Token' }), { kind: 'person', reason: 'auth' }],
    [json(400, { code: 220001, message: 'must have a thread_id' }), { kind: 'person' }],
    [json(400, { code: 50035, message: 'Invalid Form Body' }), { kind: 'final', reason: 'invalid' }],
    [{ status: 502 }, { kind: 'passing', reason: 'server' }],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });

  test.for([
    ['a 204, which confirms nothing', { status: 204 }],
    ['no id', json(200, { content: 'x' })],
    ['no JSON', { status: 200, body: 'fine' }],
  ] as const)('of an answer with %s passes', async ([, reply], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ kind: 'passing', reason: 'server' });
  });
});

test('its probe asks who the webhook is and posts nothing', async (context) => {
  const { probe, server } = await through(context, json(200, { name: 'a\n\u202eb', channel_id: '7' }));
  expect(await probe()).toEqual({ answer: 'webhook a [U+202E]b' });
  expect(server.requests).toMatchObject([{ method: 'GET' }]);
});
