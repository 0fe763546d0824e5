import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { parseRetryAfter } from '../../src/channels/transport/http.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import { startWebhookReceiver } from '../../src/demo/webhook-receiver.ts';
import { selfSigned } from './certificate.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const RAW = 'any text of sixteen bytes';
const ENCODED = `whsec_${Buffer.from('a key of twenty-four bytes').toString('base64')}`;
const never = new AbortController().signal;
const alert = sampleNews([sampleAlert()]);
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

type ReceiverOptions = Omit<Parameters<typeof startWebhookReceiver>[0], 'secret'>;

async function open(keys: Record<string, unknown> = {}, options: ReceiverOptions = {}, verifyWith = RAW) {
  const server = await startWebhookReceiver({ secret: verifyWith, ...options });
  cleanups.push(server.close);
  const secret = keys.secrets === undefined ? { secret: RAW } : {};
  const channel = await webhook.open(
    'billing',
    webhook.schema.parse({ type: 'webhook', url: server.url, ...secret, ...keys }),
  );
  const send = () => channel.send({ id: 'dlv_7', body: channel.render(alert, 'dlv_7'), accepted: [] }, never);
  return { server, channel, send };
}

describe('a signature', () => {
  test.each([RAW, ENCODED])('by %s is what the Standard Webhooks library expects', async (secret) => {
    const { server, send } = await open({ secret }, {}, secret);
    await send();
    expect(server.received).toMatchObject([{ verified: true, body: alert.json, method: 'POST' }]);
  });

  test.each([0, 1])('by two secrets is right for receivers that know only number %i', async (known) => {
    const secrets = [RAW, ENCODED];
    const { server, send } = await open({ secrets }, {}, secrets[known] ?? '');
    await send();
    expect(server.received).toMatchObject([{ verified: true }]);
  });

  test('is of the bytes on the wire, recomputed from the text of the standard', async () => {
    const { server, send } = await open();
    await send();
    const [hook] = server.received;
    const {
      'webhook-id': id,
      'webhook-timestamp': seconds,
      'webhook-signature': signature,
    } = hook?.headers ?? {};
    const expected = createHmac('sha256', RAW).update(`${id}.${seconds}.${hook?.body}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    expect(Math.abs(Number(seconds) * 1000 - Date.now())).toBeLessThan(10_000);
  });

  test('in hex is of the body alone', async () => {
    const { server, send } = await open({ signature: 'hex' }, { respond: () => ({ status: 200 }) });
    await send();
    const [hook] = server.received;
    const expected = createHmac('sha256', RAW)
      .update(hook?.body ?? '')
      .digest('hex');
    expect(hook?.headers['x-signature-256']).toBe(`sha256=${expected}`);
    expect(hook?.headers['webhook-signature']).toBeUndefined();
  });

  test('is refused by a receiver with another secret, which a person must settle', async () => {
    const { send } = await open({}, {}, 'quite another secret text');
    await expect(send()).rejects.toMatchObject({ kind: 'person', reason: 'auth' });
  });

  test('cannot be checked against a changed body', async () => {
    const { server, send } = await open();
    await send();
    const [hook] = server.received;
    const verifier = new Webhook(Buffer.from(RAW), { format: 'raw' });
    expect(() => verifier.verify(`${hook?.body} `, { ...hook?.headers })).toThrow();
  });
});

describe('an answer', () => {
  test.each([
    [200, null],
    [202, null],
    [204, null],
    [301, 'passing'],
    [302, 'passing'],
    [304, 'passing'],
    [400, 'final'],
    [401, 'person'],
    [403, 'person'],
    [404, 'person'],
    [405, 'person'],
    [408, 'passing'],
    [409, 'final'],
    [410, 'final'],
    [422, 'final'],
    [425, 'passing'],
    [429, 'passing'],
    [500, 'passing'],
    [503, 'passing'],
  ] as const)('with HTTP %i is of kind %s, and nothing is followed or repeated', async (status, kind) => {
    const elsewhere = await startWebhookReceiver({ secret: RAW, respond: () => ({ status: 204 }) });
    cleanups.push(elsewhere.close);
    const { server, send } = await open(
      {},
      { respond: () => ({ status, headers: { location: elsewhere.url } }) },
    );
    if (kind === null) await expect(send()).resolves.toEqual({ answer: `HTTP ${status}` });
    else await expect(send()).rejects.toMatchObject({ name: 'SendError', kind });
    expect(server.received).toHaveLength(1);
    expect(elsewhere.received).toEqual([]);
  });

  test('that asks to wait says for how long', async () => {
    const { send } = await open({}, { respond: () => ({ status: 429, headers: { 'retry-after': '120' } }) });
    await expect(send()).rejects.toMatchObject({ reason: 'rate_limited', retryAfterMs: 120_000 });
  });

  test('that echoes what was sent does not bring secrets into the error', async () => {
    const echo = (body: string) => ({ status: 404, body });
    const { server, send } = await open(
      { headers: { Authorization: 'Bearer my-token-value' } },
      {
        respond: ({ path, headers }) => echo(`Cannot POST ${path} with ${headers.authorization} and ${RAW}`),
      },
    );
    const error = await send().catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('Cannot POST ***');
    for (const secret of ['/hooks/spend', 'my-token-value', RAW, server.url])
      expect(String(error)).not.toContain(secret);
  });

  test('that breaks off passes', async () => {
    const { send } = await open({}, { respond: () => 'drop' });
    await expect(send()).rejects.toMatchObject({ kind: 'passing', reason: 'unreachable' });
  });

  test('by an untrusted certificate is for a person, in a send and in a probe', async () => {
    const { channel, send, server } = await open({}, { tls: selfSigned() });
    const failure = { kind: 'person', reason: 'auth', message: expect.stringContaining('certificate') };
    await expect(send()).rejects.toMatchObject(failure);
    await expect(channel.probe(never)).rejects.toMatchObject(failure);
    expect(server.received).toEqual([]);
  });
});

test('further headers are sent, and a login in the URL becomes one', async () => {
  const { server } = await open();
  const url = server.url.replace('://', '://anna:p%40ss@');
  const keys = { type: 'webhook', url, secret: RAW, headers: { 'X-Team': 'billing' } };
  const channel = await webhook.open('billing', webhook.schema.parse(keys));
  await channel.send({ id: 'dlv_7', body: alert.json, accepted: [] }, never);
  expect(server.received[0]?.headers).toMatchObject({
    'x-team': 'billing',
    authorization: `Basic ${Buffer.from('anna:p@ss').toString('base64')}`,
    'content-type': 'application/json',
  });
});

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Fri, 20 Nov 2026 02:06:00 GMT', 60_000],
  ['Fri, 20 Nov 2026 02:00:00 GMT', 0],
  ['999999999', 86_400_000],
  ['soon', null],
  [null, null],
])('Retry-After %s is %s ms', (header, ms) => {
  expect(parseRetryAfter(header, Date.parse('2026-11-20T02:05:00Z'))).toBe(ms);
});

describe('a body of its own', () => {
  const BODY = '{"text": "{{ title }}", "id": "{{ id }}", "rule": {{ data.rule }}}';

  test('is what the template makes, signed', async () => {
    const { server, channel, send } = await open({ body: BODY });
    expect(await send()).toEqual({ answer: 'HTTP 204' });
    const body = channel.render(alert, 'dlv_7');
    expect(JSON.parse(body)).toEqual({ text: alert.title, id: 'dlv_7', rule: 'hourly-burn' });
    expect(server.received).toMatchObject([{ verified: true, body }]);
  });

  test('that cannot be filled in is the standard one, which says so, as the receipt does', async () => {
    const endless = `{"a": ${'{% for i in (1..900) %}'.repeat(9)}1${'{% endfor %}'.repeat(9)}}`;
    for (const body of [endless, '{"a": {{ data.rule }}{{ data.rule }}}', '{"a": "\\{{ data.rule }}"}']) {
      const { server, channel, send } = await open({ body });
      const { answer } = await send();
      expect(answer).toMatch(/^HTTP 204; sent in the standard form, as its template failed: (it|a) /);
      const { body_error: why, ...standard } = JSON.parse(server.received[0]?.body ?? '');
      expect(standard).toEqual(JSON.parse(alert.json));
      expect(why).toMatch(/^(it|a) /);
      expect(channel.render(alert, 'dlv_7')).toMatch(/^\{"body_error":/);
    }
  });
});
