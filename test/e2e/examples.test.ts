import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkSchema } from '../../src/check/schema.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OTHERS = ['reports.yaml'];
const EXAMPLES = readdirSync(`${ROOT}examples`).filter(
  (file) => file.endsWith('.yaml') && !OTHERS.includes(file),
);

let audit: AuditDatabase;
beforeAll(async () => {
  audit = await createAuditDatabase();
  await audit.log({ at: justNow(), service: 'search', cost: '1.25' });
});
afterAll(() => audit?.drop());

it.each(Object.keys(ruleTypes))('%s has a page and an example', (type) => {
  expect(existsSync(`${ROOT}docs/rules/${type}.md`), `docs/rules/${type}.md`).toBe(true);
  expect(EXAMPLES).toContain(`${type}.yaml`);
});

it.each(EXAMPLES)('%s is valid, needs no advice, has a rule of its type, and runs', async (file) => {
  const run = (...args: string[]) =>
    spendwatch([...args, '--config', `${ROOT}examples/${file}`], {
      cwd: `${ROOT}examples`,
      env: { AUDIT_DATABASE_URL: audit.url },
    });
  const [validated, checked] = await Promise.all([run('validate'), run('check', '--format', 'json')]);
  expect(validated).toMatchObject({ code: 0, stderr: '' });
  const { rules } = checkSchema.parse(JSON.parse(checked.stdout));
  expect(rules.map(({ type }) => type)).toContain(file.replace('.yaml', ''));
  expect(rules.map(({ status }) => status)).not.toContain('error');
});

it('reports.yaml is valid, and prints its reports', async () => {
  const run = (...args: string[]) =>
    spendwatch([...args, '--config', `${ROOT}examples/reports.yaml`], {
      cwd: `${ROOT}examples`,
      env: { AUDIT_DATABASE_URL: audit.url },
    });
  const [validated, weekly, monthly] = await Promise.all([
    run('validate'),
    run('report', 'weekly', '--format', 'json'),
    run('report', 'search-monthly', '--format', 'csv'),
  ]);
  expect(validated).toMatchObject({ code: 0, stderr: '' });
  expect(weekly).toMatchObject({ code: 0 });
  expect(JSON.parse(weekly.stdout)).toMatchObject({ report: 'weekly', period: 'week', troubles: [] });
  expect(monthly).toMatchObject({ code: 0 });
  expect(monthly.stdout).toMatch(/^section,name,/);
});
