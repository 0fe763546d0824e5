import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dimensionsOf, openAudit } from '../../src/app.ts';
import { evaluateOnce } from '../../src/check/check.ts';
import { loadConfig } from '../../src/config/load.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { AppError } from '../../src/model/errors.ts';
import { evaluateRules, evaluationTimeOf } from '../../src/pipeline/evaluate-rules.ts';
import { openState, type State } from '../../src/state/open.ts';
import { openWorkerSums, type WorkerSums } from '../../src/worker/worker-sums.ts';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2025-03-10T02:05:00Z');
const RULES = `channels: { hook: { type: webhook, url: "http://127.0.0.1:9/", secret: whsec_c3BlbmR3YXRjaC10ZXN0LXNlY3JldA== } }
defaults: { notify: [hook] }
rules:
  - { name: by-service, type: threshold, metric: spend, window: 7d, group_by: [service], threshold: 10 }
  - { name: all-calls, type: threshold, metric: calls, window: 24h, threshold: 3 }
  - { name: by-user, type: anomaly, metric: spend, window: 6h, group_by: [user], baseline: 8d, zscore: 3 }
  - { name: slow, type: threshold, metric: tokens, window: 90m, threshold: 100000, for: 5m }
`;

describe('check beside a worker', () => {
  let audit: AuditDatabase;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let state: State;
  let keeper: WorkerSums;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    audit = await createAuditDatabase();
    folder = await makeFolder({
      'alerts.yaml': `version: 1\naudit: { url: "${audit.url}", preset: api_audit_logs }\n${RULES}`,
    });
    for (let hour = 0; hour < 9 * 24; hour += 1) {
      await audit.log({
        at: new Date(AT - hour * HOUR - 7 * MINUTE),
        service: hour % 3 === 0 ? 'search' : 'chat',
        user: `u${hour % 2}`,
        cost: `${(hour % 7) + 0.123456}`,
      });
    }
    await audit.log({ at: new Date(AT - 2 * DAY), service: 'chat', user: 'u1', model: 'gpt-9', cost: null });
    await work();
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    await Promise.all([audit?.drop(), folder?.remove()]);
  });

  /** What a worker does: a poll, and the work between polls until all is kept. */
  async function work(): Promise<void> {
    const config = await loadConfig(`${folder.path}/alerts.yaml`, {});
    const { sql, store } = await openAudit(config);
    if (sql === null) throw new Error('the store has no SQL');
    closing.push(() => sql.close());
    state = await openState(sql);
    keeper = openWorkerSums(config, store, state);
    const schedule = cronSchedule(config.schedule, config.timezone);
    const assignments = config.rules.map((rule) => ({ rule, times: [evaluationTimeOf(rule, AT, schedule)] }));
    for (const at of [AT - MINUTE, AT]) {
      await evaluateRules(keeper.source, config.timezone, assignments, at);
      while (!(await keeper.maintain(at)).isDone);
    }
  }

  async function check(...args: string[]) {
    const at = new Date(AT).toISOString();
    const { stdout, stderr } = await spendwatch(['check', '--at', at, '--format', 'json', ...args], {
      cwd: folder.path,
    });
    expect(stderr).toBe('');
    const { data, ...rest } = JSON.parse(stdout) as {
      data: Record<string, unknown>;
      rules: { observed: unknown }[];
    };
    return { data, rest };
  }

  const written = () =>
    audit.sql.query(`SELECT xmin::text, ctid::text FROM spendwatch.aggregate_watermark
      UNION ALL SELECT xmin::text, ctid::text FROM spendwatch.aggregate_bucket ORDER BY 1, 2`);

  it('answers from kept sums as the store does, and writes none of them', async () => {
    const before = await written();
    const kept = await check();
    const direct = await check('--direct');
    expect(kept.data.source).toBe('kept');
    expect(kept.data.reconciled_at).toBe(new Date(AT - MINUTE).toISOString().replace('.000', ''));
    expect(direct.data.source).toBe('direct');
    expect(direct.data).not.toHaveProperty('reconciled_at');
    expect(kept.rest).toEqual(direct.rest);
    expect({ ...kept.data, source: '', reconciled_at: '' }).toEqual({
      ...direct.data,
      source: '',
      reconciled_at: '',
    });
    expect(await written()).toEqual(before);
  });

  it('asks the store for no calls without a price, as a worker keeps their sums', async () => {
    const config = await loadConfig(`${folder.path}/alerts.yaml`, {});
    const { store } = await openAudit(config);
    closing.push(() => store.close());
    const parts = {
      store: { ...store, read: () => Promise.reject(new AppError('store_timeout', 'it was asked')) },
      source: keeper.source,
      dimensions: dimensionsOf(config),
      rules: config.rules,
      silences: [],
      zone: config.timezone,
      schedule: cronSchedule(config.schedule, config.timezone),
    };
    const { rules, unpriced, unpricedError, rowsConsidered } = await evaluateOnce(parts, AT);
    expect(unpricedError).toBeNull();
    expect(unpriced).toMatchObject({ calls: 1, models: [{ model: 'gpt-9', calls: 1 }] });
    expect(rules[0]?.unpricedOf(['chat'])).toBe(1);
    expect(rules[0]?.unpricedOf(['search'])).toBeNull();
    expect(rowsConsidered).toBe(7 * 24 + 1);
  });

  it('counts late rows, but not changes since the last reconcile', async () => {
    await audit.log({ at: new Date(AT - 3 * DAY), service: 'late', cost: '500' });
    const [before, after] = [await check(), await check('--direct')];
    expect(before.rest).toEqual(after.rest);
    expect(JSON.stringify(before.rest)).toContain('late');
    // Windows begin in other hours: their edges are always read.
    const change = (by: number) =>
      audit.sql.query(
        'UPDATE api_audit_logs SET cost_usd = cost_usd + $1 WHERE request_timestamp >= $2 AND request_timestamp < $3',
        [by, new Date(AT - 6 * DAY), new Date(AT - 5 * DAY)],
      );
    const observed = ({ rest }: Awaited<ReturnType<typeof check>>) => rest.rules.map((one) => one.observed);
    await change(700);
    expect(observed(await check())).toEqual(observed(before));
    expect(observed(await check('--direct'))).not.toEqual(observed(before));
    await change(-700);
  });

  it('reads from the store what a new rule needs and kept sums lack', async () => {
    const added = `${RULES}  - { name: by-model, type: threshold, metric: spend, window: 5d, group_by: [model], threshold: 1 }\n`;
    const more = await makeFolder({
      'alerts.yaml': `version: 1\naudit: { url: "${audit.url}", preset: api_audit_logs }\n${added}`,
    });
    try {
      const own = async (...args: string[]) => {
        const at = new Date(AT).toISOString();
        return JSON.parse(
          (await spendwatch(['check', '--at', at, '--format', 'json', ...args], { cwd: more.path })).stdout,
        );
      };
      const [kept, direct] = [await own(), await own('--direct')];
      expect(kept.rules).toEqual(direct.rules);
      expect(kept.data.source).toBe('kept');
    } finally {
      await more.remove();
    }
  });

  it('reads the store where kept sums are of another version', async () => {
    await audit.sql.query(
      `INSERT INTO spendwatch.migration (number, name) VALUES (9999, 'of a newer program')`,
    );
    try {
      expect((await check()).data.source).toBe('direct');
    } finally {
      await audit.sql.query('DELETE FROM spendwatch.migration WHERE number = 9999');
    }
  });
});
