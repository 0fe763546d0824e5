// When `top` reads which store: each in its own time, and sooner where an incident is new.

import { asAppError, sentenceOf } from '../model/errors.ts';
import type { Status } from '../status/status.ts';
import type { Figures } from '../top/figures.ts';
import type { Latest } from '../top/view-data.ts';
import type { TopStores } from './top-stores.ts';

const MINUTE = 60_000;
/** Reading the audit store takes at most this part of the time, where a read takes long. */
const AUDIT_SHARE = 1 / 20;
/** The same after an incident that is new. */
const INCIDENT_SHARE = 1 / 4;
/** How long the first look at the audit store waits for the state store. */
const STATE_FIRST_MS = 2_000;

/** What both stores said last. */
export interface Readings {
  readonly state: Latest<Status>;
  readonly audit: Latest<Figures>;
}

/** Reads both stores again and again, each in its own time. `failed` rejects at a fault of the program. */
export function startReading(
  stores: Pick<TopStores, 'status' | 'figures'>,
  intervalMs: number,
  show: (news: Partial<Readings>) => void,
) {
  let isOver = false;
  let status: Status | null = null;
  let figures: Figures | null = null;
  /** When the audit store may be asked for a new incident, ms. */
  let freeFrom = 0;
  const [statePause, auditPause] = [openPause(), openPause()];

  const readState = async (): Promise<number> => {
    try {
      status = await toldWhileLate(stores.status(), (trouble) => {
        if (!isOver) show({ state: { answer: status, trouble } });
      });
      if (!isOver) show({ state: { answer: status, trouble: null } });
      // What a new incident has cost is not left open for up to a minute.
      const known = figures?.incidents;
      const isNew = status.incidents.some(({ id }) => known?.has(id) === false);
      if (isNew && freeFrom < Number.POSITIVE_INFINITY) auditPause.endWithin(freeFrom - Date.now());
    } catch (error) {
      if (!isOver) show({ state: { answer: status, trouble: reasonOf(error) } });
    }
    return intervalMs;
  };
  const readAudit = async (): Promise<number> => {
    const begun = Date.now();
    const next = begun - (begun % MINUTE) + MINUTE;
    try {
      figures = await stores.figures(next - MINUTE, status);
      freeFrom = afterRest(begun, INCIDENT_SHARE);
      if (!isOver) show({ audit: { answer: figures, trouble: null } });
    } catch (error) {
      freeFrom = Number.POSITIVE_INFINITY;
      if (!isOver) show({ audit: { answer: figures, trouble: reasonOf(error) } });
    }
    return Math.max(next, afterRest(begun, AUDIT_SHARE)) - Date.now();
  };
  const again = async (read: () => Promise<number>, pause: Pause): Promise<void> => {
    while (!isOver) {
      const waitMs = await read();
      if (!isOver) await pause.take(waitMs);
    }
  };
  // The audit store is asked for the spend of incidents, which the state store knows.
  const firstState = readState();
  const failed = Promise.all([
    firstState.then((waitMs) => statePause.take(waitMs)).then(() => again(readState, statePause)),
    Promise.race([firstState, auditPause.take(STATE_FIRST_MS)]).then(() => again(readAudit, auditPause)),
  ]);
  return {
    failed,
    stop() {
      isOver = true;
      for (const pause of [statePause, auditPause]) pause.endWithin(0);
    },
  };
}

/** After so long without an answer the view says so. */
const LATE_MS = 5_000;

/** Says again and again for how long there is no answer, so that nobody takes what stands there for the latest. */
async function toldWhileLate<T>(answer: Promise<T>, tell: (trouble: string) => void): Promise<T> {
  const begun = Date.now();
  const telling = setInterval(
    () => tell(`no answer for ${Math.round((Date.now() - begun) / 1000)} s`),
    LATE_MS,
  );
  return answer.finally(() => clearInterval(telling));
}

/** When a store that was asked from `begun` until now has been asked for no more than a part of the time. */
function afterRest(begun: number, share: number): number {
  return Date.now() + (Date.now() - begun) * (1 / share - 1);
}

interface Pause {
  /** Resolves after so many ms; one at a time. */
  take(ms: number): Promise<void>;
  /** The pause that is taken now ends in at most so many ms. */
  endWithin(ms: number): void;
}

function openPause(): Pause {
  let timer: NodeJS.Timeout | undefined;
  let end: (() => void) | null = null;
  const endIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        end?.();
        end = null;
      },
      Math.max(0, ms),
    );
  };
  return {
    take: (ms) =>
      new Promise((resolve) => {
        end?.();
        end = resolve;
        endIn(ms);
      }),
    endWithin(ms) {
      if (end !== null) endIn(ms);
    },
  };
}

function reasonOf(error: unknown): string {
  return sentenceOf(asAppError(error, 'top_failed'));
}
