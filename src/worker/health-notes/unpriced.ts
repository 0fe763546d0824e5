// A health message about calls without a price, which are read hour by hour.

import type { App } from '../../app.ts';
import { displayText } from '../../model/display-text.ts';
import { largestOf } from '../../model/extremes.ts';
import { NONE } from '../../model/finding.ts';
import { type HourOfCalls, unpricedDay } from '../../model/unpriced-day.ts';
import { unpricedNote } from '../../model/unpriced-note.ts';
import { collectDirectly } from '../../pipeline/collect.ts';
import { unpricedCounts } from '../../pipeline/unpriced.ts';
import type { HealthNoteKind, Noticed } from './health-note.ts';

const HOUR = 3_600_000;
const HOURS = 24;
/** The number of models that the metric shows. It must not grow with whatever names appear in the data. */
const SHOWN_MODELS = 20;
const LONGEST_LABEL = 200;

/**
 * Sums of money lack calls without a price. Each hour that is over is read once and remembered, so that the store reads
 * each row once. Before people are told, all hours are read again, because a cost may have been written later.
 */
export const unpriced: HealthNoteKind = {
  type: 'health.unpriced',
  gauge: {
    name: 'spendwatch_unpriced_calls',
    help: 'Calls without a price in the last 24 whole hours, by model (20 at most).',
    labelNames: ['model'],
  },
  open(app) {
    const { audit, health, rules } = app.config;
    // Without costs and prices, nobody watches money.
    const recordsCost = audit.mapping.columns.cost !== undefined || audit.prices !== null;
    let hours = new Map<number, HourOfCalls>();
    return async (at): Promise<Noticed> => {
      if (!recordsCost) return { samples: [], note: null };
      const to = Math.floor((at - audit.latenessMs) / HOUR) * HOUR;
      const wanted = Array.from({ length: HOURS }, (_, i) => to - (HOURS - i) * HOUR);
      const read = await readHours(
        app,
        wanted.filter((hour) => !hours.has(hour)),
      );
      hours = new Map(
        wanted.flatMap((hour) => {
          const calls = read.get(hour) ?? hours.get(hour);
          return calls === undefined ? [] : [[hour, calls] as const];
        }),
      );
      const window = { from: wanted[0] ?? to, to };
      let day = unpricedDay([...hours.values()], rules);
      if (day.mustNotify && read.size < HOURS) {
        hours = await readHours(app, wanted);
        day = unpricedDay([...hours.values()], rules);
      }
      const samples = day.models.slice(0, SHOWN_MODELS).map(({ model, calls }) => ({
        labels: { model: displayText(model ?? NONE, LONGEST_LABEL) },
        value: calls,
      }));
      const tells = day.mustNotify && health.unpriced === 'on';
      const { store, config } = app;
      return { samples, note: tells ? unpricedNote(day, window, config.timezone, store.costPlace) : null };
    };
  },
};

/** What some whole hours hold, in one read. */
async function readHours(
  { store, dimensions }: App,
  begins: readonly number[],
): Promise<Map<number, HourOfCalls>> {
  if (begins.length === 0) return new Map();
  const query = {
    measures: [
      'calls',
      ...unpricedCounts(store),
      'input_tokens',
      'output_tokens',
      'unpriced_tokens',
    ] as const,
    where: {},
    groupBy: dimensions.has('model') ? ['model'] : [],
    windows: begins.map((from) => ({ from, to: from + HOUR })),
  };
  const { series } = await collectDirectly(store, [query], largestOf(begins) + HOUR);
  const [answer] = series;
  if (answer === undefined || answer instanceof Error) throw answer ?? new RangeError('left unanswered');
  return new Map(
    begins.map((begin, window) => [
      begin,
      answer.keys.flatMap((key, group) => {
        const cell = answer.cell(group, window);
        return cell === null
          ? []
          : [{ model: dimensions.has('model') ? (key[0] ?? null) : undefined, sums: cell.sums }];
      }),
    ]),
  );
}
