// `spendwatch check`: evaluates every rule once and prints the result.

import { dimensionsOf, fingerprintsOf, openAudit } from '../app.ts';
import { type CheckParts, evaluateOnce, unreadable } from '../check/check.ts';
import { checkJson } from '../check/json.ts';
import { checkNagios } from '../check/nagios.ts';
import { type CheckResult, EXIT_CODES, statusOf } from '../check/result.ts';
import { openCheckState } from '../check/state.ts';
import { sumsSource } from '../check/sums-source.ts';
import { checkTable } from '../check/table.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { unsetNote } from '../config/place.ts';
import { cronSchedule } from '../model/cron-schedule.ts';
import { AppError, asAppError, sentenceOf } from '../model/errors.ts';
import { groupId } from '../model/fingerprint.ts';
import type { Rule } from '../model/rule.ts';
import { wrappedSentences } from '../model/wrapped-text.ts';
import type { SilencesSeen } from '../state/silences.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';

export interface CheckOptions {
  readonly config: string;
  readonly rule: readonly string[];
  /** ms; by default now, cut to the minute. */
  readonly at?: number;
  readonly format: 'table' | 'json' | 'nagios';
  readonly notify: boolean;
  /** Whether to ask the store alone, without the sums that a worker keeps. */
  readonly direct?: boolean;
}

const MINUTE = 60_000;
/** A worker may have the folder of an embedded store, or another command for a moment. */
const THROUGH_WORKER = { mustExist: true, throughWorker: 'read', waitMs: 2_000 } as const;
const UNSEEN_SILENCES =
  'spendwatch: warning: silences that were added by command are not shown, as the state store could not be read';

/** Evaluates every rule once and prints the result. Resolves to the exit code of monitoring plugins. */
export async function check(options: CheckOptions, io: Io): Promise<number> {
  const at = options.at ?? Math.floor(Date.now() / MINUTE) * MINUTE;
  const config = options.notify
    ? await loadConfig(options.config, io.env)
    : await loadWithoutChannels(options.config, io);
  const rules = chosenRules(config, options.rule);
  const result = await evaluated(config, rules, at, options.direct === true, io);
  if (options.format === 'json') await io.outPieces(checkJson(result, config.name));
  else io.out(printed(result, options.format, io));
  if (result.error !== null && options.format !== 'table') io.err(`spendwatch: ${result.error}`);
  if (options.notify) {
    // What sends is loaded only here: it takes a tenth of the time that a check takes to start.
    const { notifyOnce } = await import('./notify-once.ts');
    await notifyOnce(config, result.error === null ? rules : [], at, io);
  }
  return EXIT_CODES[statusOf(result)];
}

async function evaluated(
  config: Config,
  rules: readonly Rule[],
  at: number,
  isDirect: boolean,
  io: Pick<Io, 'err'>,
): Promise<CheckResult> {
  const { timezone: zone } = config;
  const hasPrices = config.audit.prices !== null;
  const parts = { rules, zone, dimensions: dimensionsOf(config), hasPrices };
  try {
    const { sql, store } = await openAudit(config, THROUGH_WORKER);
    try {
      const note = unsetNote(config);
      if (note !== null) io.err(note);
      const schedule = cronSchedule(config.schedule, zone);
      const wantsSums = !isDirect && config.audit.rollup === 'on';
      const { kept, trouble, ...state } = await openCheckState(config, sql, at, wantsSums);
      try {
        const source = kept && sumsSource(store, kept.buckets, config.audit.latenessMs);
        const silencing = silencingOf(config, state.seen);
        const result = await evaluateOnce({ ...parts, ...silencing, store, source, schedule }, at);
        if (trouble !== null) io.err(`${UNSEEN_SILENCES}: ${sentenceOf(trouble)}`);
        return {
          ...result,
          kept: kept && { reconciledAt: kept.reconciledAt },
          aheadMs: await tellFutureRows(store, io),
        };
      } finally {
        await state.close();
      }
    } finally {
      await store.close();
    }
  } catch (error) {
    return unreadable(parts, at, sentenceOf(asAppError(error, 'check_failed')));
  }
}

/** The silences of the file and of the state store, and which alerts are of the incidents that they name. */
export function silencingOf(config: Config, seen: SilencesSeen): Pick<CheckParts, 'silences' | 'incidentOf'> {
  const silences = [...config.silences, ...seen.silences];
  const { incidentOf } = seen;
  if (incidentOf === null) return { silences };
  const fingerprints = fingerprintsOf(config);
  return {
    silences,
    incidentOf: ({ name }, { key, variant }) =>
      incidentOf(fingerprints.get(name) ?? name, groupId(key, variant)),
  };
}

/**
 * Warns on stderr of rows ahead of the clock. Returns how far ahead (ms), or null. A failed look-up does not change the
 * result.
 */
async function tellFutureRows(store: AuditStore, io: Pick<Io, 'err'>): Promise<number | null> {
  const found = await store.futureRows(Date.now()).catch(() => null);
  if (found === null) return null;
  io.err(`spendwatch: warning: ${found.message}`);
  io.err(`  hint: ${found.hint}`);
  return found.aheadMs;
}

function printed(result: CheckResult, format: 'table' | 'nagios', io: Io): string {
  if (format === 'nagios') return checkNagios(result);
  const table = checkTable(result, io.colour);
  return io.stdoutIsTerminal ? wrappedSentences(table, io.columns) : table;
}

/** The enabled rules, or the named ones; a disabled rule can be tried by name. */
export function chosenRules(config: Config, names: readonly string[]): Rule[] {
  const unknown = names.find((name) => !config.rules.some((rule) => rule.name === name));
  if (unknown !== undefined) {
    throw new AppError('usage', `there is no rule ${unknown} in ${config.path}`, {
      hint: `its rules are: ${config.rules.map((rule) => rule.name).join(', ')}`,
    });
  }
  return config.rules.filter((rule) => (names.length === 0 ? rule.enabled : names.includes(rule.name)));
}
