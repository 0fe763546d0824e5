import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RawSmtp {
  readonly port: number;
  /** Every command as it came over the wire. */
  readonly commands: readonly string[];
  /** Every mail that was taken, with the recipients that were accepted for it. */
  readonly mails: readonly { readonly to: readonly string[]; readonly raw: string }[];
  close(): Promise<void>;
}

/**
 * A mail server that says what a test wants. `reply` answers a command (`RCPT TO:<a@b>`, or `.` after the mail) in place
 * of the usual answer; `accepted` are the recipients of the envelope so far. It is closed when the test has finished.
 */
export async function startRawSmtp(
  options: {
    readonly extensions?: readonly string[];
    /** Ends connections in place of a greeting. */
    readonly greets?: boolean;
    readonly reply?: (command: string, accepted: readonly string[]) => string | 'close' | undefined;
  } = {},
): Promise<RawSmtp> {
  const commands: string[] = [];
  const mails: { to: string[]; raw: string }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    if (options.greets === false) return void socket.end();
    const say = (text: string) => socket.write(`${text}\r\n`);
    let accepted: string[] = [];
    let mail: string[] | null = null;
    const usual = (command: string): string => {
      const verb = command.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') {
        const lines = ['raw.example', ...(options.extensions ?? [])];
        return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
      }
      if (verb === 'QUIT') return '221 bye';
      if (verb === 'DATA') return accepted.length === 0 ? '503 no recipient' : '354 go on';
      return '250 ok';
    };
    const answer = (command: string): void => {
      const reply = options.reply?.(command, accepted) ?? usual(command);
      if (reply === 'close') return void socket.destroy();
      const recipient = /^RCPT TO:<(.*)>/i.exec(command)?.[1];
      if (recipient !== undefined && reply.startsWith('2')) accepted.push(recipient);
      if (command === '.' && reply.startsWith('2'))
        mails.push({ to: accepted, raw: (mail ?? []).join('\r\n') });
      if (command === '.' || /^(RSET|MAIL)/i.test(command)) accepted = [];
      mail = command === 'DATA' && reply.startsWith('3') ? [] : null;
      say(reply);
    };
    say('220 raw.example');
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (mail !== null && line !== '.') mail.push(line);
        else {
          if (line !== '.') commands.push(line);
          answer(line);
        }
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, commands, mails, close };
}
