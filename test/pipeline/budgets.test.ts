import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import { openLiveSource } from '../support/live-source.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { DAY, HOUR, MINUTE, reasonsOf, silenceOf } from './poll-world.ts';

const BEGIN = Date.parse('2026-11-01T00:00:00Z');
const END = Date.parse('2026-12-01T00:00:00Z');
/** So that a poll a day does not look at every minute between. */
const TEN_MINUTES = cronSchedule('*/10 * * * *', 'UTC');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const budgetOf = (keys: object = {}) =>
  ruleTypes.budget.schema.parse({
    type: 'budget',
    name: 'monthly',
    period: 'month',
    group_by: ['service'],
    amounts: { search: 100, batch: 50 },
    ...keys,
  })({ severity: 'warning', notify: world.notify });

type BudgetRule = ReturnType<typeof budgetOf>;

/** What programs are told at each of some instants, as `escalated critical search 104`. */
async function told(rule: BudgetRule, ...instants: number[]): Promise<string[]> {
  const events: string[] = [];
  for (const at of instants) {
    const report = await world.poll([rule], at, { schedule: TEN_MINUTES });
    for (const message of world.messagesToPrograms(report)) {
      const { type, data } = JSON.parse(message.json);
      for (const { reason, finding } of data.alerts) {
        const forecast = finding.budget.projected === null ? '' : 'forecast ';
        const what = `${forecast}${finding.severity} ${finding.group.service} ${finding.value}`;
        events.push(type === 'alert.resolved' ? `${reason}, it was ${what}` : `${reason} ${what}`);
      }
    }
    await world.allTried();
  }
  return events;
}

describe('a budget', () => {
  it('is told once per step and period, whatever the day, and again in the next period', async () => {
    const rule = budgetOf();
    await world.spend(85, BEGIN + HOUR);
    expect(await told(rule, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR)).toEqual(['new warning search 85']);
    await world.spend(10, BEGIN + DAY);
    expect(await told(rule, BEGIN + DAY + HOUR, BEGIN + 9 * DAY)).toEqual([]);
    await world.spend(9, BEGIN + 10 * DAY);
    // Twelve times as much is no news either.
    expect(await told(rule, BEGIN + 11 * DAY)).toEqual(['escalated critical search 104']);
    await world.spend(1100, BEGIN + 12 * DAY);
    expect(await told(rule, BEGIN + 13 * DAY, END)).toEqual([]);
    await world.spend(1, END + MINUTE);
    expect(await told(rule, END + 10 * MINUTE, END + HOUR)).toEqual([
      expect.stringMatching(/^ended, it was critical search 1204$/),
    ]);
    await world.spend(80, END + 2 * HOUR);
    expect(await told(rule, END + 3 * HOUR, END + 4 * HOUR)).toEqual(['new warning search 81']);
  });

  it('is told for one group when its amount changes, and for no other', async () => {
    await world.spend(85, BEGIN + HOUR);
    await world.spend(45, BEGIN + HOUR, 'batch');
    const first = await told(budgetOf(), BEGIN + 2 * HOUR, BEGIN + 3 * HOUR);
    expect(first.sort()).toEqual(['new warning batch 45', 'new warning search 85']);
    const raised = budgetOf({ amounts: { search: 104, batch: 50 } });
    expect(await told(raised, BEGIN + 4 * HOUR, BEGIN + 5 * HOUR)).toEqual(['ongoing warning search 85']);
    await world.spend(19, BEGIN + 5 * HOUR);
    expect(await told(raised, BEGIN + 6 * HOUR)).toEqual(['escalated critical search 104']);
    const high = budgetOf({ amounts: { search: 1000, batch: 50 } });
    expect(await told(high, BEGIN + 7 * HOUR, BEGIN + 8 * HOUR)).toEqual([
      expect.stringMatching(/^resolved, it was .* search 104$/),
    ]);
  });

  it('is resolved by credits, and reopened by new calls', async () => {
    const rule = budgetOf();
    await world.spend(85, BEGIN + HOUR);
    await told(rule, BEGIN + 2 * HOUR);
    await world.spend(-20, BEGIN + 3 * HOUR);
    await world.others(BEGIN + 3 * HOUR, 90);
    expect(await told(rule, BEGIN + 4 * HOUR, BEGIN + 4 * HOUR + 20 * MINUTE)).toEqual([
      'resolved, it was warning search 85',
    ]);
    await world.spend(20, BEGIN + 5 * HOUR);
    expect(await told(rule, BEGIN + 6 * HOUR)).toEqual(['reopened warning search 85']);
  });

  it('tells people of both periods in one message, where a worker missed the end of a period', async () => {
    await world.spend(50, END - DAY);
    expect(await told(budgetOf(), END - 4 * HOUR)).toEqual([]);
    await world.spend(40, END - 5 * MINUTE);
    await world.spend(105, END + 5 * MINUTE);
    const report = await world.poll([budgetOf()], END + 2 * HOUR, { schedule: TEN_MINUTES });
    const [message, ...others] = world.toPeople(report);
    expect(others).toEqual([]);
    expect(message?.title).toBe('[CRITICAL] monthly: search $105.00 this month (105 % of $100) (+1 more)');
    expect(message?.lead[0]).toMatch(
      /^Service search spent \$105 this month, 105 % of its \$100 for December;/,
    );
    expect(message?.sections.map(({ headline }) => headline)).toEqual([
      'service search: $105.00 this month',
      'service search: $90.00 this month, as of 2026-12-01 00:00 UTC',
    ]);
    await world.allTried();
    expect(await told(budgetOf(), END + 3 * HOUR)).toEqual([]);
  });

  it('tells all groups in one message, whatever their amounts', async () => {
    await world.spend(85, BEGIN + HOUR);
    await world.spend(45, BEGIN + HOUR, 'batch');
    const report = await world.poll([budgetOf()], BEGIN + 2 * HOUR);
    expect(world.messagesToPrograms(report)).toHaveLength(1);
    expect(
      world
        .toPeople(report)
        .map(({ lead }) => lead[0])
        .sort()[0],
    ).toBe(
      'Service batch spent $45 this month, 90 % of its $50 for November; svc-indexer on gpt-4.1 makes up all of it. At this rate: $540 a day.',
    );
  });
});

describe('the forecast of a budget', () => {
  const foreseeing = (keys: object = {}) =>
    budgetOf({ amounts: { search: 3000 }, forecast: 'warning', ...keys });

  /** So many dollars a day, in four calls, on whole days from the first of October on. */
  async function daily(cost: number, from: number, days: number): Promise<void> {
    const quarters = Array.from({ length: days * 4 }, (_, i) => from + i * 6 * HOUR + MINUTE);
    await world.calls.log(
      ...quarters.map((at) => ({ at, cost: cost / 4, service: 'search', user: 'u', model: 'm' })),
    );
  }

  it('is an alert beside the steps: told once, with the day, and ended without a word once the amount is spent', async () => {
    const rule = foreseeing();
    await daily(90, BEGIN - 31 * DAY, 31);
    await daily(110, BEGIN, 29);
    const polls = Array.from({ length: 30 }, (_, day) => BEGIN + day * DAY + HOUR);
    expect(await told(rule, ...polls)).toEqual([
      // After 9 days: 9 × 110, and for each day left the mean of four weekdays, some of which were the cheaper ones.
      expect.stringMatching(/^new forecast warning search \d+/),
      expect.stringMatching(/^new warning search 24\d\d/),
      expect.stringMatching(/^escalated critical search 31\d\d/),
      expect.stringMatching(/^ended, it was forecast warning search \d+/),
    ]);
    expect(await world.openAlerts()).toHaveLength(1);
  });

  it('is told to people with its range and its day, and not again when it comes and goes', async () => {
    const rule = foreseeing({ amounts: { search: 3270 } });
    await daily(110, BEGIN - 28 * DAY, 28 + 15);
    await world.spend(5, BEGIN + 15 * DAY + HOUR);
    const at = BEGIN + 15 * DAY + 6 * HOUR;
    const first = await world.poll([rule], at);
    const [message] = world.toPeople(first);
    expect(message?.title).toBe(
      '[WARNING] monthly: search $1,655.00 this month (on course for $3,280, budget $3,270)',
    );
    expect(message?.lead[0]).toMatch(
      /^Service search spent \$1,655 this month, on course for \$3,280 by the end of November \(\$3,\d+ to \$3,\d+\); the \$3,270 are gone on the 30th/,
    );
    expect(message?.sections[0]?.facts.map(([label]) => label)).toEqual(
      expect.arrayContaining(['Value', 'Budget', 'On course for', 'Gone', 'Foreseen since']),
    );
    await world.allTried();
    // A credit takes it off course, new calls bring it back.
    await world.spend(-50, at);
    expect(await told(rule, at + 10 * MINUTE, at + 40 * MINUTE)).toEqual([
      expect.stringMatching(/^ended, it was forecast warning search/),
    ]);
    await world.spend(90, at + HOUR);
    const back = await world.poll([rule], at + 2 * HOUR);
    expect(back.rules[0]?.verdicts.map(({ reason }) => reason)).toEqual(['duplicate']);
    expect(back.queued).toEqual([]);
  });

  it('is silenced with its rule, and told again in the next period', async () => {
    const rule = foreseeing();
    await daily(110, BEGIN - 28 * DAY, 28 + 35);
    const at = BEGIN + 5 * DAY;
    const silences = [silenceOf('monthly', at - DAY, at + DAY)];
    const silenced = await world.poll([rule], at, { silences });
    expect(reasonsOf(silenced)).toEqual(['silenced']);
    expect(await told(rule, at + 2 * DAY, END + 4 * DAY)).toEqual([
      expect.stringMatching(/^new forecast/),
      expect.stringMatching(/^new forecast/),
    ]);
  });

  it('is the same by kept sums as by the store alone, over most of a year', async () => {
    const rule = foreseeing({ period: 'year', amounts: { search: 3500 }, steps: { info: '50%' } });
    const first = Date.parse('2026-01-10T00:00:00Z');
    await daily(10, first, 300);
    const at = first + 300 * DAY + HOUR;
    const { live, source } = openLiveSource(world.calls.store);
    const zone = 'America/New_York';
    await world.poll([rule], at - MINUTE, { source, zone });
    await live.backfill(20_000);
    await world.forget();
    const kept = await world.poll([rule], at, { source, zone });
    await world.forget();
    const alone = await world.poll([rule], at, { zone });
    const found = (report: typeof alone) => report.rules[0]?.latest?.firing;
    expect(found(kept)?.map(({ variant }) => variant)).toEqual([undefined, 'forecast']);
    expect(found(kept)).toEqual(found(alone));
  });
});
