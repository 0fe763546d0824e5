import { describe, expect, type TestContext, test } from 'vitest';
import type { Channel, Receipt } from '../../src/channels/channel.ts';
import { email } from '../../src/channels/email/email.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import { type HttpReply, startHttpReceiver } from '../../src/demo/http-receiver.ts';
import { SendError } from '../../src/model/errors.ts';
import { heartbeat } from '../../src/worker/heartbeat.ts';
import { politeSmtp, type SmtpScript, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { until } from '../support/until.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const alert = sampleNews([sampleAlert()]);
const never = new AbortController().signal;

const PORTAL = `<!-- hotel -->\n<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please sign in</body></html>`;
const HTML = { 'content-type': 'text/html; charset=utf-8' };
const page = (status: number, body = PORTAL): HttpReply => ({ status, headers: HTML, body });
const json = (body: string): HttpReply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body,
});

/** Every request gets `reply`; redirects lead to a server that takes everything. */
async function answering(context: TestContext, reply: HttpReply) {
  const paths: string[] = [];
  const server = await startHttpReceiver(({ path }) => {
    paths.push(path);
    return path === '/elsewhere' ? { status: 200, body: 'ok' } : reply;
  });
  context.onTestFinished(server.close);
  return { url: `http://127.0.0.1:${server.port}`, paths };
}

function send(channel: Channel): Promise<Receipt> {
  return channel.send({ id: 'dlv_7', body: channel.render(alert, 'dlv_7'), accepted: [] }, never);
}

const CHANNELS = {
  'slack, by its incoming webhook,': (url: string) =>
    slack.open('oncall', slack.schema.parse({ type: 'slack', webhook_url: `${url}/services/T0/B0/x` })),
  'slack, as a bot,': (url: string) =>
    slack.open(
      'oncall',
      slack.schema.parse({ type: 'slack', token: 'xoxb-1', channel: '#a', api_url: `${url}/api/` }),
    ),
  webhook: (url: string) =>
    webhook.open('billing', webhook.schema.parse({ type: 'webhook', url, secret: 'x'.repeat(16) })),
};
type Kind = keyof typeof CHANNELS;

const NO_RECEIPT: readonly (readonly [string, Kind, HttpReply])[] = [
  ...Object.keys(CHANNELS).flatMap((kind) =>
    [
      ['the page of a captive portal', page(200)],
      ['a page behind a byte order mark', page(200, `\ufeff\n${PORTAL}`)],
      ['a page of XHTML', page(203, `<?xml version="1.0"?><HTML><body>a login</body></HTML>`)],
      ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
      ['a redirect that keeps the method', { status: 307, headers: { location: '/elsewhere' } }],
    ].map(([what, reply]) => [what, kind, reply] as [string, Kind, HttpReply]),
  ),
  ...[
    ['nothing', ''],
    ['a text that begins with ok', 'ok computer'],
    ['the answer of another program', '{"success":true}'],
    ['one in another case', 'OK'],
  ].map(
    ([what, body = '']) =>
      [what, 'slack, by its incoming webhook,', { status: 200, body }] as [string, Kind, HttpReply],
  ),
  ['an empty answer', 'slack, by its incoming webhook,', { status: 204 }],
  ...[
    ['ok without the place of the message', '{"ok":true}'],
    ['ok with an empty place', '{"ok":true,"ts":""}'],
    ['ok as a text', '{"ok":"true","ts":"1.2"}'],
    ['JSON that is no object', 'null'],
    ['JSON that is a text', '"ok"'],
    ['a list', '[]'],
    ['nothing', ''],
  ].map(([what, body = '']) => [what, 'slack, as a bot,', json(body)] as [string, Kind, HttpReply]),
  [
    'something packed',
    'slack, as a bot,',
    { status: 200, headers: { 'content-type': 'application/gzip' }, body: 'anything' },
  ],
];

describe.for(NO_RECEIPT)('%s', ([what, kind, reply]) => {
  test(`is no receipt of ${kind.replace(/,$/, '')}: it is tried again, and nobody is shown the page`, async (context) => {
    const { url, paths } = await answering(context, reply);
    const channel = await CHANNELS[kind](url);
    const error = await send(channel).catch((thrown: unknown) => thrown);
    expect(error, what).toBeInstanceOf(SendError);
    expect(error, what).toMatchObject({ kind: 'passing' });
    expect(String(error)).not.toMatch(/html|sign in/i);
    expect(paths).not.toContain('/elsewhere');
  });
});

test.for<readonly [string, Kind, HttpReply]>([
  ['ok', 'slack, by its incoming webhook,', { status: 200, headers: HTML, body: 'ok' }],
  ['ok and a line break', 'slack, by its incoming webhook,', { status: 200, body: 'ok\n' }],
  ['ok with the place of the message', 'slack, as a bot,', json('{"ok":true,"channel":"C1","ts":"1.2"}')],
  ['nothing, with 204,', 'webhook', { status: 204 }],
  ['JSON, with 202,', 'webhook', { status: 202, body: '{"queued":true}' }],
  ['a word that is called HTML, as many servers do,', 'webhook', { status: 200, headers: HTML, body: 'OK' }],
])('%s is a receipt of %s', async ([, kind, reply], context) => {
  const { url } = await answering(context, reply);
  expect((await send(await CHANNELS[kind](url))).answer).not.toBe('');
});

describe('a mail is delivered', () => {
  async function open(context: TestContext, script: SmtpScript) {
    const { port } = await startScriptedSmtp(context, script);
    const keys = {
      type: 'email',
      to: ['a@example.com', 'b@example.com'],
      from: 'x@example.org',
      tls: 'none',
    };
    return email.open('finance', email.schema.parse({ ...keys, host: '127.0.0.1', port }));
  }

  test('when its end was answered with 250', async (context) => {
    const channel = await open(
      context,
      politeSmtp((line) => (line === '.' ? '250 queued as 4F2' : undefined)),
    );
    expect(await send(channel)).toEqual({ answer: '250 queued as 4F2' });
  });

  test.for(['200 fine', '251 somewhere else', '220 ready', '354 go on'])(
    'not when its end was answered with %s',
    async (reply, context) => {
      const channel = await open(
        context,
        politeSmtp((line) => (line === '.' ? reply : undefined)),
      );
      await expect(send(channel)).rejects.toMatchObject({ name: 'SendError', kind: 'passing' });
    },
  );

  test('not when its recipients were accepted and the connection ended before an answer to the mail', async (context) => {
    const script = politeSmtp((line, socket) => {
      if (line !== '.') return undefined;
      socket.destroy();
      return null;
    });
    await expect(send(await open(context, script))).rejects.toMatchObject({ kind: 'passing', accepted: [] });
  });

  test('to nobody where its end was answered with another code, though one recipient was refused before', async (context) => {
    const script = politeSmtp((line) => {
      if (line === 'RCPT TO:<b@example.com>') return '550 who is that';
      return line === '.' ? '299 well' : undefined;
    });
    await expect(send(await open(context, script))).rejects.toMatchObject({ kind: 'passing', accepted: [] });
  });
});

describe('a heartbeat has arrived', () => {
  const beat = async (context: TestContext, reply: HttpReply) => {
    const { url, paths } = await answering(context, reply);
    const failures: string[] = [];
    const heart = heartbeat(`${url}/ping/a-secret-id`, (reason) => failures.push(reason));
    heart.beat(0);
    return { failures, paths };
  };

  test.for<readonly [string, HttpReply]>([
    ['the page of a captive portal', page(200)],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
    ['a fault', { status: 500, body: 'no such ping: /ping/a-secret-id' }],
  ])('not when it was answered with %s', async ([, reply], context) => {
    const { failures, paths } = await beat(context, reply);
    await until('the failure is told', () => failures.length > 0);
    expect(failures.join()).not.toMatch(/a-secret-id|html/i);
    expect(paths).toEqual(['/ping/a-secret-id']);
  });
});
