import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { email } from '../../src/channels/email/email.ts';
import { startSmtpReceiver } from '../../src/demo/smtp-receiver.ts';
import { selfSigned } from './certificate.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';

const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type ReceiverOptions = NonNullable<Parameters<typeof startSmtpReceiver>[0]>;

async function open(options: ReceiverOptions = {}, keys: Record<string, unknown> = {}) {
  const server = await startSmtpReceiver(options);
  cleanups.push(server.close);
  const parsed = email.schema.parse({
    type: 'email',
    to: ['a@example.com', 'b@example.com'],
    from: 'Spend <spendwatch@example.org>',
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    ...keys,
  });
  return { server, channel: await email.open('finance', parsed) };
}

function envelope(channel: Channel, accepted: string[] = []) {
  return { id: 'dlv_7', body: channel.render(sampleNews([sampleAlert()]), 'dlv_7'), accepted };
}

describe('an email', () => {
  test('has text and HTML, the title as subject, and headers that keep robots from answering', async () => {
    const { channel, server } = await open();
    await channel.send(envelope(channel), never);
    const [mail] = server.received;
    const parsed = await PostalMime.parse(mail?.raw ?? '');
    expect(parsed.subject).toBe('[CRITICAL] hourly-burn: search $312.46 in 1h (limit $100.00)');
    expect(parsed.messageId).toBe('<dlv_7@example.org>');
    expect(parsed.from).toEqual({ address: 'spendwatch@example.org', name: 'Spend' });
    expect(parsed.to?.map(({ address }) => address)).toEqual(['a@example.com', 'b@example.com']);
    expect(parsed.headers).toContainEqual(
      expect.objectContaining({ key: 'auto-submitted', value: 'auto-generated' }),
    );
    expect(parsed.text).toContain('gpt-4.1       $300.10  890,000    96%');
    expect(parsed.html).toContain('Immediate attention required');
    expect(mail?.from).toBe('spendwatch@example.org');
  });

  test('keeps every line of the wire within the limit of SMTP', async () => {
    const { channel, server } = await open();
    await channel.send({ ...envelope(channel), body: channel.render(hostileMessage(), 'dlv_7') }, never);
    const lines = server.received[0]?.raw.split('\r\n') ?? [];
    expect(lines.length).toBeGreaterThan(10);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(998);
  });
});

describe('recipients', () => {
  test('that accepted are named when another one is refused', async () => {
    const { channel, server } = await open({
      respond: (step, value) =>
        step === 'rcpt' && value.startsWith('b@') ? { code: 550, text: 'unknown' } : undefined,
    });
    const failure = {
      kind: 'final',
      accepted: ['a@example.com'],
      message: expect.stringContaining('b@example.com'),
    };
    await expect(channel.send(envelope(channel), never)).rejects.toMatchObject(failure);
    expect(server.received.map(({ to }) => to)).toEqual([['a@example.com']]);
  });

  test('that may accept later leave the failure passing', async () => {
    const { channel } = await open({
      respond: (step, value) =>
        step === 'rcpt' && value.startsWith('b@') ? { code: 451, text: 'wait' } : undefined,
    });
    const failure = { kind: 'passing', accepted: ['a@example.com'] };
    await expect(channel.send(envelope(channel), never)).rejects.toMatchObject(failure);
  });

  test('that accepted before are not sent to again, though the To header still names them', async () => {
    const { channel, server } = await open();
    await channel.send(envelope(channel, ['A@example.com']), never);
    const [mail] = server.received;
    expect(mail?.to).toEqual(['b@example.com']);
    const { to } = await PostalMime.parse(mail?.raw ?? '');
    expect(to?.map(({ address }) => address)).toEqual(['a@example.com', 'b@example.com']);
  });

  test('that all accepted before are left alone', async () => {
    const { channel, server } = await open();
    await channel.send(envelope(channel, ['a@example.com', 'b@example.com']), never);
    expect(server.received).toEqual([]);
  });
});

describe('a failure', () => {
  test.each([
    ['connect', { code: 421, text: 'busy' }, 'passing'],
    ['connect', { code: 554, text: 'no service' }, 'person'],
    ['mail', { code: 550, text: 'sender refused' }, 'final'],
    ['mail', { code: 530, text: 'sign in first' }, 'person'],
    ['rcpt', { code: 450, text: 'greylisted' }, 'passing'],
    ['rcpt', { code: 550, text: 'unknown' }, 'final'],
    ['data', { code: 452, text: 'disk full' }, 'passing'],
    ['data', { code: 554, text: 'looks like spam' }, 'final'],
    ['data', 'drop', 'passing'],
  ] as const)('after %s answered by %j is %3$s', async (at, reply, kind) => {
    const { channel, server } = await open({ respond: (step) => (step === at ? reply : undefined) });
    await expect(channel.send(envelope(channel), never)).rejects.toMatchObject({ kind, accepted: [] });
    expect(server.received).toEqual([]);
  });

  test('to sign in is for a person and does not tell the password', async () => {
    const { channel } = await open(
      { login: { user: 'me', password: 'right' } },
      { user: 'me', password: 'wrong-password' },
    );
    const error = await channel.send(envelope(channel), never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'person', reason: 'auth', message: expect.stringContaining('535') });
    expect(String(error)).not.toContain('wrong-password');
    await expect(channel.probe(never)).rejects.toMatchObject({ kind: 'person' });
  });

  test('to be offered encryption is for a person, and nothing is said in plain text', async () => {
    const { channel, server } = await open({}, { tls: 'starttls' });
    const failure = { kind: 'person', message: expect.stringContaining('STARTTLS') };
    await expect(channel.send(envelope(channel), never)).rejects.toMatchObject(failure);
    expect(server.received).toEqual([]);
  });

  test.each(['starttls', 'implicit'] as const)(
    'of trust in a certificate (%s) is for a person',
    async (tls) => {
      const { channel, server } = await open(
        { tls: { ...selfSigned(), implicit: tls === 'implicit' } },
        { tls },
      );
      const failure = {
        kind: 'person',
        reason: 'auth',
        message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      };
      await expect(channel.send(envelope(channel), never)).rejects.toMatchObject(failure);
      expect(server.received).toEqual([]);
    },
  );
});

const SENDER = new URL('./send-email.ts', import.meta.url).pathname;

test.each(['starttls', 'implicit'] as const)(
  'a private CA is trusted by NODE_EXTRA_CA_CERTS (%s)',
  async (tls) => {
    const certificate = selfSigned();
    const login = { user: 'me', password: 'right' };
    const server = await startSmtpReceiver({ login, tls: { ...certificate, implicit: tls === 'implicit' } });
    cleanups.push(server.close);
    const folder = await mkdtemp(join(tmpdir(), 'spendwatch-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, certificate.cert);
    const keys = {
      type: 'email',
      to: ['a@example.com'],
      from: 'x@example.org',
      host: '127.0.0.1',
      port: server.port,
      tls,
      ...login,
    };
    const child = spawn(process.execPath, ['--import', 'tsx', SENDER, JSON.stringify(keys)], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('250') });
    expect(server.received).toMatchObject([{ encrypted: true, user: 'me', to: ['a@example.com'] }]);
  },
);
