import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, type TestContext, test } from 'vitest';
import { channelTypes } from '../../src/channels/index.ts';
import type { HttpReply, ReceivedRequest } from '../../src/demo/http-receiver.ts';
import { SendError } from '../../src/model/errors.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
import { secretsIn } from '../support/planted-secrets.ts';
import { sender } from '../support/posting-receiver.ts';
import { until } from '../support/until.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const PATH = 'narwhal-in-the-path';
const QUERY = 'axolotl-in-the-query';
const LOGIN = 'walrus-p&ss"w/rd';
const KEY = 'quokka-in-the-body';
const TOKEN = '123456:okapi-of-the-bot';
const address = (base: string): string =>
  `${base.replace('://', `://me:${encodeURIComponent(LOGIN)}@`)}/hooks/${PATH}?key=${QUERY}`;

/** Channels that post JSON, with a secret wherever their keys take one. */
const KEYS: Readonly<Record<string, (base: string) => object>> = {
  discord: (base) => ({ url: address(base) }),
  teams: (base) => ({ url: address(base) }),
  telegram: (base) => ({ token: TOKEN, chat_id: 5, api_url: base }),
  pagerduty: (base) => ({ routing_key: KEY, url: `${base}/v2/enqueue` }),
  alertmanager: (base) => ({ url: base, user: 'me', password: LOGIN }),
  feishu: (base) => ({ url: address(base), secret: KEY }),
  dingtalk: (base) => ({ url: address(base), secret: KEY }),
  wecom: (base) => ({ url: address(base) }),
};
const SECRETS = [PATH, QUERY, LOGIN, KEY, TOKEN];

function typeOf(name: string) {
  const type = channelTypes.find((one) => one.type === name);
  if (type === undefined) throw new Error(`no such type: ${name}`);
  return type;
}

const ways = (name: string) => sender(typeOf(name), KEYS[name] ?? (() => ({})));

/** What somebody who repeats all that he was told may answer; short, so that none of it is cut off. */
const REPEATED: Readonly<Record<string, (request: ReceivedRequest) => string>> = {
  'the path': ({ path }) => `nothing at ${path}`,
  'the path, decoded': ({ path }) => `nothing at ${decodeURIComponent(path)}`,
  'the login': ({ headers }) => `not ${headers.authorization}`,
  'the end of the body': ({ body }) => body.slice(-120),
  'the beginning of the body': ({ body }) => body.slice(0, 120),
};

describe.each(Object.keys(KEYS))('a channel of type %s', (name) => {
  test.for(Object.entries(REPEATED))('gives nothing away to who repeats %s', async ([, repeat], context) => {
    for (const status of [200, 400, 401, 500]) {
      const { send } = await ways(name)(context, (request) => ({ status, body: repeat(request) }));
      const said = await send().then(
        ({ answer }) => answer,
        (error: unknown) => String(error),
      );
      expect(secretsIn(said, SECRETS)).toEqual([]);
    }
  });

  test.for<readonly [string, HttpReply]>([
    ['a web page', { status: 200, body: '<!DOCTYPE html><html>please sign in</html>' }],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
    ['a redirect that keeps the method', { status: 307, headers: { location: '/elsewhere' } }],
  ])('takes %s for no receipt, and follows nothing', async ([, reply], context) => {
    const { send, server } = await ways(name)(context, reply);
    const error = await send().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SendError);
    expect(error).toMatchObject({ kind: 'passing' });
    expect(String(error)).not.toMatch(/html|sign in/);
    expect(server.requests).toHaveLength(1);
  });

  test('leaves an answer without end after its beginning', async (context) => {
    const { url, seen } = await endless(context);
    const channel = await typeOf(name).open(
      'a',
      typeOf(name).schema.parse({ type: name, ...KEYS[name]?.(url) }),
    );
    const body = channel.render(sampleNews([sampleAlert()]), 'dlv_7');
    const signal = new AbortController().signal;
    await channel.send({ id: 'dlv_7', body, accepted: [] }, signal).catch((error: unknown) => {
      expect(error).toMatchObject({ kind: 'passing' });
      expect(String(error).length).toBeLessThan(400);
    });
    await until('nobody listens any more', () => seen.left === 1);
    await channel.close();
  });

  test('goes through its proxy', async (context) => {
    const proxy = await startHttpProxy();
    context.onTestFinished(proxy.close);
    const through = sender(typeOf(name), (base) => ({
      ...KEYS[name]?.(base),
      proxy: `http://127.0.0.1:${proxy.port}`,
    }));
    const { send, server } = await through(context, { status: 503 });
    await expect(send()).rejects.toMatchObject({ kind: 'passing', reason: 'server' });
    expect(server.requests).toHaveLength(1);
    expect(proxy.requests).toHaveLength(1);
  });
});

/** A server whose answers never end; tells how many listeners have gone. */
async function endless(context: TestContext) {
  const seen = { left: 0 };
  const server = createServer((request, response) => {
    request.resume();
    response.on('close', () => {
      seen.left += 1;
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write('x '.repeat(32_768)));
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}
