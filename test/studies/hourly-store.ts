import { type Fixed, ONE } from '../../src/model/money.ts';
import { type HourSums, type Query, type Series, seriesOfCells } from '../../src/model/series.ts';
import type { Window } from '../../src/model/window.ts';
import { HOUR, inMillionths } from './quarter.ts';

/** The calls of a group by hour, and what they cost in USD. */
export interface HourlyGroup {
  readonly name: string;
  readonly calls: Float64Array;
  readonly cost: Float64Array;
}

/** A store of calls by the hour from `first` on: answers windows of whole hours, by group or of all calls. */
export function hourlyStore(first: number, groups: readonly HourlyGroup[]): (query: Query) => Series {
  const all = Float64Array.from({ length: groups[0]?.calls.length ?? 0 }, (_, hour) =>
    groups.reduce((sum, { calls }) => sum + (calls[hour] as number), 0),
  );
  const totals = [...groups.map(({ calls }) => calls), all].map(runningTotals);
  const costs = groups.map(({ cost }) => runningFixed(cost));
  const between = ({ from, to }: Window): [number, number] => {
    const place = (time: number): number => Math.max(0, Math.min(all.length, (time - first) / HOUR));
    return [place(from), place(to)];
  };
  return (query) => {
    const places = query.groupBy.length === 0 ? [groups.length] : groups.map((_, place) => place);
    const series = seriesOfCells(
      places
        .map((place) => ({
          key: query.groupBy.length === 0 ? [] : [groups[place]?.name ?? ''],
          cells: query.windows.map((window) => {
            const [from, to] = between(window);
            const running = totals[place] as Float64Array;
            const calls = (running[to] as number) - (running[from] as number);
            const cost = (costs[place]?.[to] ?? 0n) - (costs[place]?.[from] ?? 0n);
            return calls === 0 ? null : { sums: { cost, calls: BigInt(calls) * ONE }, sketches: {} };
          }),
          place,
        }))
        .filter(({ cells }) => cells.some((cell) => cell !== null)),
    );
    return query.hours === undefined ? series : { ...series, hours: hourSums(query.hours, series) };
  };

  function hourSums({ to, counts }: NonNullable<Query['hours']>, { keys }: Series): HourSums {
    const count = counts[0]?.count ?? 0;
    return {
      to,
      of(group) {
        const name = keys[group]?.[0];
        const calls = name === undefined ? all : groups.find((one) => one.name === name)?.calls;
        const end = (to - first) / HOUR;
        return (calls ?? all).subarray(end - count, end);
      },
      past: (group) => keys[group] as object,
    };
  }
}

/** The i-th is the sum of the first i. */
function runningTotals(values: Float64Array): Float64Array {
  const running = new Float64Array(values.length + 1);
  for (const [i, value] of values.entries()) running[i + 1] = (running[i] as number) + value;
  return running;
}

function runningFixed(dollars: Float64Array): Fixed[] {
  const running: Fixed[] = [0n];
  for (const [i, value] of dollars.entries()) running.push((running[i] as Fixed) + inMillionths(value));
  return running;
}
