// `spendwatch top`: a live view of what is spent, what fires and who spends.

import { AppError } from '../model/errors.ts';
import { inCurrency } from '../model/metric.ts';
import { painter } from '../model/painter.ts';
import { frame } from '../top/frame.ts';
import { openScreen } from '../top/screen.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';
import { type Readings, startReading } from './top-reading.ts';
import { openTopStores } from './top-stores.ts';

export interface TopOptions {
  readonly config: string;
  /** How often the state store is read, ms. */
  readonly interval: number;
}

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

/** The connection was lost. */
function hangUp(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGHUP', () => resolve());
  });
}
