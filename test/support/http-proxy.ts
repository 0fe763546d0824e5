import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface HttpProxy {
  readonly port: number;
  /** All that was asked: `CONNECT host:443`, `POST http://host/path`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/**
 * A proxy as companies have them: CONNECT for TLS, whole URLs for plain HTTP. Every host is on this machine; `hosts` says
 * at which port, others at their own.
 */
export async function startHttpProxy(
  options: {
    readonly login?: string;
    readonly hosts?: Readonly<Record<string, number>>;
    /** Answers this status to all that is asked. */
    readonly refuse?: number;
  } = {},
): Promise<HttpProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const kept = <T extends Socket>(socket: T): T => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    return socket;
  };
  const wanted = options.login && `Basic ${Buffer.from(options.login).toString('base64')}`;
  const refusal = (header: string | undefined): number | null =>
    options.refuse ?? (wanted !== undefined && header !== wanted ? 407 : null);
  const portOf = ({ hostname, port }: URL): number => options.hosts?.[hostname] ?? Number(port || 80);

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const status = refusal(request.headers['proxy-authorization']);
    if (status !== null) return void response.writeHead(status).end('the proxy says no');
    const url = new URL(request.url ?? '');
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const path = `${url.pathname}${url.search}`;
    const onward = forward(
      { host: '127.0.0.1', port: portOf(url), method: request.method, path, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connection', kept);
  server.on('connect', (request, socket: Socket, head) => {
    requests.push(`CONNECT ${request.url}`);
    const status = refusal(request.headers['proxy-authorization']);
    if (status !== null) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const onward = kept(connect(portOf(new URL(`http://${request.url}`)), '127.0.0.1'));
    onward.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
