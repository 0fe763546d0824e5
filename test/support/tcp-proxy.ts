import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that a test can close: then connections break and new ones are refused. */
export interface TcpProxy {
  /** The URL with the proxy in place of the server. */
  readonly url: string;
  cut(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  const listen = async (port: number): Promise<number> => {
    const next = createServer((near) => {
      const far = connect(Number(targetPort), hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    server = next;
    return (next.address() as AddressInfo).port;
  };
  const cut = async (): Promise<void> => {
    const closing = server;
    server = null;
    await new Promise<void>((resolve) => {
      if (closing === null) return resolve();
      closing.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  };
  const port = await listen(0);
  const url = new URL(target);
  url.port = String(port);
  return { url: url.href, cut, restore: async () => void (await listen(port)), close: cut };
}
