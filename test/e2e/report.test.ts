import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import { openState } from '../../src/state/open.ts';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';

const MONDAY = new Date('2026-11-02T09:00:00Z');
const AT = '2026-11-10T07:00:00Z';

const file = (url: string, reports: string) => `version: 1
timezone: Europe/Berlin
audit: { url: "${url}" }
channels:
  ops: { type: slack, token: "\${SLACK_BOT_TOKEN}", channel: "#spend" }
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 5 }
${reports}`;

const REPORTS = `reports:
  - { name: weekly, schedule: "0 8 * * mon", period: week }
  - { name: daily, schedule: "0 8 * * *", period: day }
`;

let audit: AuditDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  audit = await createAuditDatabase();
  await audit.log(
    { at: MONDAY, service: 'search', cost: '1.25' },
    { at: new Date(MONDAY.getTime() - 7 * 86_400_000), service: '=cmd', cost: '0.5' },
  );
  folder = await makeFolder({
    'alerts.yaml': file(audit.url, REPORTS),
    'none.yaml': file(audit.url, ''),
    'away.yaml': file('postgres://nobody@127.0.0.1:1/none', REPORTS),
  });
});
afterAll(async () => {
  await folder?.remove();
  await audit?.drop();
});

const report = (...args: string[]) => spendwatch(['report', ...args], { cwd: folder.path });

describe('spendwatch report', () => {
  it('prints the period that had ended last, without a state store and without secrets of channels', async () => {
    const { code, stdout, stderr } = await report('weekly', '--at', AT, '--format', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      report: 'weekly',
      window: { from: '2026-11-01T23:00:00Z', to: '2026-11-08T23:00:00Z' },
      spend: { value: 1.25, previous_value: 0.5, change: 0.75, ratio: 2.5 },
      incidents: null,
      troubles: [],
    });
    expect(stderr).toContain('warning: ');
    expect(stderr).toContain('SLACK_BOT_TOKEN');
    expect(stderr).toContain('incidents are not shown: no worker of this version has kept anything');
  });

  it('prints a table for spreadsheets', async () => {
    const { code, stdout } = await report('weekly', '--at', AT, '--format', 'csv');
    expect(code).toBe(0);
    const lines = parse(stdout, { columns: true }) as Record<string, string>[];
    expect(lines[0]).toMatchObject({
      section: 'total',
      name: 'weekly',
      value: '1.25',
      previous_value: '0.5',
    });
    expect(lines.filter(({ section }) => section === 'mover').map(({ key }) => key)).toContain("'=cmd");
  });

  it('shows the incidents of the period where a worker keeps its state', async () => {
    const sql = await openSql(audit.url);
    await openState(sql);
    await sql.query(
      `INSERT INTO spendwatch.incident (id, subject, step, opened_at, closed_at)
       VALUES ('inc-1', '["service","search"]', 3, $1, $2), ('inc-0', '["service","search"]', 2, $3, $4)`,
      [MONDAY, new Date(MONDAY.getTime() + 3_600_000), new Date('2026-10-01'), new Date('2026-10-02')],
    );
    await sql.query(
      `INSERT INTO spendwatch.notification
         (fingerprint, group_id, period, rule_name, group_json, step, value, growth, notified_at, since, incident)
       VALUES ('f', 'g', 'day/x', 'burn', '[]', 3, '1', 0, $1, $1, 'inc-1')`,
      [MONDAY],
    );
    await sql.close();
    const { stdout, stderr } = await report('weekly', '--at', AT, '--format', 'json');
    expect(stderr).not.toContain('incidents');
    expect(JSON.parse(stdout).incidents).toEqual([
      {
        id: 'inc-1',
        subject: 'service search',
        severity: 'critical',
        rules: ['burn'],
        opened_at: '2026-11-02T09:00:00Z',
        closed_at: '2026-11-02T10:00:00Z',
        cost: 1.25,
      },
    ]);
  });
});

describe('spendwatch report exits with', () => {
  it('2 for a name that no report has, and names those that there are', async () => {
    const { code, stderr } = await report('weekli');
    expect(code).toBe(2);
    expect(stderr).toContain(`there is no report weekli in ${join(folder.path, 'alerts.yaml')}`);
    expect(stderr).toContain('did you mean "weekly"?');
    expect((await report('quarterly')).stderr).toContain('its reports are: weekly, daily');
  });

  it('2 for a file without reports, and says how to add one', async () => {
    const { code, stderr } = await report('weekly', '-c', 'none.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('add one: reports: [{ name: weekly, schedule: "0 8 * * mon", period: week }]');
  });

  it('1 for a store that nobody answers for', async () => {
    const { code, stdout, stderr } = await report('weekly', '-c', 'away.yaml');
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('127.0.0.1:1');
  });
});
