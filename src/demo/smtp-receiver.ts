// A local SMTP server.

import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  /** The recipients of the envelope, whatever the headers say. */
  readonly to: readonly string[];
  /** Headers and body as received. */
  readonly raw: string;
  readonly encrypted: boolean;
  readonly user: string | null;
}

export interface SmtpReceiver {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  close(): Promise<void>;
}

/** An SMTP answer in place of the usual one: a code of 400 to 599 with its text, silence, or the end of the connection. */
export type SmtpReply = 'drop' | 'hang' | { readonly code: number; readonly text: string };

/** A real SMTP server that records mail. With `tls` it offers STARTTLS; with `login` it requires authentication. */
export async function startSmtpReceiver(
  options: {
    readonly onMail?: (mail: ReceivedMail) => void;
    readonly tls?: { readonly key: string; readonly cert: string; readonly implicit?: boolean };
    readonly login?: { readonly user: string; readonly password: string };
    /** Answers in place of the server; undefined leaves the answer to it. `value` is the address, or the raw mail. */
    readonly respond?: (step: 'connect' | 'mail' | 'rcpt' | 'data', value: string) => SmtpReply | undefined;
  } = {},
): Promise<SmtpReceiver> {
  const received: ReceivedMail[] = [];
  const { login, tls } = options;
  const scripted = (
    step: 'connect' | 'mail' | 'rcpt' | 'data',
    value: string,
    session: { readonly id: string },
    next: (error?: Error | null) => void,
  ): void => {
    const reply = options.respond?.(step, value);
    if (reply === undefined) next();
    else if (reply === 'drop') dropConnection(server, session.id);
    else if (reply !== 'hang') next(Object.assign(new Error(reply.text), { responseCode: reply.code }));
  };
  const server = new SMTPServer({
    banner: 'spendwatch demo',
    logger: false,
    disableReverseLookup: true,
    closeTimeout: 100,
    authOptional: login === undefined,
    allowInsecureAuth: tls === undefined,
    secure: tls?.implicit === true,
    hideSTARTTLS: tls === undefined,
    disabledCommands: [...(login === undefined ? ['AUTH'] : []), ...(tls === undefined ? ['STARTTLS'] : [])],
    ...(tls === undefined ? {} : { key: tls.key, cert: tls.cert }),
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(Object.assign(new Error('Authentication credentials invalid'), { responseCode: 535 }));
    },
    onConnect: (session, done) => scripted('connect', session.remoteAddress, session, done),
    onMailFrom: ({ address }, session, done) => scripted('mail', address, session, done),
    onRcptTo: ({ address }, session, done) => scripted('rcpt', address, session, done),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail: ReceivedMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          encrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        };
        scripted('data', mail.raw, session, (error) => {
          if (error === undefined || error === null) {
            received.push(mail);
            options.onMail?.(mail);
          }
          done(error);
        });
      });
    },
  });
  // A sender that disconnects in the middle, or refuses the certificate, is not an error of the receiver.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function dropConnection(server: SMTPServer, id: string): void {
  for (const connection of server.connections) if (connection.id === id) connection._socket.destroy();
}
