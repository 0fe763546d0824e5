// `spendwatch explain`: says why a rule fires or does not.

import { dimensionsOf, fingerprintsOf, openAudit } from '../app.ts';
import type { Answer } from '../check/explain/answer.ts';
import { explainOnce } from '../check/explain/explain.ts';
import { explainJson } from '../check/explain/json.ts';
import type { LedgerReader } from '../check/explain/parts.ts';
import { explainText } from '../check/explain/text.ts';
import { EXIT_CODES } from '../check/result.ts';
import { openCheckState } from '../check/state.ts';
import { sumsSource } from '../check/sums-source.ts';
import type { Config } from '../config/config.ts';
import { unsetNote } from '../config/place.ts';
import { cronSchedule } from '../model/cron-schedule.ts';
import { AppError, asAppError, sentenceOf } from '../model/errors.ts';
import { type Rule, SEVERITIES, type Severity } from '../model/rule.ts';
import { wrappedSentences } from '../model/wrapped-text.ts';
import type { Sql } from '../sql/port.ts';
import { stateReader } from '../state/open.ts';
import { readTold } from '../state/told.ts';
import { silencingOf } from './check.ts';
import { type AskedGroups, askedGroups, ensureKnown, ruleNamed } from './explain-names.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';

export interface ExplainOptions {
  readonly config: string;
  readonly rule: string;
  /** `dimension=value` */
  readonly group: readonly string[];
  /** ms; by default now, cut to the minute. */
  readonly at?: number;
  readonly format: 'text' | 'json';
  /** Whether to ask the store alone, without the sums that a worker keeps. */
  readonly direct: boolean;
}

const MINUTE = 60_000;
const THROUGH_WORKER = { mustExist: true, throughWorker: 'read', waitMs: 2_000 } as const;

/** Prints why the rule fires or does not. Resolves to the exit code of `check`. */
export async function explain(options: ExplainOptions, io: Io): Promise<number> {
  const at = options.at ?? Math.floor(Date.now() / MINUTE) * MINUTE;
  const config = await loadWithoutChannels(options.config, io);
  const rule = ruleNamed(config, options.rule);
  const wanted = askedGroups(rule, options.group);
  const answer = await answered(config, rule, { at, wanted, direct: options.direct }, io);
  const severity = severityIn(answer);
  if (options.format === 'json') io.out(explainJson(answer, severity, config.name));
  else io.out(io.stdoutIsTerminal ? wrappedSentences(explainText(answer), io.columns) : explainText(answer));
  if (severity === 'critical') return EXIT_CODES.critical;
  if (severity !== null) return EXIT_CODES.warning;
  return answer.status === 'error' ? EXIT_CODES.unknown : EXIT_CODES.ok;
}

interface Asked {
  readonly at: number;
  readonly wanted: AskedGroups | null;
  readonly direct: boolean;
}

async function answered(config: Config, rule: Rule, asked: Asked, io: Io): Promise<Answer> {
  const { at, wanted, direct } = asked;
  const { timezone: zone } = config;
  try {
    const { sql, store } = await openAudit(config, THROUGH_WORKER);
    try {
      const note = unsetNote(config);
      if (note !== null) io.err(note);
      const wantsSums = !direct && config.audit.rollup === 'on';
      const state = await openCheckState(config, sql, at, wantsSums);
      try {
        const { kept } = state;
        const fingerprint = fingerprintsOf(config).get(rule.name) ?? rule.name;
        const parts = {
          ...silencingOf(config, state.seen),
          ...{ rule, fingerprint, zone, store, incidents: config.incidents },
          dimensions: dimensionsOf(config),
          hasPrices: config.audit.prices !== null,
          source: kept && sumsSource(store, kept.buckets, config.audit.latenessMs),
          schedule: cronSchedule(config.schedule, zone),
          ledger: state.sql === null ? null : ledgerIn(state.sql, fingerprint),
          ...(wanted !== null && { wanted }),
        };
        const answer = await explainOnce(parts, at);
        if (wanted !== null) await ensureKnown(parts, answer, wanted, at);
        const trouble = state.trouble === null ? null : sentenceOf(state.trouble);
        return {
          ...answer,
          ledgerTrouble: answer.ledgerTrouble ?? trouble ?? (state.sql === null ? NO_LEDGER : null),
          kept: kept && { reconciledAt: kept.reconciledAt },
        };
      } finally {
        await state.close();
      }
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'usage') throw error;
    return unreadable(rule, at, zone, sentenceOf(asAppError(error, 'explain_failed')));
  }
}

const NO_LEDGER = 'no worker of this version has kept anything in the state store';

function ledgerIn(sql: Sql, fingerprint: string): LedgerReader {
  return { state: stateReader(sql), told: (from, to) => readTold(sql, fingerprint, from, to) };
}

function unreadable(rule: Rule, at: number, zone: string, error: string): Answer {
  const nothing = {
    groups: [],
    known: 0,
    firing: 0,
    newestRow: null,
    calls: 0,
    kept: null,
    ledgerTrouble: null,
  };
  return { rule, at, zone, status: 'error', ...nothing, error };
}

function severityIn({ groups }: Answer): Severity | null {
  const found = new Set(groups.map(({ severity }) => severity));
  return SEVERITIES.findLast((severity) => found.has(severity)) ?? null;
}
