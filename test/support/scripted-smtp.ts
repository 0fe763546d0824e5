import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'vitest';

/** What a mail server says when it is greeted (`line` null), to each command, and to the end of a mail (`.`). */
export type SmtpScript = (line: string | null, socket: Socket) => string | null;

/** A mail server that says what no server should: below the level of a library that would keep it from doing so. */
export async function startScriptedSmtp(test: TestContext, script: SmtpScript): Promise<{ port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const say = (line: string | null): void => {
      const reply = script(line, socket);
      if (reply !== null) socket.write(`${reply}\r\n`);
    };
    let heard = '';
    let inMail = false;
    say(null);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      for (let end = heard.indexOf('\r\n'); end !== -1; end = heard.indexOf('\r\n')) {
        const line = heard.slice(0, end);
        heard = heard.slice(end + 2);
        if (inMail && line !== '.') continue;
        inMail = !inMail && line === 'DATA';
        say(line);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  test.onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port };
}

/** What a plain server says; `changed` in its place where that is not undefined. */
export function politeSmtp(
  changed: (line: string | null, socket: Socket) => string | null | undefined,
): SmtpScript {
  return (line, socket) => {
    const own = changed(line, socket);
    if (own !== undefined) return own;
    if (line === null) return '220 ready';
    if (line === 'DATA') return '354 go ahead';
    return line === 'QUIT' ? '221 bye' : '250 ok';
  };
}

/** Writes `text` for as long as the other end listens. */
export function pour(socket: Socket, text: string): null {
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', more);
  more();
  return null;
}
