import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';

const AT = '2025-03-10T02:05:00Z';
const RULES = `rules:
  - name: hourly-burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [service]
    thresholds: { warning: 50, critical: 100 }
    notify: [oncall, finance, billing]
  - { name: a-warning, type: threshold, metric: calls, window: 1h, threshold: 3, notify: [oncall] }
  - { name: calm, type: threshold, metric: spend, window: 1h, threshold: 322.456790, notify: [oncall] }
  - { name: no-calls, type: threshold, metric: error_rate, window: 5m, threshold: 0.5, notify: [oncall] }
  - { name: hushed, type: threshold, metric: spend, window: 1h, threshold: 1, severity: critical, notify: [billing] }
silences:
  - match: { rule: hushed }
    from: 2025-03-10T00:00:00Z
    until: 2025-03-11T00:00:00Z
    reason: planned load test
`;

describe('check', () => {
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;

  const check = (...args: string[]) => spendwatch(['check', '--at', AT, ...args], { cwd: folder.path });
  const alertsYaml = (url: string, rules = RULES): string =>
    `version: 1\naudit: { url: "${url}", preset: api_audit_logs }\n${ends.channels}\n${rules}`;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    ends = await startReceivers();
    folder = await makeFolder({ 'alerts.yaml': alertsYaml(audit.url) });
    const call = (time: string, service: string, cost: string, model: string) => ({
      at: new Date(`2025-03-10T${time}Z`),
      service,
      cost,
      model,
    });
    await audit.log(
      call('01:04:59', 'search', '9000.000000', 'gpt-4.1'),
      call('01:05:00', 'search', '300.100000', 'gpt-4.1'),
      call('01:30:00', 'search', '12.356789', 'gpt-4.1-mini'),
      call('01:59:58', 'quiet', '10.000000', 'gpt-4.1'),
      call('02:05:00', 'search', '9000.000000', 'gpt-4.1'),
    );
  });

  afterAll(async () => {
    await Promise.all([ends?.close(), audit?.drop(), folder?.remove()]);
  });

  it('prints one JSON object with exactly the promised keys and exact sums', async () => {
    const { code, stdout, stderr } = await check('--format', 'json', '--rule', 'hourly-burn');
    expect(JSON.parse(stdout)).toEqual({
      at: '2025-03-10T02:05:00Z',
      status: 'critical',
      data: { newest_row: '2025-03-10T01:59:58Z', rows_considered: 3, source: 'direct' },
      rules: [
        {
          name: 'hourly-burn',
          type: 'threshold',
          status: 'firing',
          severity: 'critical',
          observed: [
            { group: { service: 'search' }, value: 312.456789 },
            { group: { service: 'quiet' }, value: 10 },
          ],
          findings: [
            {
              group: { service: 'search' },
              severity: 'critical',
              metric: 'spend',
              unit: 'USD',
              value: 312.456789,
              bound: 100,
              operator: '>=',
              window: { from: '2025-03-10T01:05:00Z', to: '2025-03-10T02:05:00Z' },
              onset: null,
              baseline: null,
              zscore: null,
              breakdown: {
                model: [
                  { key: 'gpt-4.1', value: 300.1, calls: 1 },
                  { key: 'gpt-4.1-mini', value: 12.356789, calls: 1 },
                ],
                user: [{ key: 'u1', value: 312.456789, calls: 2 }],
                endpoint: [{ key: '/v1/chat', value: 312.456789, calls: 2 }],
              },
              calls: 2,
              per_day: 7498.962936,
              yesterday: 0,
              week_ago: 0,
              split: {
                against: { from: '2025-03-10T00:05:00Z', to: '2025-03-10T01:05:00Z' },
                before: 9000,
                now: 312.456789,
                change: -8687.543211,
                calls: 9000,
                mix: -8987.643211,
                length: 0,
                price: -8699.9,
              },
            },
          ],
          error: null,
        },
      ],
    });
    expect(stderr).toBe('');
    expect(code).toBe(2);
  });

  it('prints the line that monitoring systems read', async () => {
    const one = await check('--format', 'nagios', '--rule', 'hourly-burn');
    expect(one.stdout).toBe(
      "SPEND CRITICAL - hourly-burn: search $312.46 >= $100.00 in 1h | 'hourly-burn'=312.46;50;100\n",
    );
    const calm = await check('--format', 'nagios', '--rule', 'calm', '--rule', 'no-calls');
    expect(calm.stdout).toMatch(/^SPEND OK - .*\| 'calm'=322\.46;322\.45679; 'no-calls'=U;0\.5;\n$/);
    const all = await check('--format', 'nagios');
    expect(all.stdout).toMatch(
      /^SPEND CRITICAL - .* \(\+\d more\) \| 'hourly-burn'=312\.46;50;100 'a-warning'=3;3; /,
    );
    expect(all.stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('shows people the sums, what drives them, and why a finding is silenced', async () => {
    const { stdout } = await check();
    expect(stdout).toMatch(/^CRITICAL as of /);
    expect(stdout).toContain('hourly-burn: search  $312.46 >= $100.00');
    expect(stdout).toContain('by model: gpt-4.1 $300.10 (1 call), gpt-4.1-mini $12.36 (1 call)');
    expect(stdout).toMatch(/silenced until .*: planned load test/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('ends with the code of what fires: critical 2, warning 1, nothing or no data 0', async () => {
    const codes = await Promise.all(
      ['hourly-burn', 'a-warning', 'calm', 'no-calls', 'hushed'].map(
        async (rule) => (await check('--rule', rule)).code,
      ),
    );
    expect(codes).toEqual([2, 1, 0, 0, 2]);
  });

  it('ends with 3 and a hint for what is not known', async () => {
    const unknown = await check('--rule', 'hourly-brun');
    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toContain('hint: its rules are: hourly-burn, a-warning');
    const misspelt = await spendwatch(['check', '--fromat', 'json'], { cwd: folder.path });
    expect(misspelt.code).toBe(3);
    expect(misspelt.stderr).toContain('--format');
    const format = await check('--format', 'xml');
    expect(format.code).toBe(3);
    const zoneless = await spendwatch(['check', '--at', '2025-03-10T02:05:00'], { cwd: folder.path });
    expect(zoneless.code).toBe(3);
    expect(zoneless.stderr).toContain('with a zone');
  });

  it('ends with 3 for a bad file, with each fault on a line of its own that begins with its place', async () => {
    const other = await makeFolder({
      'alerts.yaml': alertsYaml(
        audit.url,
        'rules: [{ name: x, type: treshold }, { name: y, type: anomoly }]',
      ),
    });
    const { code, stderr } = await spendwatch(['check'], { cwd: other.path });
    await other.remove();
    expect(code).toBe(3);
    expect(stderr.match(/^\S*alerts\.yaml:\d+:\d+ /gm)).toHaveLength(2);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('says in one clear line, and in the same JSON object, that the store cannot be reached', async () => {
    const other = await makeFolder({
      'alerts.yaml': alertsYaml('postgres://watcher:pa55-w0rd-x@127.0.0.1:1/none'),
    });
    const { code, stdout, stderr } = await spendwatch(['check', '--format', 'json'], { cwd: other.path });
    const nagios = await spendwatch(['check', '--format', 'nagios'], { cwd: other.path });
    const table = await spendwatch(['check'], { cwd: other.path });
    await other.remove();
    expect([code, nagios.code, table.code]).toEqual([3, 3, 3]);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    const printed = JSON.parse(stdout) as {
      status: string;
      data: unknown;
      rules: { status: string; error: string }[];
    };
    expect(printed.status).toBe('unknown');
    expect(printed.data).toEqual({ newest_row: null, rows_considered: 0 });
    expect(printed.rules).toHaveLength(5);
    expect(printed.rules[0]).toMatchObject({ status: 'error', observed: [], findings: [], severity: null });
    expect(printed.rules[0]?.error).toContain('127.0.0.1');
    expect(nagios.stdout).toMatch(
      /^SPEND UNKNOWN - [^\n|]*127\.0\.0\.1[^\n|]*\| 'hourly-burn'=U;50;100 [^\n]*\n$/,
    );
    const everything = stdout + stderr + nagios.stdout + nagios.stderr + table.stdout + table.stderr;
    expect(everything).not.toContain('pa55-w0rd-x');
  });

  it('needs no state store, and leaves none behind, without --notify', async () => {
    const [found] = await audit.sql.query("SELECT to_regnamespace('spendwatch') IS NULL AS absent");
    expect(found).toEqual({ absent: true });
  });

  it('with --notify sends each notification once, and nothing that is silenced', async () => {
    const first = await check('--notify', '--rule', 'hourly-burn', '--rule', 'hushed');
    expect(first.code).toBe(2);
    expect(ends.counts()).toEqual({ mails: 1, posts: 1, hooks: 1 });
    expect(ends.hooks[0]?.verified).toBe(true);
    expect(ends.hooks[0]?.body).toContain('"rule":"hourly-burn"');
    // The other rule's first message, and no second one of any.
    for (const _ of ['later', 'and later still']) {
      expect((await check('--notify')).code).toBe(2);
      expect(ends.counts()).toEqual({ mails: 1, posts: 2, hooks: 1 });
    }
    // A minute later a call of $9,000 lies in the window: more than ten times what was said.
    const grown = ['check', '--notify', '--rule', 'hourly-burn', '--at', '2025-03-10T02:06:00Z'];
    expect((await spendwatch(grown, { cwd: folder.path })).code).toBe(2);
    expect(ends.counts()).toEqual({ mails: 2, posts: 3, hooks: 2 });
  });
});
