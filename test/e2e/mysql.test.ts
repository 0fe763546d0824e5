import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { spendwatch } from '../support/command.ts';
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

const { newapi } = FIXTURES;
const CHARGE = `INSERT INTO logs (created_at, type, username, token_name, model_name, quota) VALUES`;

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

  it('one URL after init is enough to validate, check and replay; nothing is imported', async () => {
    const run = (args: readonly string[], stdin = '') =>
      spendwatch(args, { cwd: folder.path, env: { AUDIT_DATABASE_URL: database.url }, stdin });
    expect(await run(['init', '--preset', 'newapi'])).toMatchObject({ code: 0 });
    const connected = await run(['validate', '--connect']);
    expect(connected).toMatchObject({ code: 0, stdout: expect.stringContaining('audit store: ok') });
    const checked = await run(['check', '--at', '2026-03-10T10:00:00Z', '--format', 'json']);
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    // 61 and 250,000 units of the service "search".
    expect(checked.stdout).toContain('0.500122');
    const span = ['--from', '2026-03-10T08:00:00Z', '--to', '2026-03-10T11:00:00Z'];
    const replayed = await run(['backtest', ...span, '--rule', 'hourly-burn']);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining('no alerts from') });
    const refused = await run(['init', '--create-table']);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('MySQL is only read: nothing is created or inserted there.');
  });

  it('a worker tells of new rows, also after the server was away', async (test) => {
    const proxy = await startTcpProxy(database.url);
    test.onTestFinished(() => proxy.close());
    const ends = await startReceivers();
    test.onTestFinished(() => ends.close());
    await folder.write(
      'alerts.yaml',
      `version: 1
schedule: "* * * * * *"
http: { listen: 127.0.0.1:0 }
audit: { url: "${proxy.url}", preset: newapi, stale_after: "off" }
${ends.channels}
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, group_by: [user], threshold: 3, notify: [oncall] }
`,
    );
    const worker = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
    await worker.polls(2);
    await proxy.cut();
    const now = Math.floor(Date.now() / 1000);
    await database.connection.query(`${CHARGE} (${now}, 2, 'ann', 'search', 'gpt-4o', 2000000)`);
    await proxy.restore();
    await until('somebody is told', () => ends.posts.length > 0);
    expect(JSON.stringify(ends.posts[0])).toMatch(/ann.*\$4/s);
    expect((await worker.stop()).code).toBe(0);
  });
});
