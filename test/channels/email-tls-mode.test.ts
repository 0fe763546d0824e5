import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { email } from '../../src/channels/email/email.ts';
import { startSmtpReceiver } from '../../src/demo/smtp-receiver.ts';
import { startRawSmtp } from '../support/raw-smtp.ts';
import { selfSigned } from './certificate.ts';

const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function probe(port: number, tls: string) {
  const options = {
    type: 'email',
    to: ['a@example.com'],
    from: 'x@example.org',
    host: '127.0.0.1',
    port,
    tls,
  };
  const channel = await email.open('mail', email.schema.parse(options));
  return channel.probe(never);
}

describe('the wrong mode of `tls` is named', () => {
  test('where implicit TLS meets a plain port', async () => {
    const server = await startSmtpReceiver();
    cleanups.push(server.close);
    const message = expect.stringContaining('set `tls: starttls`');
    await expect(probe(server.port, 'implicit')).rejects.toMatchObject({ kind: 'person', message });
  });

  // Neither side says a word until the greeting has taken too long: they wait side by side.
  test.concurrent.for(['starttls', 'none'])('where %s meets a port with implicit TLS', async (tls, one) => {
    const server = createTlsServer(selfSigned());
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    one.onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    const message = expect.stringContaining('set `tls: implicit`');
    await expect(probe(port, tls)).rejects.toMatchObject({ kind: 'passing', message });
  });

  test('where the server hangs up without a greeting', async () => {
    const server = await startRawSmtp({ greets: false });
    const message = expect.stringContaining('set `tls: implicit`');
    await expect(probe(server.port, 'starttls')).rejects.toMatchObject({ kind: 'passing', message });
  });

  test.each([
    ['offers no STARTTLS', undefined],
    ['does not know EHLO', (command: string) => (command.startsWith('EHLO') ? '502 what' : undefined)],
    ['refuses STARTTLS', (command: string) => (command === 'STARTTLS' ? '500 what' : undefined)],
  ])('where the server %s', async (_, reply) => {
    const server = await startRawSmtp(
      reply === undefined ? { reply: (one) => (one === 'STARTTLS' ? '502 no' : undefined) } : { reply },
    );
    const message = expect.stringMatching(/STARTTLS.*`implicit`.*`none`/);
    await expect(probe(server.port, 'starttls')).rejects.toMatchObject({ kind: 'person', message });
  });

  test('where a server takes no mail in plain text', async () => {
    const reply = (command: string) =>
      command.startsWith('MAIL') ? '530 5.7.0 Must issue a STARTTLS command first' : undefined;
    const server = await startRawSmtp({ reply });
    const options = {
      type: 'email',
      to: ['a@example.com'],
      from: 'x@example.org',
      host: '127.0.0.1',
      tls: 'none',
    };
    const channel = await email.open('mail', email.schema.parse({ ...options, port: server.port }));
    const body = JSON.stringify({ messageId: '<1@x>', subject: 's', text: 't', html: 'h', date: 0 });
    const message = expect.stringContaining('set `tls: starttls`');
    const sending = channel.send({ id: '1', body, accepted: [] }, never);
    await expect(sending).rejects.toMatchObject({ kind: 'person', message });
  });
});

test('no mode is suggested where nobody listens', async () => {
  const server = await startRawSmtp();
  await server.close();
  const error = await probe(server.port, 'starttls').catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('ECONNREFUSED');
  expect(String(error)).not.toContain('tls:');
});

test('no other mode is suggested where TLS is spoken but the certificate is not trusted', async () => {
  const server = await startSmtpReceiver({ tls: { ...selfSigned(), implicit: true } });
  cleanups.push(server.close);
  const error = await probe(server.port, 'implicit').catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('NODE_EXTRA_CA_CERTS');
  expect(String(error)).not.toContain('set `tls');
});
