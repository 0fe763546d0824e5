// The judgement of those groups of a series that have a value.

import type { Firing, Judgement, ReachedStep } from '../model/finding.ts';
import { type Observation, worstFirst } from '../model/observation.ts';
import { type Observing, observedLater } from '../model/observed.ts';
import type { GroupKey, Series } from '../model/series.ts';

/** What a rule type found in a series. Groups are indexes in it. */
interface Judged<O extends Observation> extends Pick<Observing<O>, 'numbers' | 'worsens'> {
  readonly series: Series;
  /** The groups that have a value, in the order of `numbers`. */
  readonly groups: ArrayLike<number>;
  observe(group: number): O;
  /** In any order. */
  readonly firing: Firing<O>[];
  /** The status where nothing fires. */
  readonly quiet: 'ok' | 'no_data';
}

export function judgementOf<O extends Observation>({
  series,
  groups,
  observe,
  firing,
  quiet,
  numbers,
  worsens,
}: Judged<O>): Judgement<O> {
  return {
    status: firing.length > 0 ? 'firing' : quiet,
    observed: observedLater({
      numbers,
      worsens,
      keyAt: (place) => series.keys[groups[place] as number] as GroupKey,
      observe: (place) => observe(groups[place] as number),
    }),
    firing: firing.sort(worstFirst),
  };
}

/** An observation that fires by the steps that it reached; null where it reached none. */
export function firingBy<O extends Observation>(
  observation: O,
  [mildest, ...more]: readonly ReachedStep[],
): Firing<O> | null {
  return mildest === undefined ? null : { ...observation, steps: [mildest, ...more] };
}
