import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dingtalk, renderDingtalk } from '../../src/channels/dingtalk.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const SECRET = 'SECsIgNiNg';
const to = (keys: object) =>
  sender(dingtalk, (base) => ({ url: `${base}/robot/send?access_token=566cc69d`, ...keys }));
const through = to({ secret: SECRET });
const taken = json(200, { errcode: 0, errmsg: 'ok' });

const LONG = sampleNews(
  Array.from({ length: 30 }, (_, i) => sampleAlert({ key: [`${'_家'.repeat(38)}${i}`] })),
  { message: '_@'.repeat(990) },
);

describe('a post', () => {
  test('is signed in its address with the time of the attempt, in milliseconds', async (context) => {
    const { send, server } = await through(context, taken);
    expect(await send()).toEqual({ answer: 'errcode 0' });
    const { searchParams } = new URL(server.requests[0]?.path ?? '', 'http://x');
    const timestamp = searchParams.get('timestamp');
    expect(Math.abs(Number(timestamp) - Date.now())).toBeLessThan(60_000);
    expect(searchParams.get('access_token')).toBe('566cc69d');
    const expected = createHmac('sha256', SECRET).update(`${timestamp}\n${SECRET}`).digest('base64');
    expect(searchParams.get('sign')).toBe(expected);
    // A bare + would be read as a space.
    expect(server.requests[0]?.path).not.toMatch(/sign=[^&]*[+/=]/);
  });

  test('of a robot without a secret is not signed', async (context) => {
    const { send, server } = await to({})(context, taken);
    await send();
    expect(server.requests[0]?.path).toBe('/robot/send?access_token=566cc69d');
  });

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const, ['long', LONG] as const])(
    '%s keeps below 20,000 bytes and mentions nobody',
    (_, message) => {
      const post = renderDingtalk(message);
      expect(Buffer.byteLength(JSON.stringify(post))).toBeLessThan(19_000);
      expect(post.at).toEqual({ atMobiles: [], atUserIds: [], isAtAll: false });
      expect(post.markdown.title).not.toBe('');
    },
  );

  test.each([
    '@all',
    '![x](https://evil.example/x.png)',
    '**bold** `code` ~~s~~',
    '<font color=red>',
    '# big',
  ])('with %s in a name obeys none of it', (name) => {
    const { title, text } = renderDingtalk(sampleNews([sampleAlert({ key: [name] })])).markdown;
    const own = text.replace(/^### /, '').replaceAll(/\*\*([^*]+)\*\*/g, '$1');
    expect(`${title}\n${own}`).not.toMatch(/@a|\]\(|:\/\/|[*`~]|<f|# big/);
  });
});

describe('a failure', () => {
  const refused = (errcode: number, errmsg: string) => json(200, { errcode, errmsg });

  test.for([
    [refused(130101, 'send too fast'), { reason: 'rate_limited', kind: 'passing', retryAfterMs: 600_000 }],
    [refused(410100, '发送速度太快而限流'), { reason: 'rate_limited', retryAfterMs: 600_000 }],
    [refused(310000, 'sign not match'), { kind: 'person', reason: 'auth' }],
    [refused(300005, 'token is not exist'), { kind: 'person' }],
    [refused(400102, 'bot is stopped'), { kind: 'person' }],
    [refused(460101, 'message too long, exceed 20000 bytes'), { kind: 'final', reason: 'invalid' }],
    [refused(-1, '系统繁忙'), { kind: 'passing', reason: 'server' }],
    [json(200, { errmsg: 'no code' }), { kind: 'passing' }],
    [{ status: 200, body: 'ok' }, { kind: 'passing' }],
    [{ status: 503 }, { kind: 'passing', reason: 'server' }],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });

  test('whose words repeat the address shows no token and no signature', async (context) => {
    const { send, server } = await through(context, ({ path }) => refused(310000, `sign not match ${path}`));
    const error = String(await send().catch((thrown: unknown) => thrown));
    const { searchParams } = new URL(server.requests[0]?.path ?? '', 'http://x');
    for (const secret of ['566cc69d', encodeURIComponent(searchParams.get('sign') ?? '')])
      expect(error).not.toContain(secret);
  });
});
