import PostalMime from 'postal-mime';
import { afterEach, describe, expect, test } from 'vitest';
import { email } from '../../src/channels/email/email.ts';
import { startSmtpReceiver } from '../../src/demo/smtp-receiver.ts';
import { startRawSmtp } from '../support/raw-smtp.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function send(port: number, keys: Record<string, unknown>) {
  const base = { type: 'email', to: ['a@example.com'], from: 'spendwatch@example.org', tls: 'none' };
  const options = email.schema.parse({ ...base, host: '127.0.0.1', port, ...keys });
  const channel = await email.open('mail', options);
  const body = channel.render(sampleNews([sampleAlert()]), 'dlv_7');
  return channel.send({ id: 'dlv_7', body, accepted: [] }, never);
}

describe('the mail server is greeted', () => {
  test.each([
    [{}, 'example.org'],
    [{ from: 'Spend <x@bücher.example>' }, 'xn--bcher-kva.example'],
    [{ name: 'watch.example.net' }, 'watch.example.net'],
    [{ name: 'wächter.example' }, 'xn--wchter-bua.example'],
    [{ name: '[192.0.2.7]' }, '[192.0.2.7]'],
  ])('of %j by the name %s', async (keys, name) => {
    const server = await startRawSmtp();
    await send(server.port, keys);
    expect(server.commands[0]).toBe(`EHLO ${name}`);
  });

  test.each(['two words', 'a\r\nMAIL FROM:<x@y.z>', '', 'a..b', 'http://x'])('never by %j', (name) => {
    const keys = { type: 'email', to: ['a@example.com'], from: 'x@example.org', host: 'h', name };
    const issues = email.schema.safeParse(keys).error?.issues;
    expect(issues).toMatchObject([{ path: ['name'], message: expect.stringContaining('not a host name') }]);
  });
});

describe('an international domain', () => {
  test('is punycode in the envelope, in the headers and in the Message-ID', async () => {
    const server = await startRawSmtp();
    await send(server.port, {
      from: 'Bücher <x@bücher.example>',
      to: ['a@例子.example', 'b@BÜCHER.example'],
    });
    expect(server.commands.slice(1, 4)).toEqual([
      expect.stringMatching(/^MAIL FROM:<x@xn--bcher-kva\.example>/),
      'RCPT TO:<a@xn--fsqu00a.example>',
      'RCPT TO:<b@xn--bcher-kva.example>',
    ]);
    const text = server.mails[0]?.raw ?? '';
    const head = text.slice(0, text.indexOf('\r\n\r\n'));
    expect(head).toMatch(/^[\r\n\x20-\x7e]*$/);
    expect((await PostalMime.parse(text)).messageId).toBe('<dlv_7@xn--bcher-kva.example>');
  });

  test('that cannot be one is a fault', () => {
    const keys = { type: 'email', to: ['a@xn--ü.example'], from: 'x@example.org', host: 'h' };
    expect(email.schema.safeParse(keys).error?.issues[0]?.message).toContain('not an email address');
  });

  test('written in two ways is one recipient', async () => {
    const server = await startRawSmtp();
    await send(server.port, { to: ['a@bücher.example', 'A@xn--bcher-kva.example', 'a@bücher.example'] });
    expect(server.mails).toMatchObject([{ to: ['a@xn--bcher-kva.example'] }]);
  });

  test('is known again among those that accepted before', async () => {
    const server = await startRawSmtp();
    const options = {
      type: 'email',
      from: 'x@example.org',
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
    };
    const to = ['a@bücher.example', 'b@bücher.example'];
    const channel = await email.open('mail', email.schema.parse({ ...options, to }));
    const body = channel.render(sampleNews([sampleAlert()]), 'dlv_7');
    await channel.send({ id: 'dlv_7', body, accepted: ['a@bücher.example'] }, never);
    expect(server.mails).toMatchObject([{ to: ['b@xn--bcher-kva.example'] }]);
  });
});

describe('a display name', () => {
  test.each([
    ['"Alert: spend" <x@example.org>', 'Alert: spend'],
    ['Alert: spend <x@example.org>', 'Alert: spend'],
    ['Spend; the, team (all) [x] <x@example.org>', 'Spend; the, team (all) [x]'],
    [String.raw`"a \"quoted\" \\ name" <x@example.org>`, String.raw`a "quoted" \ name`],
    ['"<y@example.net>" <x@example.org>', '<y@example.net>'],
    ['spend@watch.example <x@example.org>', 'spend@watch.example'],
    ['支出: Überwachung <x@example.org>', '支出: Überwachung'],
    ["O'Brien <x@example.org>", "O'Brien"],
    ['"" <x@example.org>', ''],
    ['x@example.org', ''],
  ])('of %s arrives as it was meant', async (from, name) => {
    const server = await startSmtpReceiver();
    cleanups.push(server.close);
    await send(server.port, { from });
    expect(server.received).toMatchObject([{ from: 'x@example.org', to: ['a@example.com'] }]);
    const parsed = await PostalMime.parse(server.received[0]?.raw ?? '');
    expect(parsed.from).toEqual({ name, address: 'x@example.org' });
    expect(parsed.to?.map(({ address }) => address)).toEqual(['a@example.com']);
  });

  test.each([
    'Alert\r\nBcc: y@example.net <x@example.org>',
    '"Alert\nBcc: y" <x@example.org>',
    'Alert\u2028Bcc <x@example.org>',
    '"half <x@example.org>',
    'A <x@example.org> B',
    'A <b> <x@example.org>',
    'x@example.org, y@example.org',
  ])('cannot be %j', (from) => {
    const keys = { type: 'email', to: ['a@example.com'], from, host: 'h' };
    expect(email.schema.safeParse(keys).error?.issues).toMatchObject([
      { path: ['from'], message: expect.stringContaining('not an email address') },
    ]);
  });
});

describe('a name before the @ that is not ASCII', () => {
  test('is sent to where the server offers SMTPUTF8, apart from the others', async () => {
    const server = await startRawSmtp({ extensions: ['SMTPUTF8', '8BITMIME'] });
    await send(server.port, { to: ['用户@bücher.example', 'a@example.com'] });
    expect(server.mails.map(({ to }) => to)).toEqual([['a@example.com'], ['用户@xn--bcher-kva.example']]);
    expect(server.commands.filter((one) => one.startsWith('MAIL'))).toEqual([
      expect.not.stringContaining('SMTPUTF8'),
      expect.stringContaining('SMTPUTF8'),
    ]);
    expect(server.mails[1]?.raw).toBe(server.mails[0]?.raw);
    expect(server.mails[0]?.raw).toMatch(/^[\r\n\x20-\x7e]*$/);
  });

  test('is named as refused where the server does not, and the others get their mail', async () => {
    const server = await startRawSmtp();
    await expect(send(server.port, { to: ['用户@example.com', 'a@example.com'] })).rejects.toMatchObject({
      kind: 'final',
      message: expect.stringMatching(/用户@example\.com: .*SMTPUTF8/),
      accepted: ['a@example.com'],
    });
    expect(server.mails.map(({ to }) => to)).toEqual([['a@example.com']]);
  });

  test('of the sender is for a person where the server does not take it', async () => {
    const server = await startRawSmtp();
    await expect(send(server.port, { from: '監視@example.org' })).rejects.toMatchObject({
      kind: 'person',
      message: expect.stringMatching(/監視@example\.org.*SMTPUTF8/),
    });
    expect(server.commands.join()).not.toContain('MAIL');
  });

  test('of the sender is sent where the server takes it', async () => {
    const server = await startRawSmtp({ extensions: ['SMTPUTF8'] });
    await send(server.port, { from: '監視@example.org' });
    expect(server.commands[1]).toMatch(/^MAIL FROM:<監視@example\.org> SMTPUTF8/);
  });
});
