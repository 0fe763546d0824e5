import { describe, expect, test } from 'vitest';
import { renderWecom, wecom } from '../../src/channels/wecom.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const through = sender(wecom, (base) => ({ url: `${base}/cgi-bin/webhook/send?key=693a91f6-key` }));

const LONG = sampleNews(
  Array.from({ length: 30 }, (_, i) => sampleAlert({ key: [`${'👩‍👩‍👧‍👦@'.repeat(40)}${i}`] })),
  { name: '_'.repeat(80), message: '@家'.repeat(990) },
);

describe('a post', () => {
  test('is Markdown, to the address with its key', async (context) => {
    const { send, server, body } = await through(context, json(200, { errcode: 0, errmsg: 'ok' }));
    expect(await send()).toEqual({ answer: 'errcode 0' });
    expect(server.requests[0]?.path).toBe('/cgi-bin/webhook/send?key=693a91f6-key');
    expect(body()).toMatchObject({
      msgtype: 'markdown',
      markdown: { content: expect.stringContaining('$312.46 in 1h (limit $100.00)') },
    });
  });

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const, ['long', LONG] as const])(
    '%s keeps within 4,096 bytes and has no escaped character, which WeCom refuses',
    (_, message) => {
      const post = renderWecom(message);
      expect(Buffer.byteLength(post.markdown.content)).toBeLessThanOrEqual(4096);
      expect(JSON.stringify(post)).not.toMatch(/\\u/);
    },
  );

  test.each(['<@zhangsan>', '<font color="info">', '[x](https://evil.example)', '**bold** `code`'])(
    'with %s in a name obeys none of it',
    (name) => {
      const { content } = renderWecom(sampleNews([sampleAlert({ key: [name] })])).markdown;
      const own = content
        .replace(/<font color="warning">(.*)<\/font>/, '$1')
        .replaceAll(/\*\*([^*]+)\*\*/g, '$1');
      expect(own).not.toMatch(/<[@f]|\]\(|:\/\/|[*`]/);
    },
  );
});

describe('a failure', () => {
  const refused = (errcode: number, errmsg: string) => json(200, { errcode, errmsg });

  test.for([
    [
      refused(45009, 'api freq out of limit'),
      { reason: 'rate_limited', kind: 'passing', retryAfterMs: 60_000 },
    ],
    [refused(93000, 'invalid webhook url'), { kind: 'person', reason: 'auth' }],
    [refused(40058, 'markdown.content exceed max length 4096'), { kind: 'final', reason: 'invalid' }],
    [refused(-1, 'system busy'), { kind: 'passing', reason: 'server' }],
    [json(200, {}), { kind: 'passing' }],
    [{ status: 200, body: 'ok' }, { kind: 'passing' }],
    [{ status: 404 }, { kind: 'person' }],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });
});
