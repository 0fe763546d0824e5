import { type Bench, withAsker } from '../bench.ts';
import { canCheckDirectly, runCheck } from '../checker.ts';
import { counted, median, rowsFetched, timed } from '../measure.ts';
import { scanStatement } from '../naive-sql.ts';
import { withPoller } from '../poller-process.ts';
import { withConfig } from '../polls.ts';
import type { Figure } from '../report.ts';
import { keysOf, ruleMix } from '../rules.ts';

const part = 'check';

/** `spendwatch check` of the mix: directly, beside one grouped scan of the table, and from the sums that a worker keeps. */
export async function checkOnce(bench: Bench): Promise<Figure[]> {
  const { cluster, minutes, rollup, say } = bench;
  const hasFlag = await canCheckDirectly();
  const directly = hasFlag ? ['--direct'] : [];
  return withConfig(cluster, keysOf(ruleMix()), rollup, async (config) => {
    const figures = await directFigures(bench, config, directly);
    if (!hasFlag) {
      say(
        'check with kept sums: skipped, as the check of this program has no --direct and always asks the store',
      );
      return [...figures, { part, what: 'check with kept sums', value: null, unit: 'ms', atMost: 2_000 }];
    }
    await withPoller(config, async (poller) => {
      await poller.poll(minutes.now);
      await poller.maintain(minutes.now);
    });
    return [...figures, ...(await keptFigures(bench, config))];
  });
}

async function directFigures(
  { cluster, minutes, rounds, say }: Bench,
  config: string,
  flags: readonly string[],
): Promise<Figure[]> {
  const run = () => runCheck(config, minutes.now, flags);
  const scans: number[] = [];
  const checks: number[] = [];
  await withAsker(cluster, async (ask) => {
    for (let round = 1; round <= rounds; round += 1) {
      scans.push(await ask(scanStatement()));
      checks.push(await timed(run));
      say(
        `round ${round}: one grouped scan ${scans.at(-1)?.toFixed(0)} ms, check ${checks.at(-1)?.toFixed(0)} ms`,
      );
    }
  });
  const { reads } = await counted(cluster.owner, run);
  return [
    { part, what: 'one grouped scan of the table', value: median(scans), unit: 'ms' },
    { part, what: 'check, directly', value: median(checks), unit: 'ms' },
    {
      part,
      what: 'check, directly / grouped scan',
      value: median(checks.map((ms, i) => ms / (scans[i] as number))),
      unit: 'times',
      atMost: 2,
    },
    { part, what: 'statements that read the table', value: reads, unit: 'statements' },
  ];
}

async function keptFigures({ cluster, minutes, rounds }: Bench, config: string): Promise<Figure[]> {
  const times: number[] = [];
  const run = () => runCheck(config, minutes.now, []);
  for (let round = 0; round < rounds; round += 1) {
    await minutes.pass();
    times.push(await timed(run));
  }
  const { reads } = await counted(cluster.owner, run);
  const rows = await rowsFetched(cluster.owner, run);
  return [
    { part, what: 'check with kept sums', value: median(times), unit: 'ms', atMost: 2_000 },
    { part, what: '… statements that read the table', value: reads, unit: 'statements' },
    { part, what: '… rows fetched', value: rows, unit: 'rows' },
  ];
}
