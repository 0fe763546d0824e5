import type { Cell, GroupKey, Query, Series } from '../../src/model/series.ts';

/** A series in full, by group: its key and its cell in each window of the query. */
export function groupsIn(
  series: Series,
  { windows, hours }: Pick<Query, 'windows'> & Partial<Query>,
): { key: GroupKey; cells: (Cell | null)[]; hours?: string[][] | undefined }[] {
  return series.keys.map((key, group) => ({
    key,
    cells: windows.map((_, window) => series.cell(group, window)),
    ...(series.hours !== undefined && {
      hours: hours?.counts.map(({ measure }) =>
        Array.from(series.hours?.of(group, measure) ?? [], roundedText),
      ),
    }),
  }));
}

/**
 * Doubles may be added up in another order. The factor keeps sums of decimals away from halves, where the last digit of a double
 * decides how they are rounded.
 */
function roundedText(sum: number): string {
  return (sum * Math.PI).toPrecision(8);
}

/** The same by ascending key, so that two series can be compared. */
export function sortedGroupsIn(series: Series, query: Pick<Query, 'windows'> & Partial<Query>) {
  const nameOf = ({ key }: { key: GroupKey }) => JSON.stringify(key);
  return groupsIn(series, query).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** An answer as text that is the same for the same cells; a sketch without values may be left out. */
export function comparable(
  series: Series | Error | null | undefined,
  query: Pick<Query, 'windows'> & Partial<Query>,
): string | undefined {
  if (series === null || series === undefined || series instanceof Error) return String(series);
  return JSON.stringify(sortedGroupsIn(series, query), (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (!(value instanceof Map)) return value;
    return value.size === 0 ? undefined : [...value].sort(([a], [b]) => a - b);
  });
}

/** The answers to some queries, each as text. */
export function allComparable(
  answers: readonly (Series | Error | null)[],
  queries: readonly Query[],
): (string | undefined)[] {
  return answers.map((answer, i) => comparable(answer, queries[i] as Query));
}
