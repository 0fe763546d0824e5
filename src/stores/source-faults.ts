// Tracks which columns and expressions cannot be read, and their keys.

import { AppError, isRefusal } from '../model/errors.ts';
import type { Measure } from '../model/measure.ts';
import type { Window } from '../model/window.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt, databaseMessage } from './attempt.ts';
import type { ColumnSource, Mapping } from './audit-store.ts';
import { cureOf, wantedOf } from './column-types.ts';
import { refusedExpressions, typeOf } from './one-value.ts';
import { probeSql } from './probe-sql.ts';
import { sourceSql, unfiltered } from './source-sql.ts';
import { type Asked, isOfFilter, type NamedSource, sourceNamesOf, sourcesIn, sourcesOf } from './sources.ts';
import type { TimeType } from './time-sql.ts';

/** The known faults of one store's columns and expressions. Costs nothing while there are none. */
export interface SourceFaults {
  /** Checks the expressions once, and again while some are refused. Throws when the time is refused. */
  check(session: SqlSession): Promise<void>;
  /** Throws when a source of the question is known to be refused for every row. */
  refuse(asked: Asked): void;
  /** Whether no source of the question has a known fault. */
  isClear(asked: Asked): boolean;
  /**
   * Tries the sources for which `isTried` holds on the rows within the ranges. Returns the errors of unreadable ones by
   * canonical name.
   */
  probe(
    asked: Asked,
    ranges: readonly Window[],
    timeType: TimeType,
    session: SqlSession,
    isTried: (name: string) => boolean,
  ): Promise<Map<string, AppError>>;
  /** Whether a measure is made of a source. */
  isOf(measure: Measure, name: string): boolean;
  /** Whether a source could not be read lately, and should be tried first. */
  isSuspect(name: string): boolean;
  /** Whether a source of the question could not be read lately, as of an instant (ms). */
  isFaulty(asked: Asked, at: number): boolean;
}

/**
 * For this long after its last failure, by the time of the rows, a source is read only for the rules that use it. Longer
 * than an hour, because a bucket reaches back an hour beyond a window that no longer holds the bad value.
 */
const APART_MS = 2 * 3_600_000;

export function openSourceFaults(mapping: Mapping): SourceFaults {
  let isChecked = false;
  let refusals: ReadonlyMap<string, AppError> = new Map();
  /** By canonical name, the end of the last range in which a value could not be read. */
  const failedAt = new Map<string, number>();

  return {
    async check(session) {
      if (isChecked && refusals.size === 0) return;
      refusals = await refusedExpressions(mapping, session);
      isChecked = true;
      // Without these nothing can be read.
      const fatal = [...refusals].find(([name]) => name === 'time' || isOfFilter(name));
      if (fatal !== undefined) throw fatal[1];
    },
    refuse(asked) {
      for (const { name } of refusals.size === 0 ? [] : sourcesIn(asked, mapping)) {
        const refusal = refusals.get(name);
        if (refusal !== undefined) throw refusal;
      }
    },
    isClear: (asked) =>
      (failedAt.size === 0 && refusals.size === 0) ||
      sourcesIn(asked, mapping).every(({ name }) => !failedAt.has(name) && !refusals.has(name)),
    async probe(asked, ranges, timeType, session, isTried) {
      const failed = new Map<string, AppError>();
      const filtered = await filterFault(mapping, ranges, timeType, session);
      if (filtered !== null) return new Map(sourcesIn(asked, mapping).map(({ name }) => [name, filtered]));
      const end = ranges.reduce((latest, { to }) => Math.max(latest, to), Number.NEGATIVE_INFINITY);
      for (const source of sourcesIn(asked, mapping)) {
        const { name } = source;
        const refusal = refusals.get(name);
        if (refusal !== undefined) failed.set(name, refusal);
        if (refusal !== undefined || !isTried(name)) continue;
        const statement = probeSql(name, ranges, mapping, timeType);
        if (statement === null) continue;
        try {
          await attempt(session, () => session.query(statement.text, statement.values));
        } catch (error) {
          if (!isRefusal(error)) throw error;
          failed.set(name, await named(source, error, mapping, session));
          failedAt.set(name, Math.max(end, failedAt.get(name) ?? end));
        }
      }
      return failed;
    },
    isOf: (measure, name) => sourceNamesOf(measure, mapping).includes(name),
    isSuspect: (name) => failedAt.has(name),
    isFaulty(asked, at) {
      if (failedAt.size === 0 && refusals.size === 0) return false;
      return sourcesIn(asked, mapping).some(({ name }) => {
        if (refusals.has(name)) return true;
        const last = failedAt.get(name);
        if (last === undefined) return false;
        if (Math.abs(at - last) < APART_MS) return true;
        failedAt.delete(name);
        return false;
      });
    },
  };
}

/** The fault of the conditions on rows, where rows within the ranges have values that these cannot take. */
export async function filterFault(
  mapping: Mapping,
  ranges: readonly Window[],
  timeType: TimeType,
  session: SqlSession,
): Promise<AppError | null> {
  const condition = sourcesOf(mapping).find(({ name }) => isOfFilter(name));
  if (condition === undefined) return null;
  const statement = probeSql(condition.name, ranges, mapping, timeType);
  if (statement === null) return null;
  try {
    await attempt(session, () => session.query(statement.text, statement.values));
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return named(condition, error, mapping, session);
  }
}

/** The same fault, with the key of alerts.yaml and what to do. */
export async function named(
  { name, key, source }: NamedSource,
  error: AppError,
  mapping: Mapping,
  session: SqlSession,
): Promise<AppError> {
  const wanted = wantedOf(name);
  const shown = typeof source === 'string' ? ` (column "${source}")` : '';
  const as = wanted === null ? '' : ` as ${wanted}`;
  const message = `${key}${shown} cannot be read${as}: ${databaseMessage(error)}`;
  const hint = error.hint ?? (await hintFor(name, source, mapping, session));
  return new AppError(error.code, message, { hint, cause: error });
}

async function hintFor(
  name: string,
  source: ColumnSource,
  mapping: Mapping,
  session: SqlSession,
): Promise<string> {
  const general = 'Write an expression that gives a value for every row, NULL where there is none.';
  if (wantedOf(name) === null || typeof source !== 'string') return general;
  return cureOf(name, (await typeOf(sourceSql(source), unfiltered(mapping), session)) ?? '', source);
}
