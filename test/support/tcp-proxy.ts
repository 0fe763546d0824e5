import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that a test can close or hold up. */
export interface TcpProxy {
  /** The URL with the proxy in place of the server. */
  readonly url: string;
  /** Breaks all connections and refuses new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Breaks all connections and takes new ones, as a server does that another one takes the place of. */
  drop(): void;
  /** Lets nothing through in either direction: connections stay open, new ones are taken, and no answer comes. */
  freeze(): void;
  /** What was held up arrives after all. */
  thaw(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  /** Each end of each connection, with the end that it is passed on to. */
  const ways = new Map<Socket, Socket>();
  let isFrozen = false;
  let server: Server | null = null;
  const listen = async (port: number): Promise<number> => {
    const next = createServer((near) => {
      const far = connect(Number(targetPort), hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        ways.set(socket, other);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          ways.delete(socket);
          other.destroy();
        });
        if (!isFrozen) socket.pipe(other);
      }
    });
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    server = next;
    return (next.address() as AddressInfo).port;
  };
  const drop = (): void => {
    for (const socket of ways.keys()) socket.destroy();
  };
  const cut = async (): Promise<void> => {
    const closing = server;
    server = null;
    await new Promise<void>((resolve) => {
      if (closing === null) return resolve();
      closing.close(() => resolve());
      drop();
    });
  };
  const port = await listen(0);
  const url = new URL(target);
  url.port = String(port);
  return {
    url: url.href,
    cut,
    restore: async () => void (await listen(port)),
    drop,
    freeze() {
      isFrozen = true;
      for (const [socket, other] of ways) socket.unpipe(other).pause();
    },
    thaw() {
      isFrozen = false;
      for (const [socket, other] of ways) socket.pipe(other);
    },
    close: cut,
  };
}
