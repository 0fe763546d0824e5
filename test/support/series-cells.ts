import type { Cell, GroupKey, Query, Series } from '../../src/model/series.ts';

/** A series in full, by group: its key and its cell in each window of the query. */
export function groupsIn(
  series: Series,
  { windows }: Pick<Query, 'windows'>,
): { key: GroupKey; cells: (Cell | null)[] }[] {
  return series.keys.map((key, group) => ({
    key,
    cells: windows.map((_, window) => series.cell(group, window)),
  }));
}

/** The same by ascending key, so that two series can be compared. */
export function sortedGroupsIn(series: Series, query: Pick<Query, 'windows'>) {
  const nameOf = ({ key }: { key: GroupKey }) => JSON.stringify(key);
  return groupsIn(series, query).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** An answer as text that is the same for the same cells; a sketch without values may be left out. */
export function comparable(
  series: Series | Error | null | undefined,
  query: Pick<Query, 'windows'>,
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
