import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { linesOf } from '../../src/sql/socket/lines.ts';

test('what came while the process was busy is taken, although its time is over', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = createConnection(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const lines = linesOf(socket);
  const next = lines.next(20);
  client.write('{"came":"in time"}\n');
  const busyUntil = performance.now() + 100;
  while (performance.now() < busyUntil);
  expect(await next).toEqual({ came: 'in time' });
});
