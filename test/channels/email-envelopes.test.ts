import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import { email } from '../../src/channels/email/email.ts';
import { startRawSmtp } from '../support/raw-smtp.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const people = (count: number) => Array.from({ length: count }, (_, i) => `p${i}@example.com`);

async function send(port: number, to: string[], accepted: string[] = [], signal = never) {
  const options = { type: 'email', to, from: 'x@example.org', host: '127.0.0.1', port, tls: 'none' };
  const channel = await email.open('mail', email.schema.parse(options));
  const body = channel.render(sampleNews([sampleAlert()]), 'dlv_7');
  return channel.send({ id: 'dlv_7', body, accepted }, signal);
}

/** A real server that takes at most `most` recipients per message. */
async function limitedServer(most: number, options: { readonly pipelining: boolean }) {
  const received: { to: string[]; raw: string }[] = [];
  const connections: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    hidePIPELINING: !options.pipelining,
    onConnect: ({ id }, done) => {
      connections.push(id);
      done();
    },
    onRcptTo: (_address, { envelope }, done) => {
      const isFull = envelope.rcptTo.length >= most;
      done(isFull ? Object.assign(new Error('4.5.3 Too many recipients'), { responseCode: 452 }) : null);
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address);
        received.push({ to, raw: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { received, connections, port: (server.server.address() as AddressInfo).port };
}

describe('more recipients than a server takes per message', () => {
  test.each([true, false])(
    'are mailed at once in several envelopes, each of them once (pipelining: %s)',
    async (pipelining) => {
      const server = await limitedServer(50, { pipelining });
      const to = people(250);
      await send(server.port, to);
      expect(server.received.map((mail) => mail.to.length)).toEqual([50, 50, 50, 50, 50]);
      expect(server.received.flatMap((mail) => mail.to)).toEqual(to);
      expect(new Set(server.received.map((mail) => mail.raw)).size).toBe(1);
      expect(server.connections).toHaveLength(1);
    },
  );

  test.each([
    '452 4.3.1 insufficient storage',
    '552 too much',
    '550 5.5.3 recipients',
    '451 too many recipients',
  ])('are mailed whatever words it says: %s', async (answer) => {
    const reply = (command: string, accepted: readonly string[]) =>
      command.startsWith('RCPT') && accepted.length >= 2 ? answer : undefined;
    const server = await startRawSmtp({ reply });
    await send(server.port, people(5));
    expect(server.mails.flatMap(({ to }) => to)).toEqual(people(5));
  });

  test('are halved where it complains only about the whole', async () => {
    const reply = (command: string, accepted: readonly string[]) =>
      command === '.' && accepted.length > 3
        ? '554 Transaction failed: Recipient count exceeds 3'
        : undefined;
    const server = await startRawSmtp({ reply });
    await send(server.port, people(10));
    expect(server.mails.flatMap(({ to }) => to)).toEqual(people(10));
    expect(new Set(server.mails.map((mail) => mail.raw)).size).toBe(1);
  });

  test('wait for the next attempt where it takes no more today', async () => {
    let taken = 0;
    const reply = (command: string) =>
      command.startsWith('RCPT') && ++taken > 3 ? '452 4.5.3 too many recipients' : undefined;
    const server = await startRawSmtp({ reply });
    const accepted = people(3);
    await expect(send(server.port, people(5))).rejects.toMatchObject({ kind: 'passing', accepted });
    taken = 0;
    await send(server.port, people(5), accepted);
    expect(server.mails.flatMap(({ to }) => to)).toEqual(people(5));
  });

  test('that accepted before the connection broke are not sent to again', async () => {
    let breaks = true;
    const reply = (command: string, accepted: readonly string[]) => {
      if (command.includes('<p3@') && breaks) return 'close';
      return command.startsWith('RCPT') && accepted.length >= 2 ? '452 too many' : undefined;
    };
    const server = await startRawSmtp({ reply });
    const error = await send(server.port, people(6)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'passing' });
    breaks = false;
    await send(server.port, people(6), [...(error as { accepted: string[] }).accepted]);
    expect(server.mails.flatMap(({ to }) => to).sort()).toEqual(people(6));
    expect(new Set(server.mails.map((mail) => mail.raw)).size).toBe(1);
  });

  test('that accepted before it was stopped are named', async () => {
    const stop = new AbortController();
    const reply = (command: string, accepted: readonly string[]) => {
      if (command === 'RSET') stop.abort();
      return command.startsWith('RCPT') && accepted.length >= 2 ? '452 too many' : undefined;
    };
    const server = await startRawSmtp({ reply });
    const failure = { accepted: people(2), message: expect.stringContaining('accepted for p0@example.com') };
    await expect(send(server.port, people(4), [], stop.signal)).rejects.toMatchObject(failure);
  });

  test('do not hide the one that does not exist', async () => {
    const reply = (command: string, accepted: readonly string[]) => {
      if (command.includes('<p1@')) return '550 5.1.1 no such user';
      return command.startsWith('RCPT') && accepted.length >= 2 ? '452 4.5.3 too many' : undefined;
    };
    const server = await startRawSmtp({ reply });
    await expect(send(server.port, people(5))).rejects.toMatchObject({
      kind: 'final',
      message: expect.stringContaining('p1@example.com: 550'),
      accepted: ['p0@example.com', 'p2@example.com', 'p3@example.com', 'p4@example.com'],
    });
  });
});
