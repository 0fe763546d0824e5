// `spendwatch top`: a live view of what is spent, what fires and who spends.

import { AppError, asAppError, sentenceOf } from '../model/errors.ts';
import { inCurrency } from '../model/metric.ts';
import { painter } from '../model/painter.ts';
import type { Status } from '../status/status.ts';
import type { Figures } from '../top/figures.ts';
import { frame } from '../top/frame.ts';
import { openScreen } from '../top/screen.ts';
import type { Latest } from '../top/view-data.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';
import { openTopStores, type TopStores } from './top-stores.ts';

export interface TopOptions {
  readonly config: string;
  /** How often the state store is read, ms. */
  readonly interval: number;
}

const MINUTE = 60_000;
/** Reading the audit store takes at most this part of the time, where a read takes long. */
const AUDIT_SHARE = 1 / 20;
/** The same after an incident that is new. */
const INCIDENT_SHARE = 1 / 4;
/** How long the first look at the audit store waits for the state store. */
const STATE_FIRST_MS = 2_000;
/** A statement that is under way at the end is not waited for any longer. */
const LEAVE_MS = 1_000;

/** Draws until it is told to end. Resolves to 0. */
export async function top({ config: path, interval }: TopOptions, io: Io): Promise<number> {
  const { terminal } = io;
  if (terminal === null) {
    throw new AppError('usage', 'top draws on a terminal, and here is none that it can draw on', {
      hint: 'for one look, or for a script: spendwatch status, spendwatch check',
    });
  }
  const config = await loadWithoutChannels(path, io);
  const stores = openTopStores(config);
  const view = openView(terminal, (size, scroll, { state, audit }) =>
    frame(
      {
        now: Date.now(),
        zone: config.timezone,
        name: config.name,
        spend: inCurrency('spend', config.audit.currency),
        state,
        audit,
      },
      size,
      scroll,
      painter(io.colour),
    ),
  );
  try {
    const reading = startReading(stores, interval, view.show);
    await Promise.race([view.ended, io.stopped, hangUp(), reading.failed]);
    reading.stop();
  } finally {
    view.close();
  }
  setTimeout(() => process.exit(), LEAVE_MS).unref();
  await stores.close();
  return 0;
}

/** What both stores said last. */
interface Readings {
  readonly state: Latest<Status>;
  readonly audit: Latest<Figures>;
}
type Draw = (
  size: Parameters<typeof frame>[1],
  scroll: number,
  readings: Readings,
) => ReturnType<typeof frame>;

const NOTHING_READ: Readings = {
  state: { answer: null, trouble: null },
  audit: { answer: null, trouble: null },
};

/** The screen with its keys. `ended` resolves when a key ends it. */
function openView({ input, output }: NonNullable<Io['terminal']>, draw: Draw) {
  let readings = NOTHING_READ;
  let scroll = 0;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const redraw = (): void => {
    const drawn = draw(screen.size(), scroll, readings);
    scroll = Math.min(scroll, drawn.furthest);
    page = drawn.page;
    screen.draw(drawn.lines);
  };
  let page = 1;
  const moveBy = (rules: number): void => {
    scroll = Math.max(0, scroll + rules);
    redraw();
  };
  const keys: Readonly<Record<string, () => void>> = {
    q: () => end(),
    'ctrl-c': () => end(),
    // To all that the shell stops together, as the key does where keys are not read one by one.
    'ctrl-z': () => void process.kill(0, 'SIGTSTP'),
    up: () => moveBy(-1),
    down: () => moveBy(1),
    pageup: () => moveBy(-page),
    pagedown: () => moveBy(page),
  };
  const screen = openScreen(input, output, { key: (name) => keys[name]?.(), resized: redraw });
  redraw();
  return {
    ended,
    show(news: Partial<Readings>) {
      readings = { ...readings, ...news };
      redraw();
    },
    close: screen.close,
  };
}

/** Reads both stores again and again, each in its own time. `failed` rejects at a fault of the program. */
function startReading(stores: TopStores, intervalMs: number, show: (news: Partial<Readings>) => void) {
  let isOver = false;
  let status: Status | null = null;
  let figures: Figures | null = null;
  /** When the audit store may be asked for a new incident, ms. */
  let freeFrom = 0;
  const [statePause, auditPause] = [openPause(), openPause()];

  const readState = async (): Promise<number> => {
    try {
      status = await stores.status();
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

/** The connection was lost. */
function hangUp(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGHUP', () => resolve());
  });
}
