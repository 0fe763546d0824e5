// One SMTP session with the mail server.

import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { SendError } from '../../model/errors.ts';
import type { EmailOptions } from './options.ts';

const CONNECT_MS = 10_000;
const QUIT_MS = 2000;
/** The most bytes of one reply, and of a whole session: a base and so much for each recipient. No real server sends as much. */
const MOST_IN_REPLY = 65_536;
const MOST_RECEIVED = 262_144;
const MOST_RECEIVED_EACH = 4_096;
/** How often the bytes received are checked. */
const CHECK_MS = 50;

/** An SMTP session that is ready to send mail. */
export interface Session {
  /** Sends one mail in one envelope; resolves with who accepted it, rejects when nobody did. */
  send(from: string, to: readonly string[], mail: Buffer): Promise<SMTPConnectionSendInfo>;
  /** Whether the server takes addresses beyond ASCII. */
  readonly takesUtf8: boolean;
}

/**
 * Opens a session as the options say (TLS, login), hands it to `talk`, and ends it. Rejects as soon as `signal` aborts.
 * It uses the library's connection and not its transport, because only a connection can be broken off.
 */
export function withSession<T>(
  options: EmailOptions,
  signal: AbortSignal,
  talk: (session: Session) => Promise<T>,
): Promise<T> {
  const { host, port, name, tls, to } = options;
  const mostReceived = MOST_RECEIVED + MOST_RECEIVED_EACH * to.length;
  return new Promise((resolve, reject) => {
    const connection = new SMTPConnection({
      host,
      port,
      name,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      dnsTimeout: CONNECT_MS,
      maxResponseSize: MOST_IN_REPLY,
    });
    // The library limits each reply, but neither their number nor the blank lines between them.
    const checking = setInterval(() => {
      if (!connection._socket || connection._socket.bytesRead <= mostReceived) return;
      end(() => reject(new SendError('server', 'passing', `${host}:${port} talks without end`)));
    }, CHECK_MS).unref();
    const end = (settle: () => void): void => {
      clearInterval(checking);
      signal.removeEventListener('abort', abort);
      // Settled first, because closing emits `end`, and the first reason is the one that counts.
      settle();
      connection.close();
    };
    const abort = (): void => end(() => reject(signal.reason));
    const fail = (error: Error): void =>
      end(() => reject(Object.assign(error, { isUnanswered: connection.lastServerResponse === false })));
    // The library reports one fault both here and to a callback. The first report settles.
    connection.on('error', fail);
    connection.once('end', () => end(() => reject(new Error('the server closed the connection'))));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    connection.connect((error) => {
      if (error) return fail(error);
      // The last reply so far is to EHLO, and lists the server's extensions.
      const takesUtf8 = /[ -]SMTPUTF8\b/i.test(connection.lastServerResponse || '');
      signIn(connection, options)
        .then(() => talk({ send: sender(connection), takesUtf8 }))
        .then(
          (value) => {
            signal.removeEventListener('abort', abort);
            resolve(value);
            connection.quit();
            // The mail is delivered. A server that does not answer QUIT must not keep the process alive.
            setTimeout(() => end(() => undefined), QUIT_MS).unref();
          },
          (reason: unknown) => end(() => reject(reason)),
        );
    });
  });
}

/** Sends one envelope after the other, with a reset between them. */
function sender(connection: SMTPConnection): Session['send'] {
  let isFirst = true;
  return async (from, to, mail) => {
    if (!isFirst) await reset(connection);
    isFirst = false;
    return new Promise((resolve, reject) => {
      connection.send({ from, to: [...to], size: mail.length }, mail, (error, info) => {
        if (error) reject(error);
        else if (info === undefined || info === null) reject(new Error('the server said nothing'));
        else resolve(info);
      });
    });
  };
}

function reset(connection: SMTPConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.reset((error) => (error ? reject(error) : resolve()));
  });
}

function signIn(connection: SMTPConnection, { login }: EmailOptions): Promise<void> {
  if (login === null) return Promise.resolve();
  const credentials = { user: login.user, pass: login.password.reveal() };
  return new Promise((resolve, reject) => {
    connection.login({ credentials }, (error) => (error ? reject(error) : resolve()));
  });
}
