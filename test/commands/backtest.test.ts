import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';

const HOSTILE = '<script>alert(1)</script>"&\u202e{a}\n';
const RANGE = ['--from', '2025-03-10', '--to', '2025-03-12T00:00:00Z', '--step', '1h'];

const alertsYaml = (url: string, warning: number): string => `version: 1
audit: { url: "${url}", preset: api_audit_logs }
channels:
  oncall: { type: webhook, url: "http://127.0.0.1:9/", secret: a secret of sixteen bytes }
  team: { type: webhook, url: "http://127.0.0.1:9/", secret: a secret of sixteen bytes }
defaults: { notify: [oncall, team] }
rules:
  - name: hourly-burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [service]
    thresholds: { warning: ${warning}, critical: 1000 }
  - { name: odd, type: anomaly, metric: spend, window: 1h, group_by: [service], notify: [team] }
silences:
  - match: { rule: hourly-burn, service: loadtest }
    from: 2025-03-01T00:00:00Z
    until: 2025-04-01T00:00:00Z
    reason: planned load test
`;

describe('backtest', () => {
  let audit: AuditDatabase;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  const backtest = (...args: string[]) => spendwatch(['backtest', ...args], { cwd: folder.path });

  beforeAll(async () => {
    audit = await createAuditDatabase();
    folder = await makeFolder({
      'alerts.yaml': alertsYaml(audit.url, 50),
      'other.yaml': alertsYaml(audit.url, 20),
    });
    const call = (day: number, hour: number, service: string, cost: string) => ({
      at: new Date(Date.UTC(2025, 2, day, hour, 30)),
      service,
      cost,
    });
    await audit.log(
      call(10, 1, 'search', '99.999997'),
      call(10, 1, HOSTILE, '60'),
      call(10, 2, 'search', '120'),
      call(11, 5, 'chat', '30'),
      call(11, 6, 'loadtest', '500'),
    );
  });
  afterAll(async () => {
    await Promise.all([audit?.drop(), folder?.remove()]);
  });

  it('prints one JSON object with every alert, exact', async () => {
    const { code, stdout, stderr } = await backtest(...RANGE, '--format', 'json', '--suggest', '7/week');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('99.999997');
    const { alerts, rules, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      from: '2025-03-10T00:00:00Z',
      to: '2025-03-12T00:00:00Z',
      step: '1h',
      timezone: 'UTC',
      instants: 48,
      diff: null,
    });
    expect(alerts).toHaveLength(2);
    expect(alerts[0]).toEqual({
      rule: 'hourly-burn',
      at: '2025-03-10T02:00:00Z',
      since: '2025-03-10T02:00:00Z',
      reason: 'new',
      ongoing: false,
      channels: ['oncall', 'team'],
      group: { service: 'search' },
      severity: 'warning',
      metric: 'spend',
      unit: 'USD',
      value: 99.999997,
      bound: 50,
      operator: '>=',
      window: { from: '2025-03-10T01:00:00Z', to: '2025-03-10T02:00:00Z' },
      baseline: null,
      zscore: null,
      onset: null,
      breakdown: {},
      calls: 1,
      per_day: 2399.999928,
    });
    expect(rules).toEqual([
      {
        name: 'hourly-burn',
        type: 'threshold',
        alerts: 2,
        messages: 2,
        silenced: 1,
        by_week: { '2025-W10': 0, '2025-W11': 2 },
        values: {
          min: 30,
          p50: expect.any(Number),
          p95: expect.any(Number),
          max: 500,
          over: [
            { severity: 'warning', bound: 50, share: 3 / 48 },
            { severity: 'critical', bound: 1000, share: 0 },
          ],
        },
        suggested: { limit: 60, alerts: 2, per_week: 7 },
        error: null,
      },
      {
        name: 'odd',
        type: 'anomaly',
        alerts: 0,
        messages: 0,
        silenced: 0,
        by_week: { '2025-W10': 0, '2025-W11': 0 },
        values: null,
        suggested: null,
        error: null,
      },
    ]);
  });

  it('prints one line per message, and the suggested limits', async () => {
    const { code, stdout } = await backtest(...RANGE, '--suggest', '7/week');
    expect(code).toBe(0);
    expect(stdout).toContain(
      '2 alerts from 2025-03-10 00:00 UTC to 2025-03-12 00:00 UTC, every 1h (48 instants)',
    );
    expect(stdout).toMatch(
      /2025-03-10 02:00 UTC +warning +hourly-burn +search \(\+1 more\) +\$100\.00 >= \$50\.00 +new/,
    );
    expect(stdout).toContain('hourly-burn: 2025-W11 2');
    expect(stdout).toContain('would have made 2 alerts, 7.0 a week');
    expect(stdout).not.toContain('\u202e');
  });

  it('lists what another file would add, or drop, over the same calls', async () => {
    const { code, stdout } = await backtest(...RANGE, '--diff', 'other.yaml', '--format', 'json');
    expect(code).toBe(0);
    const { diff } = JSON.parse(stdout);
    expect({ ...diff, added: diff.added.map(({ group }: { group: object }) => group) }).toEqual({
      file: 'other.yaml',
      same: 2,
      added: [{ service: 'chat' }],
      dropped: [],
      earlier: [],
      later: [],
      failed: [],
    });
    const back = await backtest(...RANGE, '-c', 'other.yaml', '--diff', 'alerts.yaml');
    expect(back.stdout).toContain('With alerts.yaml: 0 added, 1 dropped, 0 earlier, 0 later, 2 the same');
  });

  it('prints a self-contained report in which no name does harm', async () => {
    const { code, stdout } = await backtest(...RANGE, '--format', 'html', '--diff', 'other.yaml');
    expect(code).toBe(0);
    expect(stdout.startsWith('<!doctype html>')).toBe(true);
    expect(stdout).not.toMatch(/<script|<link|<img|\son\w+=|javascript:|@import|url\((?!#)/i);
    expect(stdout.match(/(?:src|href)="[^#]/g)).toBeNull();
    expect(stdout).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;[U+202E]{a}');
    expect(stdout.match(/<svg/g)?.length).toBe(2);
    expect(stdout).toContain('prefers-color-scheme: dark');
  });

  it('names windows in words in the report', async () => {
    const file = alertsYaml(audit.url, 50).replace(/window: 1h/, 'window: this_week');
    await writeFile(join(folder.path, 'week.yaml'), file);
    const { stdout } = await backtest(...RANGE, '-c', 'week.yaml', '--format', 'html');
    expect(stdout).toMatch(/&gt;= \$50\.00 \/ \$1,000\.00 this week<\/td>/);
    expect(stdout).toMatch(/z 3 over 28d in 1h<\/td>/);
  });

  it('replays the schedule of the file when it is asked to', async () => {
    const range = ['--from', '2025-03-10T01:50:00Z', '--to', '2025-03-10T02:40:00Z'];
    const { stdout } = await backtest(...range, '--step', 'schedule', '--format', 'json');
    expect(JSON.parse(stdout).instants).toBe(50);
  });

  it('counts one instant as one', async () => {
    const hour = ['--from', '2025-03-10T00:00:00Z', '--to', '2025-03-10T01:00:00Z', '--step', '1h'];
    expect((await backtest(...hour)).stdout).toContain('every 1h (1 instant)');
  });

  it('writes nothing, not even its own tables', async () => {
    await backtest(...RANGE);
    const [row] = await audit.sql.query<{ found: string | null }>(
      "SELECT to_regnamespace('spendwatch') AS found",
    );
    expect(row?.found).toBeNull();
  });

  it.each([
    ['without a range', [], /--from/],
    ['in the future', ['--from', '2025-03-10', '--to', '2999-01-01'], /future/],
    ['backwards', ['--from', '2025-03-11', '--to', '2025-03-10'], /not after/],
    ['of a rule that is not there', [...RANGE, '--rule', 'nope'], /no rule nope/],
    ['with a suggestion of what', [...RANGE, '--suggest', 'few'], /not a number of alerts/],
    ['with a format of its own', [...RANGE, '--format', 'pdf'], /Allowed are/],
    [
      'against a file that is not there',
      [...RANGE, '--diff', 'nowhere.yaml'],
      /nowhere\.yaml.*\n.*hint: name it with --diff$/m,
    ],
  ])('refuses to run %s, with exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await backtest(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('prints the other rules when one cannot be judged, and ends with exit code 1', async () => {
    const broken = alertsYaml(audit.url, 50)
      .replace('preset: api_audit_logs', '$&, dimensions: { team: no_such_column }')
      .replace(
        'metric: spend, window: 1h, group_by: [service]',
        'metric: spend, window: 1h, group_by: [team]',
      );
    await folder.write('broken.yaml', broken);
    const { code, stdout } = await backtest(...RANGE, '-c', 'broken.yaml', '--format', 'json');
    expect(code).toBe(1);
    const { alerts, rules } = JSON.parse(stdout);
    expect(alerts).toHaveLength(2);
    expect(rules.map(({ name, error }: { name: string; error: string | null }) => [name, error])).toEqual([
      ['hourly-burn', null],
      ['odd', expect.stringContaining('no_such_column')],
    ]);
  });

  it('says with exit code 1 that the store cannot be read', async () => {
    await folder.write('away.yaml', alertsYaml('postgres://nobody@127.0.0.1:1/x', 50));
    const { code, stdout, stderr } = await backtest(...RANGE, '-c', 'away.yaml');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('127.0.0.1');
  });
});
