import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import type { EmailOptions } from './options.ts';

const CONNECT_MS = 10_000;
const QUIT_MS = 2000;

/**
 * One conversation with the mail server: connected, secured and signed in as the options say, handed to `talk`, then
 * ended. Rejects as soon as `signal` aborts. A conversation of our own, and not the library's transport, because
 * only this one can be broken off.
 */
export function converse<T>(
  options: EmailOptions,
  signal: AbortSignal,
  talk: (connection: SMTPConnection) => Promise<T>,
): Promise<T> {
  const { host, port, tls } = options;
  return new Promise((resolve, reject) => {
    const connection = new SMTPConnection({
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      dnsTimeout: CONNECT_MS,
    });
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      // Settled first: to close is an end of its own, and the first reason is the one that counts.
      settle();
      connection.close();
    };
    const abort = (): void => end(() => reject(signal.reason));
    // The library tells of one fault both here and to the callback at hand; the first one settles.
    connection.on('error', (error: Error) => end(() => reject(error)));
    connection.once('end', () => end(() => reject(new Error('the server closed the connection'))));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    connection.connect((error) => {
      if (error) return end(() => reject(error));
      signIn(connection, options)
        .then(() => talk(connection))
        .then(
          (value) => {
            signal.removeEventListener('abort', abort);
            resolve(value);
            connection.quit();
            // The mail is delivered; a server that leaves QUIT unanswered must not keep the process.
            setTimeout(() => connection.close(), QUIT_MS).unref();
          },
          (reason: unknown) => end(() => reject(reason)),
        );
    });
  });
}

/** Sends one message; resolves with who accepted it, rejects when nobody did. */
export function transmit(
  connection: SMTPConnection,
  from: string,
  to: readonly string[],
  message: Buffer,
): Promise<SMTPConnectionSendInfo> {
  return new Promise((resolve, reject) => {
    connection.send({ from, to: [...to], size: message.length }, message, (error, info) => {
      if (error) reject(error);
      else if (info === undefined || info === null) reject(new Error('the server said nothing'));
      else resolve(info);
    });
  });
}

function signIn(connection: SMTPConnection, { login }: EmailOptions): Promise<void> {
  if (login === null) return Promise.resolve();
  const credentials = { user: login.user, pass: login.password.reveal() };
  return new Promise((resolve, reject) => {
    connection.login({ credentials }, (error) => (error ? reject(error) : resolve()));
  });
}
