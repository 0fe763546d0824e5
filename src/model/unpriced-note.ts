// The health message about calls without a price.

import { localSpan } from './display-time.ts';
import { counted, displayCount, shareText } from './display-value.ts';
import { NONE, type Unpriced } from './finding.ts';
import type { HealthNote } from './health-note.ts';
import type { UnpricedDay } from './unpriced-day.ts';
import { modelText, priceCure, unpricedText } from './unpriced-text.ts';
import { isoInstant, type Window } from './window.ts';

const SHOWN_MODELS = 10;
/** Models listed in a webhook's body. */
const MOST_MODELS = 100;

/** Says that a day's spend is higher than its known cost, and what to do. `costPlace` is that of the store. */
export function unpricedNote(
  day: UnpricedDay,
  window: Window,
  zone: string,
  costPlace: string | null = null,
): HealthNote {
  const { calls, tokens, unpricedCalls, unpricedTokens, unreadableCalls, models } = day;
  const unreadable =
    costPlace === null || unreadableCalls === 0 ? null : { calls: unreadableCalls, place: costPlace };
  const shown = models.slice(0, SHOWN_MODELS).filter(({ model }) => model !== undefined);
  const more = models.length - SHOWN_MODELS;
  return {
    type: 'health.unpriced',
    severity: 'warning',
    title: `spend is more than it seems: ${unpricedText(countsOf(day))}`,
    lead: [
      'What these calls cost is not known and counts as 0: every sum of money that they belong to is a lower bound, and a limit on it may never be reached.',
      `What to do: ${priceCure({ calls: unpricedCalls, unreadable })}. A rule on unpriced_calls takes the place of this message; health: { unpriced: off } ends it.`,
    ],
    facts: [
      ['Calls', partOf(unpricedCalls, calls)],
      ...(tokens === 0 ? [] : ([['Tokens', partOf(unpricedTokens, tokens)]] as const)),
      ['Window', localSpan(window.from, window.to, zone)],
      ...(more > 0 ? ([['More', `${counted(more, 'model')} with fewer calls`]] as const) : []),
    ],
    tables:
      shown.length === 0
        ? []
        : [
            {
              title: 'By model',
              columns: ['model', 'calls', 'tokens'],
              rows: shown.map((one) => [
                modelText(one.model ?? null),
                displayCount(one.calls),
                displayCount(one.tokens),
              ]),
            },
          ],
    data: {
      window: { from: isoInstant(window.from), to: isoInstant(window.to) },
      calls,
      unpriced_calls: unpricedCalls,
      tokens,
      unpriced_tokens: unpricedTokens,
      models: models
        .slice(0, MOST_MODELS)
        .flatMap(({ model, calls: own, tokens: used }) =>
          model === undefined ? [] : [{ model: model ?? NONE, calls: own, tokens: used }],
        ),
    },
  };
}

/** `3,012 of 48,210 (6%)` */
function partOf(part: number, whole: number): string {
  return `${displayCount(part)} of ${displayCount(whole)} (${shareText(BigInt(part), BigInt(whole))})`;
}

function countsOf({ unpricedCalls, models }: UnpricedDay): Unpriced {
  const named = models.filter(({ model }) => model !== undefined).length;
  return { calls: unpricedCalls, models: named === 0 ? null : named };
}
