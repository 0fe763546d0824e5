import { type Bench, polls } from '../bench.ts';
import { median } from '../measure.ts';
import { type Poller, withPoller } from '../poller-process.ts';
import { withConfig } from '../polls.ts';
import type { Figure } from '../report.ts';
import { type BenchRule, keysOf, manyRules, ruleMix } from '../rules.ts';

const WARM_UP = 20;
/** Pairs of a poll with few rules and one with many, a round. */
const PAIRS = 9;

/** 1,000 rules in one poll, beside 50 in the same minutes; a process for each. */
export function manyAtOnce(bench: Bench): Promise<Figure[]> {
  return withRules(bench, ruleMix(), (few) =>
    withRules(bench, manyRules(1_000), async (many) => {
      const rounds = await pairedRounds(bench, few, many);
      const part = 'rules';
      return [
        { part, what: 'poll, 50 rules', value: median(rounds.map(({ few }) => few)), unit: 'ms' },
        { part, what: 'poll, 1,000 rules', value: median(rounds.map(({ many }) => many)), unit: 'ms' },
        {
          part,
          what: '1,000 rules / 50 rules',
          value: median(rounds.map(({ few, many }) => many / few)),
          unit: 'times',
          atMost: 10,
        },
      ];
    }),
  );
}

/** A process that polls these rules, with its sums built. */
function withRules<T>(
  { cluster, minutes, rollup }: Bench,
  rules: readonly BenchRule[],
  work: (poller: Poller) => Promise<T>,
): Promise<T> {
  return withConfig(cluster, keysOf(rules), rollup, (path) =>
    withPoller(path, async (poller) => {
      await poller.poll(minutes.now);
      await poller.maintain(minutes.now);
      return work(poller);
    }),
  );
}

async function pairedRounds({ minutes, rounds, say }: Bench, few: Poller, many: Poller) {
  const both: Poller = {
    poll: (at) => few.poll(at).then(() => many.poll(at)),
    maintain: (at) => few.maintain(at).then(() => many.maintain(at)),
  };
  await polls(minutes, both, WARM_UP);
  const measured: { few: number; many: number }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const fewMs: number[] = [];
    const manyMs: number[] = [];
    for (let i = 0; i < PAIRS; i += 1) {
      await minutes.pass();
      fewMs.push((await few.poll(minutes.now)).ms);
      manyMs.push((await many.poll(minutes.now)).ms);
      await both.maintain(minutes.now);
    }
    const one = { few: median(fewMs), many: median(manyMs) };
    say(`round ${round}: 50 rules ${one.few.toFixed(1)} ms, 1,000 rules ${one.many.toFixed(1)} ms`);
    measured.push(one);
  }
  return measured;
}
