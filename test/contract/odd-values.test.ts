import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backtest } from '../../src/backtest/backtest.ts';
import { evaluateOnce } from '../../src/check/check.ts';
import type { Config } from '../../src/config/config.ts';
import { Secret } from '../../src/model/secret.ts';
import type { PollReport } from '../../src/pipeline/poll.ts';
import { openWorkerSums, type WorkerSums } from '../../src/worker/worker-sums.ts';
import { partsOf } from '../backtest/scene.ts';
import { checkOf } from '../check/check-parts.ts';
import { burn, HOUR, MINUTE, openPollWorld, type PollWorld } from '../pipeline/poll-world.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { ENGINES } from '../support/sql-engines.ts';

const AT = Date.parse('2026-03-10T10:07:00Z');

const SPEND = burn();
const ERRORS = ruleOf('threshold', {
  name: 'errors',
  metric: 'errors',
  window: '10m',
  group_by: ['service'],
  threshold: 1,
});

const statusOf = ({ rules }: PollReport) =>
  Object.fromEntries(rules.map(({ rule, latest, error }) => [rule.name, error?.code ?? latest?.status]));

describe.each(ENGINES)('one odd value of a column, in %s', (engine) => {
  let world: PollWorld;
  beforeEach(async () => {
    world = await openPollWorld(engine);
    await world.calls.sql.query('ALTER TABLE api_audit_logs ALTER status_code TYPE text');
    await world.calls.log(
      { at: AT - 40 * HOUR, cost: 3 },
      { at: AT - 5 * MINUTE, cost: 70, status: 500 },
      { at: AT - 4 * MINUTE, cost: 1, service: 'chat' },
    );
  });
  afterEach(() => world?.stop());

  const makeOdd = (minutesAgo: number) =>
    world.calls.sql.query(`UPDATE api_audit_logs SET status_code = 'timeout' WHERE request_timestamp = $1`, [
      new Date(AT - minutesAgo * MINUTE),
    ]);
  const mend = () =>
    world.calls.sql.query(`UPDATE api_audit_logs SET status_code = '500' WHERE status_code = 'timeout'`);

  const keeperOf = (bypassed: (reason: string) => void): WorkerSums => {
    const audit = {
      url: new Secret(world.calls.url),
      mapping: { table: 'api_audit_logs', columns: {}, dimensions: {}, timeKind: 'timestamptz' },
      prices: null,
      latenessMs: 15 * MINUTE,
      reconcileMs: HOUR,
    };
    const listener = { bypassed, troubled: () => undefined };
    return openWorkerSums(
      { audit, rules: [], timezone: 'UTC' } as unknown as Config,
      world.calls.store,
      world.state,
      listener,
    );
  };

  test('is an error of the rules that use it alone, which names the key and the cure', async () => {
    await makeOdd(4);
    const result = await evaluateOnce(checkOf(world.calls, [SPEND, ERRORS]), AT);
    expect(result.rules.map(({ rule, status }) => [rule.name, status])).toEqual([
      ['burn', 'firing'],
      ['errors', 'error'],
    ]);
    expect(result.rules[1]?.error).toMatch(
      /^audit\.columns\.status \(column "status_code"\) cannot be read as a number.*"timeout"/,
    );
    expect(result.rules[1]?.error).toContain(
      `CASE WHEN status_code ~ '^[0-9]{3}$' THEN status_code::integer END`,
    );
    expect(result.rowsConsidered).toBe(2);
    // What drives the finding is of the same columns as the finding.
    expect(result.rules[0]?.findings[0]?.finding.breakdown.model).toMatchObject([{ key: 'gpt-4.1' }]);
  });

  test('leaves the other rules in the kept sums, to which its own rules return', async () => {
    const reasons: string[] = [];
    const keeper = keeperOf((reason) => reasons.push(reason));
    const rules = [SPEND, ERRORS, burn({ name: 'week', window: '2d', group_by: [] })];
    const pollAt = async (at: number) => statusOf(await world.poll(rules, at, { source: keeper.source }));
    const build = async (at: number) => {
      while (!(await keeper.maintain(at)).isDone);
    };
    const openAt = async (at: number) => {
      const query = {
        measures: ['cost' as const],
        where: {},
        groupBy: [],
        windows: [{ from: at - HOUR, to: at }],
      };
      const failed = { ...query, measures: ['failed' as const] };
      const seen = await keeper.source.refresh?.([query, failed], at);
      return seen?.series.map((series) => series !== null);
    };

    expect(await pollAt(AT)).toEqual({ burn: 'firing', errors: 'firing', week: 'firing' });
    await build(AT);
    await makeOdd(4);
    for (const minute of [1, 2]) {
      expect(await pollAt(AT + minute * MINUTE)).toEqual({
        burn: 'firing',
        errors: 'store_query_failed',
        week: 'firing',
      });
      await build(AT + minute * MINUTE);
    }
    expect(await openAt(AT + 2 * MINUTE)).toEqual([true, false]);
    await mend();
    expect(await pollAt(AT + 3 * MINUTE)).toEqual({ burn: 'firing', errors: 'firing', week: 'firing' });
    await build(AT + 3 * HOUR);
    expect(await pollAt(AT + 3 * HOUR)).toEqual({ burn: 'ok', errors: 'ok', week: 'firing' });
    await build(AT + 3 * HOUR);
    expect(await openAt(AT + 3 * HOUR + MINUTE)).toEqual([true, true]);
    expect(reasons).toEqual([]);
  });

  test('found by the first build of the kept sums keeps no other rule out of them', async () => {
    await makeOdd(40 * 60);
    const keeper = keeperOf(() => undefined);
    const long = ruleOf('threshold', { name: 'long', metric: 'errors', window: '2d', threshold: 1 });
    const rules = [burn({ name: 'week', window: '2d' }), long];
    const known: (boolean | undefined)[] = [];
    for (const minute of [0, 1, 2]) {
      const at = AT + minute * MINUTE;
      expect(statusOf(await world.poll(rules, at, { source: keeper.source }))).toEqual({
        week: 'firing',
        long: 'store_query_failed',
      });
      const two = { where: {}, groupBy: ['service'], windows: [{ from: at - 48 * HOUR, to: at }] };
      const seen = await keeper.source.refresh?.([{ ...two, measures: ['cost'] }], at);
      known.push(seen?.series.every((series) => series !== null));
      // What cannot be read is told once; the next poll leaves it out.
      await keeper.maintain(at).catch(() => undefined);
      for (let more = true; more; )
        more = !(await keeper.maintain(at).catch(() => ({ isDone: true }))).isDone;
    }
    expect(known.at(-1)).toBe(true);
  });

  test('a cost that is a text is an error of the rules that sum it', async () => {
    await world.calls.sql.query(
      "ALTER TABLE api_audit_logs ALTER cost_usd TYPE text; UPDATE api_audit_logs SET status_code = '200'",
    );
    const { rules } = await evaluateOnce(
      checkOf(world.calls, [burn({ thresholds: { warning: 500 } }), ERRORS]),
      AT,
    );
    expect(rules.map(({ rule, status }) => [rule.name, status])).toEqual([
      ['burn', 'error'],
      ['errors', 'ok'],
    ]);
    expect(rules[0]?.error).toMatch(/^audit\.columns\.cost \(column "cost_usd"\) cannot be read as a number/);
  });

  test('leaves the other rules of a backtest as they are', async () => {
    await makeOdd(4);
    const rules = [SPEND, ERRORS];
    const [from, to] = [AT - HOUR, AT + HOUR];
    const play = { rules, from, to, stepMs: MINUTE };
    const { rules: tested } = await backtest(partsOf({ store: world.calls.store }, play), {
      from,
      to,
      perWeek: null,
      withSeries: false,
    });
    expect(tested.map(({ rule, error, alerts }) => [rule.name, error === null, alerts.length])).toEqual([
      ['burn', true, 1],
      ['errors', false, 0],
    ]);
    expect(tested[1]?.error).toContain('audit.columns.status');
  });
});
