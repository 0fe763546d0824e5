import { describe, expect, test } from 'vitest';
import { renderTelegram, telegram } from '../../src/channels/telegram.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const TOKEN = '123456:AAbbCC-tOkEn-of-the-bot';
const through = sender(telegram, (base) => ({ token: TOKEN, chat_id: '@spend', api_url: base }));
const stored = json(200, { ok: true, result: { message_id: 77 } });

const LONG = sampleNews(
  Array.from({ length: 30 }, (_, i) => sampleAlert({ key: [`${'<&'.repeat(38)}${i}`] })),
  { message: '👩‍👩‍👧‍👦'.repeat(900) },
);

const ROOT = { id: 'dlv_1', title: 'first', now: { ...sampleNews([sampleAlert()]), title: 'known now' } };
const shown = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/&[^;]*;/g, '.');

describe('a post', () => {
  test('goes to the chat by sendMessage, and its receipt is the id', async (context) => {
    const { server, send, body } = await through(context, stored);
    expect(await send()).toEqual({ answer: 'message 77', ref: '77' });
    expect(server.requests[0]?.path).toBe(`/bot${TOKEN}/sendMessage`);
    expect(body()).toMatchObject({
      chat_id: '@spend',
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      text: expect.stringMatching(/^<b>\[CRITICAL\] hourly-burn: search \$312\.46 in 1h/),
    });
    expect(body()).not.toHaveProperty('reply_parameters');
  });

  test('of a thread replies to its root, and is sent although the root is gone', async (context) => {
    const { send, body } = await through(context, stored, { thread: threadOf('12') });
    await send();
    expect(body().reply_parameters).toEqual({ message_id: 12, allow_sending_without_reply: true });
  });

  test('of a thread edits its root to what is known now, before it is sent', async (context) => {
    const { server, send } = await through(context, stored, { thread: threadOf('12'), root: ROOT });
    await send();
    const [edit, post] = server.requests;
    expect(edit?.path).toBe(`/bot${TOKEN}/editMessageText`);
    expect(JSON.parse(edit?.body ?? '')).toMatchObject({
      chat_id: '@spend',
      message_id: 12,
      text: expect.stringContaining('known now'),
    });
    expect(JSON.parse(post?.body ?? '')).toMatchObject({ reply_parameters: { message_id: 12 } });
    expect(post?.body).not.toContain('known now');
  });

  test('of a thread is sent where its root cannot be edited', async (context) => {
    const refused = json(400, { ok: false, error_code: 400, description: "message can't be edited" });
    const { send } = await through(
      context,
      ({ path }) => (path.endsWith('editMessageText') ? refused : stored),
      {
        thread: threadOf('12'),
        root: ROOT,
      },
    );
    expect((await send()).answer).toMatch(
      /^message 77 \(the first message was not edited: .*can't be edited\)$/,
    );
  });

  test.for([null, '', 'x1'])(
    'of a thread whose root is called %j is a message of its own',
    async (rootRef, context) => {
      const { send, body } = await through(context, stored, { thread: threadOf(rootRef) });
      await send();
      expect(body()).not.toHaveProperty('reply_parameters');
    },
  );

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const, ['long', LONG] as const])(
    '%s keeps within the limit of Telegram, with tags that match',
    (_, message) => {
      const { text } = renderTelegram(message);
      expect(shown(text).length).toBeLessThanOrEqual(4096);
      expect(text.match(/<(?!\/?(b|pre)>)/g)).toBeNull();
      for (const tag of ['b', 'pre']) {
        expect(text.split(`<${tag}>`)).toHaveLength(text.split(`</${tag}>`).length);
      }
    },
  );

  test.each([
    '@everyone',
    '/start',
    '#tag',
    '$USD',
    'z.ai',
    'https://evil.example/x',
    'tg://resolve?domain=x',
  ])('with %s in a name has it in no form that Telegram looks for', (name) => {
    const { text } = renderTelegram(sampleNews([sampleAlert({ key: [name] })]));
    expect(text).not.toContain(` ${name}`);
    expect(text.replaceAll('\u2060', '')).toContain(name);
  });
});

describe('a failure', () => {
  const refused = (error_code: number, description: string, parameters?: object) =>
    json(error_code, { ok: false, error_code, description, parameters });

  test.for([
    [
      refused(429, 'Too Many Requests', { retry_after: 17 }),
      { reason: 'rate_limited', retryAfterMs: 17_000 },
    ],
    [json(200, { ok: false, error_code: 429, parameters: { retry_after: 3 } }), { retryAfterMs: 3000 }],
    [refused(401, 'Unauthorized'), { kind: 'person', reason: 'auth' }],
    [refused(404, 'Not Found'), { kind: 'person' }],
    [refused(403, 'Forbidden: bot was kicked from the group chat'), { kind: 'person' }],
    [refused(400, 'Bad Request: chat not found'), { kind: 'person' }],
    [refused(400, 'Bad Request: not enough rights to send text messages to the chat'), { kind: 'person' }],
    [refused(400, 'Bad Request: message is too long'), { kind: 'final', reason: 'invalid' }],
    [refused(500, 'Internal Server Error'), { kind: 'passing', reason: 'server' }],
    [
      refused(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
        migrate_to_chat_id: -100777,
      }),
      { kind: 'person', message: expect.stringContaining('its chat_id is -100777 now') },
    ],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });

  test.for([
    ['no result', json(200, { ok: true })],
    ['no JSON', { status: 200, body: 'fine' }],
    ['ok as a text', json(200, { ok: 'true', result: { message_id: 1 } })],
  ] as const)('of an answer with %s passes', async ([, reply], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ kind: 'passing', reason: 'server' });
  });
});

function threadOf(rootRef: string | null) {
  return { rootRef, isLatest: true, previousRef: null };
}

test('its probe asks for the chat and posts nothing', async (context) => {
  const { probe, server } = await through(
    context,
    json(200, { ok: true, result: { type: 'channel', title: 'S' } }),
  );
  expect(await probe()).toEqual({ answer: 'chat S' });
  expect(server.requests).toMatchObject([{ method: 'GET', path: `/bot${TOKEN}/getChat?chat_id=%40spend` }]);
});
