// How far rules move on: together, or each by itself.

import { createHash } from 'node:crypto';
import type { SqlSession } from '../sql/port.ts';

/** How far a rule moves on: from the instant up to which it was recorded when it was read (null for none) to another, ms. */
export interface Step {
  readonly fingerprint: string;
  readonly rule: string;
  readonly before: number | null;
  readonly at: number;
}

/**
 * Progress may lie so far ahead of this worker's clock, for replicas' clocks differ. What lies further ahead was made by a
 * clock that has been set back since: it is given up, or nothing missed would be made up for until that time has come.
 */
const SKEW_MS = 60_000;

/** Whether the rule is at `at` after the step, and not where an older one left it. */
export function isForward({ before, at }: Pick<Step, 'before' | 'at'>, now: number): boolean {
  return before === null || at >= before || before > now + SKEW_MS;
}

/**
 * Moves rules on that were recorded together last time, all of them at once; false where they were not, or where another
 * process has moved one of them meanwhile. `steps` ascend by their fingerprints. One statement, and so a transaction of its own.
 */
export async function moveTogether(session: SqlSession, steps: readonly Step[]): Promise<boolean> {
  const { before = null, at = 0 } = steps[0] ?? {};
  if (before === null || at < before) return false;
  if (!steps.every((step) => step.before === before && step.at === at)) return false;
  const moved = await session.query(
    'UPDATE spendwatch.pace SET last_good = $3 WHERE id = $1 AND last_good = $2 RETURNING id',
    [paceOf(steps), new Date(before), new Date(at)],
  );
  return moved.length > 0;
}

/** Any constant that no other program is likely to use. */
const PROGRESS_LOCK = 7_330_178_215;

/**
 * Waits until no other transaction changes which rules keep pace: with rules in several sets, and sets in several processes,
 * locks on their rows would be met in any order. In a transaction, until its end.
 */
async function lockProgress(session: SqlSession): Promise<void> {
  await session.query(`SELECT pg_advisory_xact_lock(${PROGRESS_LOCK})`);
}

/**
 * Moves each rule on and returns those that stood where they were thought to; if these are all and they come equally far, they
 * keep pace from now on. `steps` ascend by their fingerprints. In a transaction.
 */
export async function moveOn(session: SqlSession, steps: readonly Step[], now: number): Promise<Set<string>> {
  if (steps.length === 0) return new Set();
  await lockProgress(session);
  if (await moveTogether(session, steps)) return new Set(steps.map(({ fingerprint }) => fingerprint));
  const free = await fallOut(session, steps);
  const fresh = free.filter(({ before }) => before === null);
  if (fresh.length > 0) {
    await session.query(
      `INSERT INTO spendwatch.rule_progress (fingerprint, rule_name)
       SELECT fingerprint, rule_name FROM unnest($1::text[], $2::text[]) AS r (fingerprint, rule_name)
       ON CONFLICT (fingerprint) DO NOTHING`,
      [fresh.map(({ fingerprint }) => fingerprint), fresh.map(({ rule }) => rule)],
    );
  }
  // As arrays, whose length the planner knows: of a thousand rules it guesses well how to meet them.
  const moved = await session.query<{ fingerprint: string }>(
    `UPDATE spendwatch.rule_progress AS progress
     SET last_good = CASE WHEN progress.last_good > $5 THEN r.at ELSE GREATEST(progress.last_good, r.at) END,
         rule_name = r.rule_name
     FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
       AS r (fingerprint, rule_name, before, at)
     WHERE progress.fingerprint = r.fingerprint AND progress.last_good IS NOT DISTINCT FROM r.before
     RETURNING progress.fingerprint`,
    [
      free.map(({ fingerprint }) => fingerprint),
      free.map(({ rule }) => rule),
      free.map(({ before }) => (before === null ? null : new Date(before).toISOString())),
      free.map(({ at }) => new Date(at).toISOString()),
      new Date(now + SKEW_MS),
    ],
  );
  const taken = new Set(moved.map(({ fingerprint }) => fingerprint));
  if (taken.size === steps.length && areEven(steps, now)) await fallIn(session, steps);
  return taken;
}

/** Rules that have come equally far keep pace. */
async function fallIn(session: SqlSession, steps: readonly Step[]): Promise<void> {
  const pace = paceOf(steps);
  await session.query(
    `INSERT INTO spendwatch.pace (id, last_good) VALUES ($1, $2)
     ON CONFLICT (id) DO UPDATE SET last_good = EXCLUDED.last_good`,
    [pace, new Date((steps[0] as Step).at)],
  );
  await session.query('UPDATE spendwatch.rule_progress SET pace = $1 WHERE fingerprint = ANY ($2::text[])', [
    pace,
    steps.map(({ fingerprint }) => fingerprint),
  ]);
}

/** Ends the paces of rules that are where they were thought to be; returns the steps of those that may still be taken. */
async function fallOut(session: SqlSession, steps: readonly Step[]): Promise<readonly Step[]> {
  const paced = await session.query<{ fingerprint: string; pace: string }>(
    'SELECT fingerprint, pace FROM spendwatch.rule_progress WHERE fingerprint = ANY ($1::text[]) AND pace IS NOT NULL',
    [steps.map(({ fingerprint }) => fingerprint)],
  );
  if (paced.length === 0) return steps;
  // Locked, as a pace is moved on without the lock that is held here.
  const paces = await session.query<{ id: string; last_good: Date }>(
    'SELECT id, last_good FROM spendwatch.pace WHERE id = ANY ($1::text[]) FOR UPDATE',
    [[...new Set(paced.map(({ pace }) => pace))]],
  );
  const lastGood = new Map(paces.map(({ id, last_good }) => [id, last_good.getTime()]));
  const paceOfRule = new Map(paced.map(({ fingerprint, pace }) => [fingerprint, pace]));
  const ended = new Set<string>();
  const free = steps.filter(({ fingerprint, before }) => {
    const pace = paceOfRule.get(fingerprint);
    if (pace === undefined) return true;
    // Who comes too late leaves the others their pace. One that somebody removed by hand is none.
    if (lastGood.has(pace) && lastGood.get(pace) !== before) return false;
    ended.add(pace);
    return true;
  });
  await endPaces(session, [...ended]);
  return free;
}

/** The rules that keep these paces go by themselves again. With the progress locked, and the paces too. */
async function endPaces(session: SqlSession, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query(
    `UPDATE spendwatch.rule_progress AS progress
     SET last_good = COALESCE((SELECT pace.last_good FROM spendwatch.pace WHERE id = progress.pace), last_good), pace = NULL
     WHERE pace = ANY ($1::text[])`,
    [ids],
  );
  await session.query('DELETE FROM spendwatch.pace WHERE id = ANY ($1::text[])', [ids]);
}

/** Forgets rules that have not been judged since an instant. In a transaction. */
export async function forgetRules(session: SqlSession, before: Date): Promise<void> {
  await lockProgress(session);
  const old = await session.query<{ id: string }>(
    'SELECT id FROM spendwatch.pace WHERE last_good < $1 FOR UPDATE',
    [before],
  );
  await endPaces(
    session,
    old.map(({ id }) => id),
  );
  await session.query('DELETE FROM spendwatch.rule_progress WHERE pace IS NULL AND last_good < $1', [before]);
}

/** Whether all rules are at the same instant after their steps. */
function areEven(steps: readonly Step[], now: number): boolean {
  return steps.every((step) => step.at === steps[0]?.at && isForward(step, now));
}

/** The id of these rules' pace: a rule that comes, goes or is called otherwise makes it another one. */
function paceOf(steps: readonly Step[]): string {
  const rules = steps.map(({ fingerprint, rule }) => [fingerprint, rule]);
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 32);
}
