import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { channelTypes } from '../../src/channels/index.ts';

const EMAIL = { type: 'email', to: ['a@example.com'], from: 'x@example.org', host: 'smtp.example.org' };
const SLACK = { type: 'slack', token: 'xoxb-1', channel: '#x' };
const WEBHOOK = { type: 'webhook', url: 'https://example.org/hook', secret: 'sixteen bytes or more' };

function parse(keys: { type: string }) {
  const type = channelTypes.find((one) => one.type === keys.type);
  const result = type?.schema.safeParse(keys);
  return {
    options: result?.data as Record<string, unknown> | undefined,
    problems: result?.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [],
  };
}

describe('the keys of a channel', () => {
  test.each([
    [EMAIL, { port: 587, tls: 'starttls', login: null }],
    [{ ...EMAIL, tls: 'implicit' }, { port: 465 }],
    [
      { ...EMAIL, from: 'Spend <x@example.org>', port: 2525, user: '' },
      { port: 2525, login: null },
    ],
    [{ ...EMAIL, user: 'me', password: 'secret' }, { login: { user: 'me' } }],
    [SLACK, { apiUrl: 'https://slack.com/api/', channel: '#x' }],
    [{ ...SLACK, api_url: 'http://127.0.0.1:1/api' }, { apiUrl: 'http://127.0.0.1:1/api/' }],
    [WEBHOOK, { signature: 'standard', headers: {} }],
  ])('%j are understood', (keys, options) => {
    expect(parse(keys)).toMatchObject({ options, problems: [] });
  });

  test.each([
    [{ type: 'email', to: ['a@example.com'] }, ['host: missing', 'from: missing']],
    [{ ...EMAIL, to: [] }, ['to: needs']],
    [{ ...EMAIL, to: ['nobody'] }, ['to.0: not an email address']],
    [{ ...EMAIL, to: ['a@b.c\r\nBcc: x@y.z'] }, ['to.0: not an email address']],
    [{ ...EMAIL, from: 'a\nb <x@example.org>' }, ['from: not an email address']],
    [{ ...EMAIL, user: 'me' }, ['password: missing']],
    [{ ...EMAIL, password: 'secret' }, ['user: missing']],
    [{ ...EMAIL, port: 0 }, ['port: ']],
    [{ ...EMAIL, colour: 'red' }, [': Unrecognized key']],
    [{ type: 'slack' }, ['token: missing']],
    [{ type: 'slack', token: 'xoxb-1' }, ['channel: missing']],
    [{ ...SLACK, webhook_url: 'https://hooks.example.org/1' }, ['webhook_url: give either']],
    [{ type: 'slack', webhook_url: 'https://hooks.example.org/1', channel: '#x' }, ['channel: ']],
    [{ type: 'slack', webhook_url: 'not a url' }, ['webhook_url: not an http(s) URL']],
    [{ type: 'webhook', url: WEBHOOK.url }, ['secret: missing']],
    [{ ...WEBHOOK, secrets: ['another secret of mine'] }, ['secret: give either']],
    [{ ...WEBHOOK, secret: 'short' }, ['secret: must be']],
    [{ ...WEBHOOK, secret: 'whsec_not base64 but long enough' }, ['secret: must be']],
    [{ ...WEBHOOK, url: 'ftp://example.org' }, ['url: not an http(s) URL']],
    [{ ...WEBHOOK, proxy: 'socks5://short:1' }, ['proxy: not the URL of an HTTP proxy']],
    [{ ...SLACK, proxy: 'http://me:sh#ort@p:1' }, ['proxy: not the URL of an HTTP proxy']],
    [{ ...WEBHOOK, headers: { 'Webhook-Id': 'x' } }, ['headers.Webhook-Id: ']],
    [{ ...WEBHOOK, headers: { 'X-A': 'a\r\nX-B: b' } }, ['headers.X-A: holds a character']],
  ] as const)('%j are faults that say what to do and show no secret', (keys, expected) => {
    const { problems } = parse(keys);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((start, i) => {
      expect(problems[i]).toContain(start);
    });
    expect(problems.join()).not.toMatch(/short|base64 but long|hooks\.example/);
  });

  test('print no secret', () => {
    for (const keys of [
      { ...EMAIL, user: 'me', password: 'hidden-1' },
      { ...SLACK, token: 'hidden-2' },
      {
        ...WEBHOOK,
        url: 'https://example.org/hidden-3',
        secret: 'hidden-4 hidden-4',
        headers: { A: 'hidden-5' },
      },
    ]) {
      const { options } = parse(keys);
      expect(options).toBeDefined();
      expect(JSON.stringify(options)).not.toContain('hidden');
    }
  });

  test('have a JSON Schema that marks every secret', () => {
    const schemas = channelTypes.map(({ schema }) => z.toJSONSchema(schema, { io: 'input' }));
    const properties = schemas.flatMap(({ properties = {} }) => Object.entries(properties));
    const secret = properties
      .filter(([, one]) => typeof one === 'object' && one.secret === true)
      .map(([name]) => name);
    expect([...new Set(secret)].sort()).toEqual([
      'password',
      'proxy',
      'routing_key',
      'secret',
      'token',
      'url',
      'webhook_url',
    ]);
  });
});
