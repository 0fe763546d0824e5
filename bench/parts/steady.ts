import { type Asker, type Bench, HOUR, polls, withAsker } from '../bench.ts';
import { type Counters, counted, median, rowsFetched } from '../measure.ts';
import { floorStatement, naiveStatement } from '../naive-sql.ts';
import { type Poller, withPoller } from '../poller-process.ts';
import { withConfig } from '../polls.ts';
import type { Figure } from '../report.ts';
import { keysOf, ruleMix } from '../rules.ts';

/**
 * Polls before the first that counts: caches fill, rules that are new have looked back, and the process's code is compiled,
 * as it is in a worker within its first hours.
 */
const WARM_UP = 100;
/** Pairs of a floor and a poll, a round. */
const PAIRS = 15;

/** The steady poll of the mix, beside the floor and beside one statement per rule, in the same minutes. */
export function steady(bench: Bench): Promise<Figure[]> {
  const { cluster, minutes, rate, rollup } = bench;
  return withConfig(cluster, keysOf(ruleMix()), rollup, async (path) => {
    // The first build takes memory that a worker has given back by the time its polls are steady.
    await withPoller(path, async (poller) => {
      await poller.poll(minutes.now);
      await poller.maintain(minutes.now);
    });
    return withPoller(path, async (poller) => {
      await polls(minutes, poller, WARM_UP);
      return withAsker(cluster, async (ask) => {
        const rounds = await pairedRounds(bench, ask, poller);
        let naiveMs = 0;
        for (const rule of ruleMix()) naiveMs += await ask(naiveStatement(rule, minutes.now));
        // What is read between polls once an hour is no part of one.
        while (minutes.now % HOUR > HOUR / 2 || minutes.now % HOUR < HOUR / 4)
          await polls(minutes, poller, 1);
        const rows = await rowsFetched(cluster.owner, () => polls(minutes, poller, PAIRS));
        return steadyFigures({ rounds, naiveMs, rows: rows / PAIRS, youngRows: 15 * rate });
      });
    });
  });
}

/** The medians of a round, ms. */
interface Round {
  readonly floor: number;
  readonly poll: number;
  readonly seen: Readonly<Record<keyof Counters, number>>;
}

async function pairedRounds({ cluster, minutes, rounds, say }: Bench, ask: Asker, poller: Poller) {
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const floors: number[] = [];
    const pollTimes: number[] = [];
    const seen: Counters[] = [];
    const floor = async () => void floors.push(await ask(floorStatement(minutes.now)));
    const poll = async () => void pollTimes.push((await poller.poll(minutes.now)).ms);
    for (let i = 0; i < PAIRS; i += 1) {
      await minutes.pass();
      // Who reads new rows first also marks them as committed, so they take turns in that.
      const pair = i % 2 === 0 ? [floor, poll] : [poll, floor];
      seen.push(
        await counted(cluster.owner, async () => {
          for (const one of pair) await one();
        }),
      );
      await poller.maintain(minutes.now);
    }
    const one = { floor: median(floors), poll: median(pollTimes), seen: mediansOf(seen) };
    const { floorMs, auditMs, auditPlanMs } = one.seen;
    say(
      `round ${round}: floor ${one.floor.toFixed(1)} ms, poll ${one.poll.toFixed(1)} ms; in the server: floor ` +
        `${floorMs.toFixed(1)} ms, poll ${auditMs.toFixed(1)} ms and ${auditPlanMs.toFixed(1)} ms of planning`,
    );
    measured.push(one);
  }
  return measured;
}

function mediansOf(seen: readonly Counters[]): Round['seen'] {
  const names = Object.keys(seen[0] ?? {}) as (keyof Counters)[];
  const medians = names.map((name) => [name, median(seen.map((one) => one[name]))]);
  return Object.fromEntries(medians) as Round['seen'];
}

function steadyFigures(measured: {
  readonly rounds: readonly Round[];
  readonly naiveMs: number;
  readonly rows: number;
  readonly youngRows: number;
}): Figure[] {
  const { rounds, naiveMs, rows, youngRows } = measured;
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  const part = 'steady';
  const ms = (what: string, of: (round: Round) => number): Figure => ({
    part,
    what,
    value: middle(of),
    unit: 'ms',
  });
  const times = (what: string, value: number, atMost?: number): Figure => ({
    part,
    what,
    value,
    unit: 'times',
    ...(atMost === undefined ? {} : { atMost }),
  });
  return [
    ms('floor: the newest 15 minutes, grouped', ({ floor }) => floor),
    ms('of the floor: time in the server', ({ seen }) => seen.floorMs),
    { part, what: 'one statement per rule, 50 rules', value: naiveMs, unit: 'ms' },
    ms('steady poll, 50 rules', ({ poll }) => poll),
    times('one statement per rule / steady poll', naiveMs / middle(({ poll }) => poll)),
    times(
      'steady poll / floor',
      middle(({ poll, floor }) => poll / floor),
      5,
    ),
    ms('of a poll: audit SQL in the server', ({ seen }) => seen.auditMs),
    ms('of a poll: planning of audit SQL', ({ seen }) => seen.auditPlanMs),
    times(
      'audit SQL in the server / floor',
      middle(({ seen, floor }) => seen.auditMs / floor),
      1,
    ),
    times(
      'the same with planning',
      middle(({ seen, floor }) => (seen.auditMs + seen.auditPlanMs) / floor),
    ),
    times(
      "audit SQL in the server / the floor's time there",
      middle(({ seen }) => seen.auditMs / seen.floorMs),
    ),
    ms('of a poll: state SQL in the server', ({ seen }) => seen.stateMs),
    {
      part,
      what: 'statements that read the table, a poll',
      value: middle(({ seen }) => seen.reads),
      unit: 'statements',
      atMost: 3,
    },
    {
      part,
      what: 'all statements to the audit store, a poll',
      value: middle(({ seen }) => seen.statements),
      unit: 'statements',
    },
    { part, what: 'rows fetched, a poll', value: rows, unit: 'rows' },
    { part, what: 'rows of the newest 15 minutes', value: youngRows, unit: 'rows' },
  ];
}
