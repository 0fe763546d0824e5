import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { feishu, renderFeishu } from '../../src/channels/feishu.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const SECRET = 'sIgNiNg-secret';
const to = (keys: object) =>
  sender(feishu, (base) => ({ url: `${base}/open-apis/bot/v2/hook/3f2d`, ...keys }));
const through = to({ secret: SECRET });
const taken = json(200, { code: 0, msg: 'success', data: {} });

const LONG = sampleNews(
  Array.from({ length: 30 }, (_, i) => sampleAlert({ key: [`${'"家'.repeat(38)}${i}`] })),
  { message: '"'.repeat(1999) },
);

interface Node {
  readonly tag?: string;
  readonly [key: string]: unknown;
}

function nodesOf(node: unknown): Node[] {
  if (typeof node !== 'object' || node === null) return [];
  return [node as Node, ...Object.values(node).flatMap(nodesOf)];
}

describe('a card', () => {
  test('is signed with the time of the attempt, in seconds', async (context) => {
    const { send, body, channel } = await through(context, taken);
    expect(await send()).toEqual({ answer: 'code 0' });
    const { timestamp, sign, msg_type, card } = body();
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
    expect(sign).toBe(createHmac('sha256', `${timestamp}\n${SECRET}`).update('').digest('base64'));
    expect({ msg_type, card }).toEqual(JSON.parse(channel.render(sampleNews([sampleAlert()]), 'dlv_7')));
  });

  test('of a bot without a secret is not signed', async (context) => {
    const { send, body } = await to({})(context, taken);
    await send();
    expect(Object.keys(body())).toEqual(['msg_type', 'card']);
  });

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const, ['long', LONG] as const])(
    '%s keeps below 20 KB, and all of its text is plain',
    (_, message) => {
      const post = renderFeishu(message);
      expect(Buffer.byteLength(JSON.stringify(post))).toBeLessThan(19_000);
      const texts = nodesOf(post).filter(({ content }) => content !== undefined);
      expect(texts.length).toBeGreaterThan(1);
      for (const text of texts)
        expect(text).toEqual({ tag: 'plain_text', content: expect.stringMatching(/./) });
    },
  );

  test.each([
    ['alert', 'red'],
    ['anomaly', 'orange'],
    ['drill', 'blue'],
    ['sees', 'green'],
  ])('of the message %s has a %s header', (name, template) => {
    expect(renderFeishu(SAMPLES[name] ?? hostileMessage()).card.header.template).toBe(template);
  });
});

describe('a failure', () => {
  test.for([
    [json(200, { code: 11232, msg: 'frequency limited' }), { reason: 'rate_limited', retryAfterMs: null }],
    [
      json(
        429,
        { code: 99991400, msg: 'request trigger frequency limit' },
        { 'x-ogw-ratelimit-reset': '52' },
      ),
      { reason: 'rate_limited', retryAfterMs: 52_000 },
    ],
    [json(200, { code: 19021, msg: 'sign match fail' }), { kind: 'person', reason: 'auth' }],
    [json(200, { code: 19001, msg: 'incoming webhook access token invalid' }), { kind: 'person' }],
    [json(200, { code: 19024, msg: 'Key Words Not Found' }), { kind: 'person' }],
    [json(400, { code: 9499, msg: 'Bad Request' }), { kind: 'final', reason: 'invalid' }],
    [json(200, { StatusCode: 19021, StatusMessage: 'sign match fail' }), { kind: 'person' }],
    [json(200, { code: 19021, StatusCode: 0, msg: 'x' }), { kind: 'person' }],
    [json(200, { code: 12345, msg: 'a code that nobody knows' }), { kind: 'passing' }],
    [json(502, { code: 0 }), { kind: 'passing', reason: 'server' }],
    [json(200, { msg: 'no code' }), { kind: 'passing' }],
    [{ status: 200, body: 'success' }, { kind: 'passing' }],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });

  test('whose words repeat secret and signature shows neither', async (context) => {
    const { send, body } = await through(context, ({ body: sent }) =>
      json(200, { code: 19021, msg: `${SECRET} ${(JSON.parse(sent) as { sign: string }).sign}` }),
    );
    const error = String(await send().catch((thrown: unknown) => thrown));
    expect(error).toContain('Feishu refused: 19021 *** ***');
    expect(error).not.toContain(String(body().sign));
  });
});
