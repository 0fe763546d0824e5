import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { makeFolder } from '../support/folder.ts';
import {
  hasMariadb,
  type MariadbDatabase,
  type MariadbServer,
  startMariadb,
} from '../support/mariadb-server.ts';
import { startReceivers } from '../support/receivers.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';
import { burnYaml, charge, followPage } from './new-api.ts';

const { newapi } = FIXTURES;

describe.skipIf(!hasMariadb)('New API over a MariaDB (needs mariadb-server)', () => {
  let server: MariadbServer;
  let database: MariadbDatabase;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await server.createDatabase();
    await database.connection.query("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'");
    await database.connection.query(`${newapi.mysql?.tables}; ${newapi.rows}`);
    folder = await makeFolder({});
  });
  afterEach(async () => {
    await folder?.remove();
    await database?.close();
  });

  it('one URL after init is enough to validate, check and replay; nothing is imported', () =>
    followPage(folder.path, database.url, 'MySQL'));

  it('a worker tells of new rows, also after the server was away', async (test) => {
    const proxy = await startTcpProxy(database.url);
    test.onTestFinished(() => proxy.close());
    const ends = await startReceivers();
    test.onTestFinished(() => ends.close());
    await folder.write('alerts.yaml', burnYaml(proxy.url, ends));
    const worker = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
    await worker.polls(2);
    await proxy.cut();
    await database.connection.query(charge());
    await proxy.restore();
    await until('somebody is told', () => ends.posts.length > 0);
    expect(JSON.stringify(ends.posts[0])).toMatch(/ann.*\$4/s);
    expect((await worker.stop()).code).toBe(0);
  });
});
