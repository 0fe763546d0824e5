import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';
import { hasSqliteDriver, makeSqliteFile, type SqliteFile } from '../support/sqlite-file.ts';
import { startWorkerProcess } from '../support/worker-process.ts';
import { burnYaml, charge, followPage } from './new-api.ts';

const { newapi } = FIXTURES;

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

  it('one URL after init is enough to validate, check and replay; nothing is imported', () =>
    followPage(folder.path, file.url, 'SQLite'));

  it('a worker tells of new rows, also after the process that reads the file was killed', async (test) => {
    const ends = await startReceivers();
    test.onTestFinished(() => ends.close());
    await folder.write('alerts.yaml', burnYaml(file.url, ends));
    const worker = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
    await worker.polls(2);
    const children = await readFile(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8').catch(
      () => '',
    );
    for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    file.database.exec(charge());
    await expect.poll(() => ends.posts.length, { timeout: 60_000 }).toBe(1);
    expect(JSON.stringify(ends.posts[0])).toMatch(/ann.*\$4/s);
    expect((await worker.stop()).code).toBe(0);
  });
});
