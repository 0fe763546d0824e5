import { check } from '../src/commands/check.ts';
import { openSql } from '../src/sql/open.ts';
import type { Sql } from '../src/sql/port.ts';
import type { Statement } from '../src/stores/cell-sql.ts';
import type { Cluster } from './cluster.ts';
import { type Counters, counted, median, timed } from './measure.ts';
import { floorStatement, naiveStatement, scanStatement } from './naive-sql.ts';
import type { PollAnswer } from './poller.ts';
import { type Poller, withPoller } from './poller-process.ts';
import { type Minutes, withConfig, withPolls, withProgram } from './polls.ts';
import { quietIo } from './quiet-io.ts';
import { replayed } from './replay-process.ts';
import type { Figure } from './report.ts';
import { manyRules, type Rollup, ruleMix } from './rules.ts';

/** What a part works with. */
export interface Bench {
  readonly cluster: Cluster;
  readonly minutes: Minutes;
  readonly rollup: Rollup;
  readonly rounds: number;
  /** How far back a backtest goes. */
  readonly days: number;
  readonly say: (line: string) => void;
}

/**
 * Polls before the first that counts: caches fill, rules that are new have looked back, and the process's code is compiled,
 * as it is in a worker within its first hours.
 */
const WARM_UP = 100;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Steady polls a round. */
const POLLS = 15;

/** The steady poll of the mix, beside the floor and beside one statement per rule, in the same minutes. */
export async function steady(bench: Bench): Promise<Figure[]> {
  const { cluster, minutes, rollup } = bench;
  const sql = await openSql(cluster.auditUrl, { statementTimeoutMs: 3_600_000 });
  try {
    return await withConfig(cluster, ruleMix(), rollup, async (path) => {
      // The first build takes memory that a worker has given back by the time its polls are steady.
      await withPoller(path, (poller) => poller.poll(minutes.now));
      return withPoller(path, async (poller) => {
        await polls(minutes, poller, WARM_UP);
        const rounds = await pairedRounds(bench, sql, poller);
        // What is read between polls once an hour is no part of one.
        while (minutes.now % HOUR > HOUR / 2 || minutes.now % HOUR < HOUR / 4)
          await polls(minutes, poller, 1);
        const seen = await counted(cluster.owner, () => polls(minutes, poller, POLLS));
        return steadyFigures(rounds, seen);
      });
    });
  } finally {
    await sql.close();
  }
}

/** The first start over the whole table, beside one grouped scan of it; then a start that finds what was kept. */
export async function starts({ cluster, minutes, rollup }: Bench): Promise<Figure[]> {
  const sql = await openSql(cluster.auditUrl, { statementTimeoutMs: 3_600_000 });
  const { text, values } = scanStatement();
  const scanMs = await timed(() => sql.query(text, values)).finally(() => sql.close());
  return withConfig(cluster, ruleMix(), rollup, async (path) => {
    const [firstPollMs, buildMs] = await withProgram(path, async (program) => [
      await timed(() => program.poll(minutes.now)),
      await timed(() => program.maintain(minutes.now)),
    ]);
    await minutes.pass();
    const restartMs = await timed(() => withProgram(path, (program) => program.poll(minutes.now)));
    return [
      { part: 'starts', what: 'one grouped scan of the table', value: scanMs, unit: 'ms', target: '' },
      { part: 'starts', what: 'first poll, hours not built yet', value: firstPollMs, unit: 'ms', target: '' },
      { part: 'starts', what: 'first build after it', value: buildMs, unit: 'ms', target: '' },
      { part: 'starts', what: 'first build / scan', value: buildMs / scanMs, unit: 'times', target: '≤ 1.5' },
      { part: 'starts', what: 'restart to first poll', value: restartMs, unit: 'ms', target: '< 2,000' },
    ];
  });
}

/** Resident memory of a process that builds the cells, of one that finds them, and over 1,000 polls. */
export async function endurance({ cluster, minutes, rollup, say }: Bench): Promise<Figure[]> {
  return withConfig(cluster, ruleMix(), rollup, async (path) => {
    const built = await withPoller(path, (poller) => poller.poll(minutes.now));
    const seen = await withPoller(path, async (poller) => {
      const polled: PollAnswer[] = [];
      for (let count = 1; count <= 1_000; count += 1) {
        await minutes.pass();
        polled.push(await poller.poll(minutes.now));
        if (count % 100 === 0) say(`${count} polls: ${Math.round(polled.at(-1)?.residentMb ?? 0)} MB`);
      }
      return polled;
    });
    const times = seen.slice(WARM_UP).map(({ pollMs }) => pollMs);
    const line = (
      what: string,
      value: number | undefined,
      target: string,
      unit: Figure['unit'] = 'MB',
    ): Figure => ({ part: 'endurance', what, value: value ?? Number.NaN, unit, target });
    return [
      line('resident after the first build', built.residentMb, '≤ 200'),
      line('resident after a restart', seen[0]?.residentMb, '≤ 200'),
      line('resident after 100 polls', seen[99]?.residentMb, '≤ 200'),
      line('resident after 1,000 polls', seen[999]?.residentMb, 'the same'),
      line('the most in between', Math.max(...seen.map(({ residentMb }) => residentMb)), ''),
      line('median of 900 polls', median(times), '', 'ms'),
      line('the slowest of them', Math.max(...times), '', 'ms'),
    ];
  });
}

async function polls(minutes: Minutes, poller: Poller, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await minutes.pass();
    await poller.poll(minutes.now);
  }
}

/** What was measured in one round, ms. */
interface Round {
  readonly naive: number;
  readonly floor: number;
  readonly poll: number;
}

async function pairedRounds({ minutes, rounds, say }: Bench, sql: Sql, poller: Poller): Promise<Round[]> {
  const run = async (statements: readonly Statement[]): Promise<void> => {
    for (const { text, values } of statements) await sql.query(text, values);
  };
  const rules = ruleMix();
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const floors: number[] = [];
    const pollTimes: number[] = [];
    for (let i = 0; i < POLLS; i += 1) {
      await minutes.pass();
      floors.push(await timed(() => run([floorStatement(minutes.now)])));
      pollTimes.push((await poller.poll(minutes.now)).pollMs);
    }
    const naive = await timed(() => run(rules.map((rule) => naiveStatement(rule, minutes.now))));
    const [floor, poll] = [median(floors), median(pollTimes)];
    say(
      `round ${round}: floor ${floor.toFixed(1)} ms, poll ${poll.toFixed(1)} ms, naive ${naive.toFixed(0)} ms`,
    );
    measured.push({ naive, floor, poll });
  }
  return measured;
}

function steadyFigures(rounds: readonly Round[], seen: Counters): Figure[] {
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  const line = (what: string, value: number, unit: Figure['unit'], target = ''): Figure => ({
    part: 'steady',
    what,
    value,
    unit,
    target,
  });
  return [
    line(
      'floor: the newest 15 minutes, grouped',
      middle(({ floor }) => floor),
      'ms',
    ),
    line(
      'one statement per rule, 50 rules',
      middle(({ naive }) => naive),
      'ms',
    ),
    line(
      'steady poll, 50 rules',
      middle(({ poll }) => poll),
      'ms',
    ),
    line(
      'one statement per rule / steady poll',
      middle(({ naive, poll }) => naive / poll),
      'times',
      '≥ 1,000 at 10m',
    ),
    line(
      'steady poll / floor',
      middle(({ poll, floor }) => poll / floor),
      'times',
      '≤ 3',
    ),
    line('of a poll: audit SQL in the server', seen.auditMs / POLLS, 'ms'),
    line('of a poll: state SQL in the server', seen.stateMs / POLLS, 'ms'),
    line('statements that read the table, a poll', seen.reads / POLLS, 'statements', '≤ 3'),
    line('all statements to the audit store, a poll', seen.statements / POLLS, 'statements'),
    line('rows fetched, a poll', seen.rows / POLLS, 'rows', 'young and touched'),
  ];
}

/** 1,000 rules in one poll, beside 50 in the same minutes. */
export async function manyAtOnce({ cluster, minutes, rollup, rounds, say }: Bench): Promise<Figure[]> {
  const fewMs: number[] = [];
  const manyMs: number[] = [];
  await withPolls(cluster, ruleMix(), rollup, minutes.now, (few) =>
    withPolls(cluster, manyRules(1_000), rollup, minutes.now, async (many) => {
      for (let round = 1; round <= rounds; round += 1) {
        await minutes.pass();
        fewMs.push(await timed(() => few.poll(minutes.now)));
        manyMs.push(await timed(() => many.poll(minutes.now)));
        say(
          `round ${round}: 50 rules ${fewMs.at(-1)?.toFixed(1)} ms, 1,000 rules ${manyMs.at(-1)?.toFixed(1)} ms`,
        );
        await few.maintain(minutes.now);
        await many.maintain(minutes.now);
      }
    }),
  );
  const [few, many] = [median(fewMs), median(manyMs)];
  const part = 'rules';
  return [
    { part, what: 'poll, 50 rules', value: few, unit: 'ms', target: '' },
    { part, what: 'poll, 1,000 rules', value: many, unit: 'ms', target: '' },
    { part, what: '1,000 rules / 50 rules', value: many / few, unit: 'times', target: '≤ 10' },
  ];
}

/** `spendwatch check` of the mix, from reading alerts.yaml to the printed result. */
export async function checkOnce({ cluster, minutes, rounds }: Bench): Promise<Figure[]> {
  const io = quietIo(() => undefined);
  return withConfig(cluster, ruleMix(), 'off', async (config) => {
    const run = () => check({ config, rule: [], at: minutes.now, format: 'json', notify: false }, io);
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await timed(run));
    const seen = await counted(cluster.owner, run);
    const part = 'check';
    return [
      { part, what: 'check, 50 rules', value: median(times), unit: 'ms', target: '' },
      { part, what: 'statements that read the table', value: seen.reads, unit: 'statements', target: '' },
      { part, what: 'rows fetched', value: seen.rows, unit: 'rows', target: '' },
    ];
  });
}

/** `spendwatch backtest` of the mix over the last days, at steps of five minutes. */
export async function replay({ cluster, minutes, days, say }: Bench): Promise<Figure[]> {
  // A thousand polls of endurance may have come to a time that is not yet.
  const to = Math.min(minutes.now, Math.floor(Date.now() / HOUR) * HOUR);
  const isoOf = (at: number) => new Date(at).toISOString();
  return withConfig(cluster, ruleMix(), 'off', async (path) => {
    const { ms, residentMb, alerts } = await replayed(path, isoOf(to - days * DAY), isoOf(to));
    say(`${alerts} alerts`);
    const part = 'backtest';
    return [
      {
        part,
        what: `backtest of ${days} days at 5 m, 50 rules`,
        value: ms,
        unit: 'ms',
        target: '≤ 60,000 (90 d)',
      },
      { part, what: 'resident memory after it', value: residentMb, unit: 'MB', target: '' },
    ];
  });
}
