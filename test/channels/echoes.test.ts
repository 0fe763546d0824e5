import { describe, expect, type TestContext, test } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { email } from '../../src/channels/email/email.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import { type ReceivedRequest, startHttpReceiver } from '../../src/demo/http-receiver.ts';
import { heartbeat } from '../../src/worker/heartbeat.ts';
import { secretsIn } from '../support/planted-secrets.ts';
import { politeSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { until } from '../support/until.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const alert = sampleNews([sampleAlert()]);
const never = new AbortController().signal;
const SECRETS = {
  password: 'walrus p&ss"w/rd',
  token: 'xoxb-quokka-401-token',
  key: 'whsec_b2thcGktb2thcGktb2thcGktb2thcGktb2thcGk=',
  header: 'pangolin-in-a-header',
  path: 'narwhal-in-the-path',
  query: 'axolotl-in-the-query',
};
const LOGIN = `spendwatch:${encodeURIComponent(SECRETS.password)}`;

/** What somebody who repeats all that he was told may make of it; short, so that none of it is cut off. */
const REPEATED: Readonly<Record<string, (request: ReceivedRequest) => string>> = {
  'the header that signs in': ({ headers }) => `not ${headers.authorization}`,
  'the header as HTML': ({ headers }) => `<b>${String(headers.authorization).replaceAll('=', '&#61;')}</b>`,
  'the header of a key, as JSON': ({ headers }) => JSON.stringify({ 'x-api-key': headers['x-api-key'] }),
  'the path': ({ path }) => `nothing at ${path}`,
  'the path, decoded': ({ path }) => `nothing at ${decodeURIComponent(path)}`,
  'the value of the query alone': ({ path }) =>
    `no ${new URL(path, 'http://x').searchParams.get('key')} here`,
  'the login, decoded': ({ headers }) =>
    Buffer.from(String(headers.authorization).replace('Basic ', ''), 'base64').toString(),
};

async function refusing(context: TestContext, repeat: (request: ReceivedRequest) => string, status = 401) {
  const server = await startHttpReceiver((request) => ({ status, body: repeat(request) }));
  context.onTestFinished(server.close);
  return `127.0.0.1:${server.port}`;
}

async function failureOf(channel: Channel): Promise<string> {
  const sending = channel.send({ id: 'dlv_7', body: channel.render(alert, 'dlv_7'), accepted: [] }, never);
  return sending.then(
    () => 'delivered',
    (error: unknown) => String(error),
  );
}

function expectClean(text: string): void {
  expect(text).toContain('***');
  expect(secretsIn(text, Object.values(SECRETS))).toEqual([]);
}

describe.each(Object.entries(REPEATED))('a receiver that repeats %s', (_, repeat) => {
  test('gives nothing away of a webhook', async (context) => {
    const host = await refusing(context, repeat);
    const keys = { type: 'webhook', secret: SECRETS.key, headers: { 'x-api-key': SECRETS.header } };
    const url = `http://${LOGIN}@${host}/${SECRETS.path}?key=${SECRETS.query}`;
    expectClean(await failureOf(await webhook.open('a', webhook.schema.parse({ ...keys, url }))));
  });

  test('gives nothing away of a heartbeat', async (context) => {
    const host = await refusing(context, (request) => `${repeat(request)} ${SECRETS.path}`);
    const failures: string[] = [];
    const url = `http://${LOGIN}@${host}/${SECRETS.path}?key=${SECRETS.query}`;
    heartbeat(url, (reason) => failures.push(reason)).beat(0);
    await until('the failure is told', () => failures.length > 0);
    expectClean(failures.join());
  });

  test('gives nothing away of a Slack webhook, with a failure or in place of its ok', async (context) => {
    for (const status of [403, 200]) {
      const host = await refusing(context, (request) => `${repeat(request)} ${SECRETS.path}`, status);
      const url = `http://${LOGIN}@${host}/services/T0/${SECRETS.path}?key=${SECRETS.query}`;
      expectClean(
        await failureOf(await slack.open('a', slack.schema.parse({ type: 'slack', webhook_url: url }))),
      );
    }
  });
});

test('a Slack that repeats the token gives nothing away of it', async (context) => {
  const host = await refusing(context, ({ headers }) => `not ${headers.authorization}`);
  const keys = { type: 'slack', token: SECRETS.token, channel: '#a', api_url: `http://${host}/api/` };
  expectClean(await failureOf(await slack.open('a', slack.schema.parse(keys))));
});

test.for([
  ['AUTH PLAIN', '250 AUTH PLAIN'],
  ['AUTH LOGIN', '250 AUTH LOGIN'],
] as const)(
  'a mail server that repeats %s gives nothing away of the password',
  async ([, offer], context) => {
    let told = '';
    const script = politeSmtp((line) => {
      if (line?.startsWith('EHLO')) return `250-hello\r\n${offer}`;
      if (line === 'AUTH LOGIN') return '334 VXNlcm5hbWU6';
      if (line === Buffer.from('spendwatch').toString('base64')) return '334 UGFzc3dvcmQ6';
      if (line === null || line === 'QUIT') return undefined;
      told = line;
      return `535 ${line.replace('AUTH PLAIN', 'no')} is not right`;
    });
    const { port } = await startScriptedSmtp(context, script);
    const keys = {
      type: 'email',
      to: ['a@example.com'],
      from: 'x@example.org',
      tls: 'none',
      host: '127.0.0.1',
      port,
    };
    const login = { user: 'spendwatch', password: SECRETS.password };
    const failure = await failureOf(await email.open('a', email.schema.parse({ ...keys, ...login })));
    expect(secretsIn(told, [SECRETS.password])).not.toEqual([]);
    expectClean(failure);
  },
);

test('what cannot be reached is named by no part of a password that looks like a host', async () => {
  const url = 'http://spendwatch:123/walrus@127.0.0.1:1/hook';
  const channel = await webhook.open(
    'a',
    webhook.schema.parse({ type: 'webhook', url, secret: SECRETS.key }),
  );
  const failure = await failureOf(channel);
  expect(failure).toContain('cannot reach the receiver');
  for (const part of ['123', 'walrus']) expect(failure).not.toContain(part);
});
