import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgres } from '../../src/stores/postgres.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { beyondRow, rowVersionsOf } from '../../src/stores/row-versions.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';

let engine: EngineUnderTest;
beforeAll(async () => {
  engine = await startEngine('postgres');
  await postgres.open(engine.sql, {}, null).createTable();
});
afterAll(() => engine?.stop());

test('versions of rows cover the default table, also one that lacks later columns', async () => {
  const { mapping } = PRESETS.api_audit_logs;
  const beyond = () =>
    engine.sql.transaction({ readOnly: true }, async (session) => {
      const versions = await rowVersionsOf(mapping, session);
      return versions === null ? null : Object.keys(beyondRow(mapping, versions).columns);
    });
  expect(await beyond()).toEqual([]);
  await engine.sql.query('ALTER TABLE api_audit_logs DROP COLUMN cached_tokens, DROP COLUMN batch');
  expect(await beyond()).toEqual([]);
  // What is not optional and not there is read elsewhere, if at all.
  await engine.sql.query('ALTER TABLE api_audit_logs DROP COLUMN cost_usd');
  expect(await beyond()).toEqual(['cost']);
});
