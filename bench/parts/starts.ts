import { type Bench, withAsker } from '../bench.ts';
import { median } from '../measure.ts';
import { scanStatement } from '../naive-sql.ts';
import { withPoller } from '../poller-process.ts';
import { withConfig } from '../polls.ts';
import type { Figure } from '../report.ts';
import { keysOf, ruleMix } from '../rules.ts';

/** The first start over the whole table, beside one grouped scan of it; then starts that find what was kept. */
export async function starts({ cluster, minutes, rollup, rounds, say }: Bench): Promise<Figure[]> {
  const scanMs = await withAsker(cluster, (ask) => ask(scanStatement()));
  return withConfig(cluster, keysOf(ruleMix()), rollup, async (path) => {
    const [firstPollMs, buildMs] = await withPoller(path, async (poller) => [
      (await poller.poll(minutes.now)).ms,
      (await poller.maintain(minutes.now)).ms,
    ]);
    const startedMs: number[] = [];
    const pollMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await minutes.pass();
      let startMs = 0;
      const begun = performance.now();
      await withPoller(path, async (poller) => {
        pollMs.push((await poller.poll(minutes.now)).ms);
        startMs = performance.now() - begun;
      });
      startedMs.push(startMs);
    }
    say(`restarts: ${startedMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    const part = 'starts';
    return [
      { part, what: 'one grouped scan of the table', value: scanMs, unit: 'ms' },
      { part, what: 'first poll, hours not built yet', value: firstPollMs, unit: 'ms' },
      { part, what: 'first build after it', value: buildMs, unit: 'ms' },
      { part, what: 'first build / scan', value: buildMs / scanMs, unit: 'times' },
      {
        part,
        what: 'restart to the end of the first poll',
        value: median(startedMs),
        unit: 'ms',
        atMost: 3_000,
      },
      { part, what: 'the slowest restart', value: Math.max(...startedMs), unit: 'ms', atMost: 3_000 },
      { part, what: 'of a restart: the poll', value: median(pollMs), unit: 'ms' },
    ];
  });
}
