import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { proxiesOf } from '../../src/channels/transport/proxy-choice.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import { startSlackReceiver, startWebhookReceiver } from '../../src/demo/receivers.ts';
import { Secret } from '../../src/model/secret.ts';
import { heartbeat } from '../../src/worker/heartbeat.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
import { until } from '../support/until.ts';
import { selfSigned } from './certificate.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const SECRET = 'a secret of more than sixteen bytes';
const LOGIN = 'spendwatch:quokka p@ss/word';
const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const closing = <T extends { close(): Promise<void> }>(thing: T): T => {
  cleanups.push(() => thing.close());
  return thing;
};

async function proxied(options: Parameters<typeof startHttpProxy>[0] = {}) {
  const proxy = closing(await startHttpProxy(options));
  const [user = '', password = ''] = LOGIN.split(':').map(encodeURIComponent);
  return { proxy, url: `http://${user}:${password}@127.0.0.1:${proxy.port}` };
}

async function hookThrough(proxy: string, url: string, env: Record<string, string> = {}): Promise<Channel> {
  const keys = { type: 'webhook', url, secret: SECRET, ...(proxy === '' ? {} : { proxy }) };
  return closing(await webhook.open('billing', webhook.schema.parse(keys), proxiesOf(env)));
}

function send(channel: Channel) {
  const body = channel.render(sampleNews([sampleAlert()]), 'dlv_7');
  return channel.send({ id: 'dlv_7', body, accepted: [] }, never);
}

const failureOf = (sending: Promise<unknown>) =>
  sending.then(
    () => ({ message: 'sent' }),
    (error: unknown) => error as { message: string },
  );

describe('a message', () => {
  test('goes through the proxy of its channel, with its login', async () => {
    const hook = closing(await startWebhookReceiver({ secret: SECRET }));
    const { proxy, url } = await proxied({ login: LOGIN });
    await send(await hookThrough(url, hook.url));
    expect(proxy.requests).toEqual([`POST ${hook.url}`]);
    expect(hook.received).toMatchObject([{ verified: true }]);
    expect(JSON.stringify(hook.received[0]?.headers)).not.toContain('proxy-auth');
  });

  test('goes through the proxy of the environment to a host that only the proxy knows', async () => {
    const hook = closing(await startWebhookReceiver({ secret: SECRET }));
    const { proxy, url } = await proxied({ hosts: { 'hooks.invalid': Number(new URL(hook.url).port) } });
    const far = 'http://hooks.invalid/hooks/spend';
    await send(await hookThrough('', far, { HTTP_PROXY: url }));
    expect(proxy.requests).toEqual([`POST ${far}`]);
    expect(hook.received).toHaveLength(1);
  });

  test('goes past the proxy of the environment to who is excepted, to this machine, and with `none`', async () => {
    const hook = closing(await startWebhookReceiver({ secret: SECRET }));
    const { proxy, url } = await proxied();
    const env = { HTTP_PROXY: url, HTTPS_PROXY: url };
    await send(await hookThrough('', hook.url, env));
    await send(await hookThrough('none', hook.url, env));
    expect(hook.received).toHaveLength(2);
    const excepted = await hookThrough('', 'http://hooks.invalid/', { ...env, NO_PROXY: 'invalid' });
    const { message } = await failureOf(send(excepted));
    expect(message).toContain('cannot reach hooks.invalid:80');
    expect(proxy.requests).toEqual([]);
  });

  test('of a bot goes to Slack through the proxy, and so does the question who it is', async () => {
    const far = closing(await startSlackReceiver());
    const { proxy, url } = await proxied({ login: LOGIN });
    const keys = { type: 'slack', token: 'xoxb-1', channel: '#x', api_url: far.apiUrl, proxy: url };
    const channel = closing(await slack.open('oncall', slack.schema.parse(keys)));
    await send(channel);
    await channel.probe(never);
    expect(far.posts).toHaveLength(1);
    expect(proxy.requests.map((one) => one.split('/').at(-1))).toEqual(['chat.postMessage', 'auth.test']);
  });

  test('to a Slack webhook goes through the proxy', async () => {
    const hook = closing(
      await startWebhookReceiver({ secret: SECRET, respond: () => ({ status: 200, body: 'ok' }) }),
    );
    const { proxy, url } = await proxied();
    const keys = { type: 'slack', webhook_url: hook.url, proxy: url };
    await send(closing(await slack.open('oncall', slack.schema.parse(keys))));
    expect(proxy.requests).toEqual([`POST ${hook.url}`]);
  });

  test('over TLS is tunnelled: the proxy sees the host alone, and the receiver shows its own certificate', async () => {
    const hook = closing(await startWebhookReceiver({ secret: SECRET, tls: selfSigned() }));
    const { proxy, url } = await proxied({ login: LOGIN });
    const channel = await hookThrough(url, hook.url);
    for (const attempt of [() => send(channel), () => channel.probe(never)]) {
      const error = await failureOf(attempt());
      expect(error).toMatchObject({ kind: 'person', reason: 'auth' });
      expect(error.message).toMatch(/certificate of 127\.0\.0\.1:\d+ \(through the proxy 127\.0\.0\.1:\d+/);
    }
    expect(proxy.requests).toEqual(Array(2).fill(`CONNECT ${new URL(hook.url).host}`));
  });
});

describe('the fault of a proxy is named as its own', () => {
  test.each([
    [407, 'person', 'auth', 'wants another login'],
    [403, 'person', 'refused', 'does not let us through'],
    [502, 'passing', 'unreachable', 'does not reach'],
  ])('when it answers %i in place of a tunnel', async (refuse, kind, reason, words) => {
    const { proxy, url } = await proxied({ refuse });
    const channel = await hookThrough(url, 'https://hooks.invalid/secret-path');
    for (const attempt of [() => send(channel), () => channel.probe(never)]) {
      const error = await failureOf(attempt());
      expect(error).toMatchObject({ kind, reason, message: expect.stringContaining(words) });
      expect(error.message).toContain(`the proxy 127.0.0.1:${proxy.port} (\`proxy\`)`);
      expect(error.message).not.toMatch(/quokka|secret-path/);
    }
  });

  test('when it wants a login for plain HTTP', async () => {
    const { url } = await proxied({ login: 'another:login' });
    const error = await failureOf(send(await hookThrough(url, 'http://hooks.invalid/')));
    expect(error).toMatchObject({ kind: 'person', message: expect.stringContaining('wants another login') });
  });

  test.each(['http', 'https'])('when nobody listens there (%s)', async (scheme) => {
    const { proxy, url } = await proxied();
    await proxy.close();
    const channel = await hookThrough('', `${scheme}://hooks.invalid/`, {
      HTTP_PROXY: url,
      https_proxy: url,
    });
    const source = scheme === 'http' ? 'HTTP_PROXY' : 'https_proxy';
    for (const attempt of [() => send(channel), () => channel.probe(never)]) {
      const words = `cannot reach the proxy 127.0.0.1:${proxy.port} (${source}): ECONNREFUSED`;
      expect(await failureOf(attempt())).toMatchObject({
        kind: 'passing',
        reason: 'unreachable',
        message: words,
      });
    }
  });

  test('and what it echoes of its login is not shown', async () => {
    const hook = closing(
      await startWebhookReceiver({
        secret: SECRET,
        respond: () => ({ status: 422, body: `you are ${LOGIN}, ${Buffer.from(LOGIN).toString('base64')}` }),
      }),
    );
    const { url } = await proxied({ login: LOGIN });
    const { message } = await failureOf(send(await hookThrough(url, hook.url)));
    expect(message).toContain('422');
    expect(message).not.toContain('quokka');
    expect(message).not.toContain(Buffer.from(LOGIN).toString('base64').slice(0, 12));
  });
});

test('a heartbeat goes through its proxy, and tells of its faults', async () => {
  const hook = closing(await startWebhookReceiver({ secret: SECRET, respond: () => ({ status: 200 }) }));
  const { proxy, url } = await proxied({ login: LOGIN });
  const failed: string[] = [];
  const named = { url: new Secret(url), source: '`proxy`' };
  heartbeat(hook.url, (reason) => failed.push(reason), named).beat(0);
  await until('it has beaten', () => hook.received.length === 1);
  expect(proxy.requests).toEqual([`GET ${hook.url}`]);
  expect(failed).toEqual([]);
  const wrong = { ...named, url: new Secret(`http://me:wrong@127.0.0.1:${proxy.port}`) };
  heartbeat(hook.url, (reason) => failed.push(reason), wrong).beat(0);
  await until('it has failed', () => failed.length === 1);
  expect(failed[0]).toContain('wants another login');
});
