// The stores of `spendwatch top`: opened when they are first asked, and anew after a fault.

import { dimensionsOf, openAudit, openStateSql } from '../app.ts';
import { readCheckState } from '../check/state.ts';
import { sumsSource } from '../check/sums-source.ts';
import type { Config } from '../config/config.ts';
import { cronSchedule } from '../model/cron-schedule.ts';
import { oneByOne } from '../model/one-by-one.ts';
import type { Source } from '../pipeline/collect.ts';
import type { Sql } from '../sql/port.ts';
import { ensureCurrent } from '../state/migrate.ts';
import type { SilencesSeen } from '../state/silences.ts';
import type { Status } from '../status/status.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { type Figures, readFigures } from '../top/figures.ts';
import { openIncidents } from '../top/incidents.ts';
import { silencingOf } from './check.ts';
import { readStatusOf } from './status.ts';

export interface TopStores {
  /** Reads the state store. Throws AppError. */
  status(): Promise<Status>;
  /** Reads the audit store as of a whole minute, ms; `status` is what is known of incidents. Throws AppError. */
  figures(at: number, status: Status | null): Promise<Figures>;
  close(): Promise<void>;
}

/** The view stays open for hours, and must not keep a worker out of its folder. */
const THROUGH_WORKER = { throughWorker: 'read', onlyThroughWorker: true } as const;

export function openTopStores(config: Config): TopStores {
  const state = reopened(
    async () => {
      const sql = await openStateSql(config, THROUGH_WORKER);
      await closedOnFault(sql, ensureCurrent(sql));
      return sql;
    },
    (sql) => sql.close(),
  );
  const audit = reopened(
    () => openAuditSide(config, state.use),
    ({ store }) => store.close(),
  );
  return {
    status: () => state.use((sql) => readStatusOf(config, sql)),
    figures: (at, status) =>
      audit.use(async ({ store, source }) => {
        const seen = await silencesSeen(config, state.use, at);
        return readFigures(
          {
            parts: {
              ...{ store, source, zone: config.timezone },
              ...silencingOf(config, seen),
              dimensions: dimensionsOf(config),
              hasPrices: config.audit.prices !== null,
              rules: config.rules.filter(({ enabled }) => enabled),
              schedule: cronSchedule(config.schedule, config.timezone),
            },
            incidents: status === null ? [] : openIncidents(status),
            allRules: config.rules,
          },
          at,
        );
      }),
    async close() {
      await Promise.all([audit.close(), state.close()]);
    },
  };
}

interface AuditSide {
  readonly store: AuditStore;
  /** Sums that begin with what the worker keeps, and then read only what is new; null where the file wants none. */
  readonly source: Source | null;
}

type UseState = <R>(work: (sql: Sql) => Promise<R>) => Promise<R>;

async function openAuditSide(config: Config, useState: UseState): Promise<AuditSide> {
  const { rollup, latenessMs } = config.audit;
  const { store } = await openAudit(config, { ...THROUGH_WORKER, mustExist: true });
  if (rollup === 'off') return { store, source: null };
  const kept = await useState((sql) => readCheckState(config, sql, Date.now(), true)).then(
    ({ kept: found }) => found,
    // The view says what is wrong with the state store.
    () => null,
  );
  return { store, source: sumsSource(store, kept?.buckets ?? null, latenessMs) };
}

async function silencesSeen(config: Config, useState: UseState, at: number): Promise<SilencesSeen> {
  return useState((sql) => readCheckState(config, sql, at, false)).then(
    ({ seen }) => seen,
    () => ({ silences: [], incidentOf: null }),
  );
}

async function closedOnFault(sql: Sql, ready: Promise<void>): Promise<void> {
  try {
    await ready;
  } catch (error) {
    await sql.close();
    throw error;
  }
}

/** What is opened at its first use and closed at a fault, so that the next use opens it anew. */
function reopened<T>(open: () => Promise<T>, close: (opened: T) => Promise<void>) {
  let opened: T | null = null;
  const inTurn = oneByOne();
  const leave = async (): Promise<void> => {
    const left = opened;
    opened = null;
    if (left !== null) await close(left).catch(() => undefined);
  };
  return {
    use: <R>(work: (opened: T) => Promise<R>): Promise<R> =>
      inTurn(async () => {
        opened ??= await open();
        try {
          return await work(opened);
        } catch (error) {
          await leave();
          throw error;
        }
      }),
    close: leave,
  };
}
