import { type Bench, DAY, HOUR } from '../bench.ts';
import { withConfig } from '../polls.ts';
import { replayed } from '../replay-process.ts';
import type { Figure } from '../report.ts';
import { keysOf, ruleMix } from '../rules.ts';

/** `spendwatch backtest` of the mix over the last days, at steps of five minutes. */
export async function replay({ cluster, minutes, days, say }: Bench): Promise<Figure[]> {
  // A thousand polls of endurance may have come to a time that is not yet.
  const to = Math.min(minutes.now, Math.floor(Date.now() / HOUR) * HOUR);
  const isoOf = (at: number) => new Date(at).toISOString();
  return withConfig(cluster, keysOf(ruleMix()), 'off', async (path) => {
    const { ms, peakMb, alerts } = await replayed(path, isoOf(to - days * DAY), isoOf(to));
    say(`${alerts} alerts`);
    const part = 'backtest';
    return [
      { part, what: `backtest of ${days} days at 5 m, 50 rules`, value: ms, unit: 'ms', atMost: 60_000 },
      { part, what: 'the most memory meanwhile', value: peakMb, unit: 'MB' },
    ];
  });
}
