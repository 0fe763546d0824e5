import type { Bench } from '../bench.ts';
import { withAsker } from '../bench.ts';
import { median } from '../measure.ts';
import { floorStatement } from '../naive-sql.ts';
import { type Poller, withPoller } from '../poller-process.ts';
import { withConfig } from '../polls.ts';
import type { Figure } from '../report.ts';
import { typeMix } from '../type-mix.ts';

const WARM_UP = 90;
const PAIRS = 15;
const MOST_MB = 250;

/** A poll of 50 rules that judge the past, beside the floor, and what such a worker takes of memory. */
export function ruleTypes(bench: Bench): Promise<Figure[]> {
  const { cluster, minutes, rollup, say } = bench;
  return withConfig(cluster, typeMix(), rollup, async (path) => {
    const first = await withPoller(path, async (poller) => {
      await poller.poll(minutes.now);
      return poller.maintain(minutes.now);
    });
    return withPoller(path, async (poller) => {
      const start = await poller.poll(minutes.now);
      await poller.maintain(minutes.now);
      say(`first poll after a restart: ${start.ms.toFixed(0)} ms, ${start.peakMb.toFixed(0)} MB`);
      const warm = await polled(bench, poller, WARM_UP);
      const rounds: number[] = [];
      for (let round = 1; round <= bench.rounds; round += 1) rounds.push(await ratio(bench, poller));
      const part = 'types';
      return [
        { part, what: 'the most in the first build', value: first.peakMb, unit: 'MB', atMost: MOST_MB },
        {
          part,
          what: 'the most in the first poll after a restart',
          value: start.peakMb,
          unit: 'MB',
          atMost: MOST_MB,
        },
        {
          part,
          what: `the most in the next ${WARM_UP} polls`,
          value: warm.peakMb,
          unit: 'MB',
          atMost: MOST_MB,
        },
        { part, what: 'restart to the end of the first poll', value: start.ms, unit: 'ms' },
        { part, what: 'steady poll', value: warm.ms, unit: 'ms' },
        { part, what: 'the slowest poll, which begins an hour', value: warm.slowest, unit: 'ms' },
        { part, what: 'steady poll / floor', value: median(rounds), unit: 'times', atMost: 5 },
      ];
    });
  });
}

async function polled({ minutes }: Bench, poller: Poller, count: number) {
  const all: number[] = [];
  let peakMb = 0;
  for (let i = 0; i < count; i += 1) {
    await minutes.pass();
    const poll = await poller.poll(minutes.now);
    const after = await poller.maintain(minutes.now);
    all.push(poll.ms);
    peakMb = Math.max(peakMb, poll.peakMb, after.peakMb);
  }
  return { ms: median(all), slowest: Math.max(...all), peakMb };
}

/** The median of polls beside that of the floor in the same minutes. */
function ratio({ cluster, minutes, say }: Bench, poller: Poller): Promise<number> {
  return withAsker(cluster, async (ask) => {
    const floors: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < PAIRS; i += 1) {
      await minutes.pass();
      floors.push(await ask(floorStatement(minutes.now)));
      times.push((await poller.poll(minutes.now)).ms);
      await poller.maintain(minutes.now);
    }
    say(`floor ${median(floors).toFixed(1)} ms, poll ${median(times).toFixed(1)} ms`);
    return median(times) / median(floors);
  });
}
