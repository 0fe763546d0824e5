import type { Bench } from '../bench.ts';
import { median } from '../measure.ts';
import type { Answer } from '../poller.ts';
import { type Poller, withPoller } from '../poller-process.ts';
import { type Minutes, withConfig } from '../polls.ts';
import type { Figure } from '../report.ts';
import { baselineMix, keysOf } from '../rules.ts';

/** A new worker's first minutes, after which its memory is steady. */
const FIRST_POLLS = 15;
const POLLS = 1_000;
const WARM_UP = 100;
const MOST_MB = 250;

/**
 * Resident memory with ten baselines of 90 days: of one process from its first start over the whole table on, and of one that
 * is started again. Peaks are the kernel's own, so that none falls between two looks.
 */
export async function endurance({ cluster, minutes, rollup, say }: Bench): Promise<Figure[]> {
  return withConfig(cluster, keysOf(baselineMix()), rollup, async (path) => {
    const seen = await withPoller(path, async (poller) => {
      const first = await poller.poll(minutes.now);
      const build = await poller.maintain(minutes.now);
      say(`first poll: at most ${first.peakMb.toFixed(0)} MB; build: at most ${build.peakMb.toFixed(0)} MB`);
      return { first, build, polls: await polledOn(minutes, poller, say) };
    });
    const again = await withPoller(path, (poller) => poller.poll(minutes.now));
    return figuresOf(seen, again);
  });
}

/** A poll and what was done after it. */
interface Polled {
  readonly ms: number;
  readonly residentMb: number;
  readonly peakMb: number;
}

async function polledOn(minutes: Minutes, poller: Poller, say: Bench['say']): Promise<Polled[]> {
  const polled: Polled[] = [];
  for (let count = 1; count <= POLLS; count += 1) {
    await minutes.pass();
    const poll = await poller.poll(minutes.now);
    const after = await poller.maintain(minutes.now);
    const peakMb = Math.max(poll.peakMb, after.peakMb);
    polled.push({ ms: poll.ms, residentMb: after.residentMb, peakMb });
    if (count % 100 === 0) say(`${count} polls: ${after.residentMb.toFixed(0)} MB`);
  }
  return polled;
}

function figuresOf(
  {
    first,
    build,
    polls,
  }: { readonly first: Answer; readonly build: Answer; readonly polls: readonly Polled[] },
  again: Answer,
): Figure[] {
  const part = 'endurance';
  const mb = (what: string, value: number): Figure => ({ part, what, value, unit: 'MB', atMost: MOST_MB });
  const peakOf = (some: readonly Pick<Polled, 'peakMb'>[]): number =>
    Math.max(...some.map(({ peakMb }) => peakMb));
  const after = (count: number): number => polls[count - 1]?.residentMb ?? Number.NaN;
  const times = polls.slice(WARM_UP).map(({ ms }) => ms);
  return [
    mb('resident after the first build', build.residentMb),
    mb('the most in the first poll', first.peakMb),
    mb('the most in the first build', build.peakMb),
    mb(`the most in the next ${FIRST_POLLS} polls`, peakOf(polls.slice(0, FIRST_POLLS))),
    mb('resident after 100 polls', after(100)),
    mb('resident after 1,000 polls', after(POLLS)),
    mb(`the most after the first ${FIRST_POLLS} polls`, peakOf(polls.slice(FIRST_POLLS))),
    mb('the most in the first poll after a restart', again.peakMb),
    { part, what: `median of ${times.length} polls`, value: median(times), unit: 'ms' },
    { part, what: 'the slowest of them', value: Math.max(...times), unit: 'ms' },
  ];
}
