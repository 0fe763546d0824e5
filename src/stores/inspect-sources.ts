// Checks expressions, types and recent values, for validate --connect.

import { describeColumn, isColumn } from '../model/columns.ts';
import { type AppError, isRefusal } from '../model/errors.ts';
import type { Window } from '../model/window.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping, StoreProblem } from './audit-store.ts';
import { typeFault } from './column-types.ts';
import { refusedExpressions, typeOf } from './one-value.ts';
import { probeSql } from './probe-sql.ts';
import { filterFault, named } from './source-faults.ts';
import { fromTableSql, sourceSql, unfiltered } from './source-sql.ts';
import { isOfFilter, type NamedSource, sourcesOf } from './sources.ts';
import { timeFault } from './time-faults.ts';
import type { TimeType } from './time-types.ts';
import { dependsOnClock } from './volatile.ts';

/** The rows on which expressions are tried. */
export interface Sample {
  readonly range: Window;
  readonly timeType: TimeType;
  /** Whether the table has rows, and the filter leaves none of them. */
  readonly isFilteredOut: boolean;
}

/**
 * Finds columns and expressions that cannot be read as their meaning requires: expressions that are not one value of their
 * row, types that cannot be read, and sample values that cannot. `missing` were reported already; the sample is null where
 * the time cannot be read.
 */
export async function sourceProblems(
  mapping: Mapping,
  missing: ReadonlySet<string>,
  sample: Sample | null,
  session: SqlSession,
): Promise<StoreProblem[]> {
  const refused = await refusedExpressions(mapping, session);
  const problems: StoreProblem[] = [];
  const isUnread = [...missing, ...refused.keys()].some(isOfFilter);
  const failed =
    isUnread || sample === null ? null : await filterFault(mapping, [sample.range], sample.timeType, session);
  if (failed !== null) problems.push(fault(failed));
  if (sample?.isFilteredOut === true) problems.push(NOTHING_LEFT);
  const tried = isUnread || failed !== null ? null : sample;
  for (const source of sourcesOf(mapping)) {
    if (missing.has(source.name)) continue;
    const refusal = refused.get(source.name);
    if (refusal !== undefined) problems.push(fault(refusal));
    else {
      const found = await problemOf(source, mapping, tried, session);
      if (found !== null) problems.push(found);
    }
  }
  return problems;
}

const NOTHING_LEFT: StoreProblem = {
  level: 'warning',
  message: 'audit.where leaves no row of the table: nothing is watched.',
  hint: 'Compare its columns and values with what the table holds.',
};

async function problemOf(
  source: NamedSource,
  mapping: Mapping,
  sample: Sample | null,
  session: SqlSession,
): Promise<StoreProblem | null> {
  const { name, key } = source;
  const sql = sourceSql(source.source);
  const plain = { text: `${fromTableSql(unfiltered(mapping), [`${sql} AS value`], [])} LIMIT 0`, values: [] };
  const unreadable = await faultOf(plain, source, mapping, session);
  if (unreadable !== null) return fault(unreadable);
  const type = (await typeOf(sql, unfiltered(mapping), session)) ?? '';
  const wrong = name === 'time' ? timeFault(type, mapping) : typeFault(name, type, source.source);
  if (wrong !== null) {
    const shown = typeof source.source === 'string' ? ` (column "${source.source}")` : '';
    const message = `${key}${shown} is of type ${type}, and must be ${wrong.wanted}.`;
    return { level: 'fault', message, hint: wrong.cure };
  }
  if (sample !== null) {
    const probe = probeSql(name, [sample.range], mapping, sample.timeType);
    const odd = probe === null ? null : await faultOf(probe, source, mapping, session);
    if (odd !== null) return fault(odd);
  }
  return doubtOf(source, type);
}

/** The fault of a source that the database refuses, under its key; null when it can be read. */
async function faultOf(
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
  source: NamedSource,
  mapping: Mapping,
  session: SqlSession,
): Promise<AppError | null> {
  try {
    await attempt(session, () => session.query(text, values));
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return named(source, error, mapping, session);
  }
}

/** A warning about a source that can be read but may not be what was meant. */
function doubtOf({ name, key, source }: NamedSource, type: string): StoreProblem | null {
  if (typeof source !== 'string' && dependsOnClock(source.sql)) {
    return {
      level: 'warning',
      message: `${key} depends on the clock: sums of the past stay as they were when they were read.`,
      hint: 'Use a value that the row itself holds, if you can.',
    };
  }
  if (isOfFilter(name)) return null;
  const isShown = !isColumn(name) || describeColumn(name).kind === 'dimension';
  if (!isShown || !(/^jsonb?$/.test(type) || type.endsWith('[]'))) return null;
  const written = type.endsWith('[]') ? '{a,b}' : '"a", with its quotes';
  return {
    level: 'warning',
    message: `${key} is of type ${type}: a value is shown and compared as ${written}.`,
    hint: "Take a text of it, such as metadata->>'team' or (tags)[1].",
  };
}

function fault({ message, hint }: AppError): StoreProblem {
  return { level: 'fault', message, hint: hint ?? '' };
}
