import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAudit } from '../../src/app.ts';
import { flagProblems } from '../../src/commands/connect-flags.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openSql } from '../../src/sql/open.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';

const AT = '2026-03-10T09:30:00Z';
let database: TestDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;

beforeAll(async () => {
  database = await createDatabase();
  const sql = await openSql(database.url);
  await sql.query(`CREATE TABLE calls (at timestamptz, cost numeric, number int, flag boolean, word text);
    CREATE INDEX ON calls (at);
    INSERT INTO calls VALUES ('${AT}', 1, 1, true, 'true'), ('${AT}', 1, 0, false, '1'), ('${AT}', 1, NULL, NULL, NULL)`);
  await sql.close();
  const rule = (name: string, where: string): string =>
    `  - { name: ${name}, type: threshold, metric: spend, window: 1h, threshold: 1, where: { ${where} } }`;
  const rules = [
    rule('flagged', 'number: true'),
    rule('others', 'number: { not: [false, null] }'),
    rule('by-number', 'number: 1'),
    rule('real', 'flag: true'),
    rule('words', 'word: true'),
  ];
  folder = await makeFolder({
    'alerts.yaml': `version: 1
audit:
  url: ${database.url}
  table: calls
  columns: { time: at, cost: cost }
  dimensions: { number: number, flag: flag, word: word }
rules:
${rules.join('\n')}
reports:
  - { name: weekly, schedule: "0 8 * * mon", period: week, where: { number: false } }
`,
  });
});
afterAll(async () => {
  await folder?.remove();
  await database?.drop();
});

it('who asks for true or false in a column of 1 and 0 is named, and nobody else', async () => {
  const config = await loadConfig(`${folder.path}/alerts.yaml`, {}, { sends: false });
  const { store } = await openAudit(config);
  try {
    expect(await flagProblems(config, store, Date.parse(AT) + 60_000)).toEqual([
      {
        level: 'warning',
        message:
          'rule flagged, rule others, report weekly: `where` asks for true or false in number, whose values are 1 and 0: no call has them.',
        hint: 'Write 1 for true and 0 for false.',
      },
    ]);
  } finally {
    await store.close();
  }
});
