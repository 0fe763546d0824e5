// What the checks of all engines have in common, for validate --connect.

import type { Window } from '../model/window.ts';
import type { EngineScheme, Mapping, StoreProblem } from './audit-store.ts';
import { presetOfTable, proposal } from './known-tables.ts';
import { isOfFilter, type NamedSource, sourcesOf } from './sources.ts';

const HOUR = 3_600_000;
/** The last instant that a Date can hold: the newest row is looked for before it, also in the future. */
export const LAST_INSTANT = 8_640_000_000_000_000;

/** A problem that prevents reading the table. */
export function fault(message: string, hint: string): StoreProblem {
  return { level: 'fault', message, hint };
}

/** The columns of each table, of pairs of a table and one of its columns. */
export function columnsByTable(pairs: Iterable<readonly [unknown, unknown]>): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  for (const [table, column] of pairs) {
    const columns = tables.get(String(table)) ?? new Set();
    tables.set(String(table), columns.add(String(column)));
  }
  return tables;
}

/** The presets whose tables are there, by the names of table and columns. */
export function proposals(
  tables: Iterable<readonly [string, ReadonlySet<string>]>,
  engine: EngineScheme,
): StoreProblem[] {
  return [...tables].flatMap(([table, columns]) => {
    const preset = presetOfTable(table, columns, engine);
    return preset === null ? [] : [proposal(preset, table)];
  });
}

/** The hour that ends with the newest row, ms. */
export function hourUpTo(newest: number): Window {
  return { from: newest - HOUR, to: newest + 1 };
}

/** Tries every source but the time and filters: what `attempt` finds, and what `faultOf` makes of its errors. */
export async function problemsOfSources(
  mapping: Mapping,
  attempt: (source: NamedSource) => Promise<StoreProblem | null>,
  faultOf: (source: NamedSource, error: unknown) => StoreProblem,
): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  for (const source of sourcesOf(mapping)) {
    if (source.name === 'time' || isOfFilter(source.name)) continue;
    try {
      const problem = await attempt(source);
      if (problem !== null) problems.push(problem);
    } catch (error) {
      problems.push(faultOf(source, error));
    }
  }
  return problems;
}
