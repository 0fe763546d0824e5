import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, type TestContext, test } from 'vitest';
import type { Channel, Receipt } from '../../src/channels/channel.ts';
import { email } from '../../src/channels/email/email.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import { type SlackCall, startSlackReceiver } from '../../src/demo/slack-receiver.ts';
import { SendError } from '../../src/model/errors.ts';
import { heartbeat } from '../../src/worker/heartbeat.ts';
import { politeSmtp, pour, type SmtpScript, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { until } from '../support/until.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const alert = sampleNews([sampleAlert()]);
const never = new AbortController().signal;
const CHUNK = Buffer.alloc(65_536, 'x ');
/** A file of its own, of which any number may follow each other: 16 MiB in 16 KiB. */
const PACKED = gzipSync(Buffer.alloc(16_777_216, 'x '));

/** Answers that have no end: as they are, packed a thousandfold on the way, or called a packed file. */
const ENDLESS = ['as it is', 'packed on the way', 'packed as a file'] as const;

/** A server whose answers never end, however long somebody listens; tells how many listeners have gone. */
async function startEndless(context: TestContext, how: (typeof ENDLESS)[number], status: number) {
  const seen = { left: 0 };
  const server = createServer((request, response) => {
    request.resume();
    response.on('close', () => {
      seen.left += 1;
    });
    response.writeHead(status, {
      'content-type': how === 'packed as a file' ? 'application/gzip' : 'application/json',
      ...(how === 'packed on the way' ? { 'content-encoding': 'gzip' } : {}),
    });
    const chunk = how === 'as it is' ? CHUNK : PACKED;
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function send(channel: Channel): Promise<Receipt> {
  return channel.send({ id: 'dlv_7', body: channel.render(alert, 'dlv_7'), accepted: [] }, never);
}

describe.each(ENDLESS)('an answer without end, %s,', (how) => {
  const kinds = {
    'slack as a bot': (url: string) =>
      slack.open('a', slack.schema.parse({ type: 'slack', token: 'xoxb-1', channel: '#a', api_url: url })),
    'slack by its webhook': (url: string) =>
      slack.open('a', slack.schema.parse({ type: 'slack', webhook_url: url })),
    webhook: (url: string) =>
      webhook.open('a', webhook.schema.parse({ type: 'webhook', url, secret: 'x'.repeat(16) })),
  };

  test.for([
    ['slack as a bot', 200],
    ['slack as a bot', 503],
    ['slack by its webhook', 200],
    ['slack by its webhook', 503],
    ['webhook', 503],
  ] as const)(
    'is no receipt of %s with HTTP %i, and is left after its beginning',
    async ([kind, status], context) => {
      const { url, seen } = await startEndless(context, how, status);
      const error = await send(await kinds[kind](url)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'passing', reason: 'server' });
      expect(String(error).length).toBeLessThan(400);
      await until('nobody listens any more', () => seen.left === 1);
    },
  );

  test('is a receipt of a webhook with HTTP 200, whose status is what counts', async (context) => {
    const { url, seen } = await startEndless(context, how, 200);
    expect(await send(await kinds.webhook(url))).toEqual({ answer: 'HTTP 200' });
    await until('nobody listens any more', () => seen.left === 1);
  });

  test('does not keep a heartbeat', async (context) => {
    const { url, seen } = await startEndless(context, how, 503);
    const failures: string[] = [];
    heartbeat(url, (reason) => failures.push(reason)).beat(0);
    await until('the failure is told', () => failures.length === 1);
    expect(failures[0]?.length).toBeLessThan(400);
    await until('nobody listens any more', () => seen.left === 1);
  });
});

test('what Slack packs into a gigabyte is refused before it is unpacked', async (context) => {
  const bomb = gzipSync(Buffer.alloc(1_073_741_824 / 4));
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/gzip' }).end(bomb);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const channel = await slack.open(
    'a',
    slack.schema.parse({ type: 'slack', token: 'xoxb-1', channel: '#a', api_url: url }),
  );
  await expect(send(channel)).rejects.toMatchObject({
    kind: 'passing',
    message: expect.stringContaining('as Slack does'),
  });
});

test('a page of history that is too long to read is asked for in parts until the own message is found', async (context) => {
  const wide = 'x'.repeat(400_000);
  const limits: number[] = [];
  const found = { metadata: { event_payload: { delivery_id: 'dlv_7' } } };
  const history = ({ args }: SlackCall) => {
    const limit = Number(args.limit);
    const begin = Number(args.cursor ?? 0);
    limits.push(limit);
    const messages = Array.from({ length: Math.min(limit, 30 - begin) }, (_, i) => ({
      text: wide,
      ...(begin + i === 29 ? found : {}),
    }));
    const next = begin + messages.length;
    return { ok: true, messages, ...(next < 30 ? { response_metadata: { next_cursor: String(next) } } : {}) };
  };
  const server = await startSlackReceiver({
    respond: (call) =>
      call.method === 'conversations.history'
        ? { status: 200, body: JSON.stringify(history(call)) }
        : undefined,
  });
  context.onTestFinished(server.close);
  const keys = { type: 'slack', token: 'xoxb-1', channel: 'C00000001', api_url: server.apiUrl };
  const channel = await slack.open('a', slack.schema.parse(keys));
  const envelope = {
    id: 'dlv_7',
    body: channel.render(alert, 'dlv_7'),
    accepted: [],
    firstTriedAt: Date.now(),
  };
  expect(await channel.send(envelope, never)).toMatchObject({ answer: 'already in the channel' });
  expect(limits.slice(0, 3)).toEqual([200, 20, 2]);
  expect(server.posts).toEqual([]);
});

function kindOf(sent: unknown): string {
  return sent instanceof SendError ? sent.kind : String(sent);
}

describe('a mail server that talks without end', () => {
  const WHENS = { 'as its greeting': null, 'after EHLO': 'EHLO', 'after the mail': '.' } as const;
  const WAYS = {
    'one line': 'x'.repeat(16_384),
    'one reply of many lines': '250-and more\r\n'.repeat(1_024),
    'blank lines': '\r\n'.repeat(8_192),
    'many replies': '250 ok\r\n'.repeat(2_048),
  };
  test.for(
    Object.entries(WHENS).flatMap(([when, at]) =>
      Object.entries(WAYS).map(([way, text]) => [way, when, at, text] as const),
    ),
  )('in %s %s is left, and the mail is tried again', async ([, , at, text], context) => {
    let left = 0;
    const script: SmtpScript = politeSmtp((line, socket) => {
      if (line === null) socket.on('close', () => (left += 1));
      const isThen = at === null ? line === null : line?.startsWith(at) === true;
      return isThen ? pour(socket, text) : undefined;
    });
    const { port } = await startScriptedSmtp(context, script);
    const keys = { type: 'email', to: ['a@example.com'], from: 'x@example.org', tls: 'none' };
    const channel = await email.open('a', email.schema.parse({ ...keys, host: '127.0.0.1', port }));
    const sent = await send(channel).then(
      () => 'delivered',
      (error: unknown) => error,
    );
    // Replies that came before their commands are taken for the answers to them.
    if (text.startsWith('250 ok')) expect(['delivered', 'passing']).toContain(kindOf(sent));
    else expect(sent).toMatchObject({ kind: 'passing' });
    // The others are limits of the library, which knows none of blank lines.
    if (text.startsWith('\r\n')) expect(String(sent)).toContain('talks without end');
    await until('nobody listens any more', () => left === 1);
  });
});
