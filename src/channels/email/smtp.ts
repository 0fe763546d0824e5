// One conversation with the mail server.

import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { SendError } from '../../model/errors.ts';
import type { EmailOptions } from './options.ts';

const CONNECT_MS = 10_000;
const QUIT_MS = 2000;
/** The longest reply, the most bytes of a whole conversation, and so many more for each recipient. No real server sends as much. */
const MOST_IN_REPLY = 65_536;
const MOST_HEARD = 262_144;
const MOST_HEARD_EACH = 4_096;
/** How often the bytes received are checked. */
const LISTEN_MS = 50;

/** A conversation that is ready to send mail. */
export interface Session {
  /** Sends one mail in one envelope; resolves with who accepted it, rejects when nobody did. */
  send(from: string, to: readonly string[], mail: Buffer): Promise<SMTPConnectionSendInfo>;
  /** Whether the server takes addresses beyond ASCII. */
  readonly takesUtf8: boolean;
}

/**
 * One conversation with the mail server: greeted, secured and signed in as the options say, handed to `talk`, then
 * ended. Rejects as soon as `signal` aborts. A conversation of our own, and not the library's transport, because
 * only this one can be broken off.
 */
export function converse<T>(
  options: EmailOptions,
  signal: AbortSignal,
  talk: (session: Session) => Promise<T>,
): Promise<T> {
  const { host, port, name, tls, to } = options;
  const mostHeard = MOST_HEARD + MOST_HEARD_EACH * to.length;
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
    const listening = setInterval(() => {
      if (!connection._socket || connection._socket.bytesRead <= mostHeard) return;
      end(() => reject(new SendError('server', 'passing', `${host}:${port} talks without end`)));
    }, LISTEN_MS).unref();
    const end = (settle: () => void): void => {
      clearInterval(listening);
      signal.removeEventListener('abort', abort);
      // Settled first: to close is an end of its own, and the first reason is the one that counts.
      settle();
      connection.close();
    };
    const abort = (): void => end(() => reject(signal.reason));
    const fail = (error: Error): void =>
      end(() => reject(Object.assign(error, { isUnanswered: connection.lastServerResponse === false })));
    // The library tells of one fault both here and to the callback at hand; the first one settles.
    connection.on('error', fail);
    connection.once('end', () => end(() => reject(new Error('the server closed the connection'))));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    connection.connect((error) => {
      if (error) return fail(error);
      // The last reply so far answers EHLO, and lists the extensions.
      const takesUtf8 = /[ -]SMTPUTF8\b/i.test(connection.lastServerResponse || '');
      signIn(connection, options)
        .then(() => talk({ send: sender(connection), takesUtf8 }))
        .then(
          (value) => {
            signal.removeEventListener('abort', abort);
            resolve(value);
            connection.quit();
            // The mail is delivered; a server that leaves QUIT unanswered must not keep the process.
            setTimeout(() => end(() => undefined), QUIT_MS).unref();
          },
          (reason: unknown) => end(() => reject(reason)),
        );
    });
  });
}

/** Sends one envelope after the other; what an earlier one left behind is put aside first. */
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
