import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAudit } from '../../src/app.ts';
import { ruleProblems } from '../../src/commands/connect-rules.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openSql } from '../../src/sql/open.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';

const AT = '2026-03-10T09:30:00Z';
let database: TestDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;

/** A view whose columns can be read one by one, and not two of them in one statement. */
const TABLES = `CREATE TABLE stored (at timestamptz, cost numeric, a text, b text);
  CREATE INDEX ON stored (at);
  CREATE FUNCTION first(value text) RETURNS text LANGUAGE plpgsql STABLE AS
    $$ BEGIN PERFORM set_config('test.first', statement_timestamp()::text, true); RETURN value; END $$;
  CREATE FUNCTION second(value text) RETURNS text LANGUAGE plpgsql STABLE AS
    $$ BEGIN
      IF current_setting('test.first', true) = statement_timestamp()::text THEN RAISE 'not both'; END IF;
      RETURN value;
    END $$;
  CREATE VIEW calls AS SELECT at, cost, first(a) AS a, second(b) AS b FROM stored;
  INSERT INTO stored VALUES ('${AT}', 1, 'x', 'y')`;

beforeAll(async () => {
  database = await createDatabase();
  const sql = await openSql(database.url);
  await sql.query(TABLES);
  await sql.close();
  const rule = (name: string, groups: string, metric = 'spend'): string =>
    `  - { name: ${name}, type: threshold, metric: ${metric}, window: 1h, threshold: 1, group_by: [${groups}], notify: [hook] }`;
  folder = await makeFolder({
    'alerts.yaml': `version: 1
audit:
  url: ${database.url}
  table: calls
  columns: { time: at, cost: cost }
  dimensions: { a: a, b: b }
channels: { hook: { type: webhook, url: "http://127.0.0.1:9/", secret: 0123456789abcdef } }
rules:
${[rule('by-a', 'a'), rule('by-both', 'a, b'), rule('by-b', 'b'), rule('calls-by-both', 'a, b', 'calls')].join('\n')}
`,
  });
});
afterAll(async () => {
  await folder?.remove();
  await database?.drop();
});

async function problems(): Promise<unknown> {
  const config = await loadConfig(`${folder.path}/alerts.yaml`, {}, { sends: false });
  const { store } = await openAudit(config);
  try {
    expect((await store.inspect()).filter(({ level }) => level === 'fault')).toEqual([]);
    return await ruleProblems(config, store, Date.parse(AT));
  } finally {
    await store.close();
  }
}

it('rules whose query fails, though each column can be read, are named with the reason', async () => {
  expect(await problems()).toEqual([
    {
      level: 'fault',
      message: expect.stringMatching(/^rules by-both, calls-by-both: .*not both/),
      hint: expect.any(String),
    },
  ]);
});
