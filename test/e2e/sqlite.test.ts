import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';
import { hasSqliteDriver, makeSqliteFile, type SqliteFile } from '../support/sqlite-file.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

const { newapi } = FIXTURES;
const CHARGE = `INSERT INTO logs (created_at, type, username, token_name, model_name, quota) VALUES`;

describe.skipIf(!(await hasSqliteDriver()))('New API over a SQLite file', () => {
  let file: SqliteFile;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  beforeEach(async () => {
    file = await makeSqliteFile('delete');
    file.database.exec(`${newapi.sqlite?.tables}; ${newapi.rows}`);
    folder = await makeFolder({});
  });
  afterEach(async () => {
    await folder?.remove();
    await file?.stop();
  });

  it('one URL after init is enough to validate, check and replay; nothing is imported', async () => {
    const run = (args: readonly string[], stdin = '') =>
      spendwatch(args, { cwd: folder.path, env: { AUDIT_DATABASE_URL: file.url }, stdin });
    expect(await run(['init', '--preset', 'newapi'])).toMatchObject({ code: 0 });
    const connected = await run(['validate', '--connect']);
    expect(connected).toMatchObject({ code: 0, stdout: expect.stringContaining('audit store: ok') });
    const checked = await run(['check', '--at', '2026-03-10T10:00:00Z', '--format', 'json']);
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    // 61 and 250,000 units of the service "search".
    expect(checked.stdout).toContain('0.500122');
    const replayed = await run([
      ...[
        'backtest',
        '--from',
        '2026-03-10T08:00:00Z',
        '--to',
        '2026-03-10T11:00:00Z',
        '--rule',
        'hourly-burn',
      ],
    ]);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining('no alerts from') });
    for (const args of [
      ['import', '-'],
      ['init', '--create-table'],
    ]) {
      const refused = await run(args, '{"time":"2026-03-10T09:00:00Z","service":"s","model":"m"}\n');
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('SQLite is only read: nothing is created or inserted there.');
    }
  });

  it('a worker tells of new rows, also after the process that reads the file was killed', async (test) => {
    const ends = await startReceivers();
    test.onTestFinished(() => ends.close());
    await folder.write(
      'alerts.yaml',
      `version: 1
schedule: "* * * * * *"
http: { listen: 127.0.0.1:0 }
audit: { url: "${file.url}", preset: newapi, stale_after: "off" }
${ends.channels}
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, group_by: [user], threshold: 3, notify: [oncall] }
`,
    );
    const worker = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
    await worker.polls(2);
    const children = await readFile(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8').catch(
      () => '',
    );
    for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    const now = Math.floor(Date.now() / 1000);
    file.database.exec(`${CHARGE} (${now}, 2, 'ann', 'search', 'gpt-4o', 2000000)`);
    await expect.poll(() => ends.posts.length, { timeout: 60_000 }).toBe(1);
    expect(JSON.stringify(ends.posts[0])).toMatch(/ann.*\$4/s);
    expect((await worker.stop()).code).toBe(0);
  });
});
