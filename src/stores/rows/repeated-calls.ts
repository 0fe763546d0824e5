// Which calls repeat an earlier one of the same minute.

import { REPEATED_DIMENSIONS } from '../../model/measure-columns.ts';
import type { Fixed } from '../../model/money.ts';
import type { CallFacts } from './call-facts.ts';
import { textIn } from './numbers.ts';
import type { RowValue } from './row-source.ts';

const MINUTE = 60_000;

/** Marks them. The first of those that are the same is the earliest, then the dearest; ids make the order certain. */
export function markRepeated(calls: readonly CallFacts[]): void {
  const alike = new Map<string, CallFacts[]>();
  for (const call of calls) {
    const input = call.quantity('input_tokens');
    if (input === null || input <= 0n) continue;
    const texts = REPEATED_DIMENSIONS.map((name) => textIn(call.value(name)));
    const name = JSON.stringify([Math.floor(call.at / MINUTE), String(input), ...texts]);
    const known = alike.get(name);
    if (known === undefined) alike.set(name, [call]);
    else known.push(call);
  }
  for (const same of alike.values()) {
    if (same.length === 1) continue;
    for (const call of same.sort(inOrder).slice(1)) call.isRepeated = true;
  }
}

function inOrder(a: CallFacts, b: CallFacts): number {
  return (
    a.at - b.at ||
    dearerFirst(a.cost, b.cost) ||
    lowerFirst(a.value('id'), b.value('id')) ||
    lowerFirst(textIn(a.value('request_id')), textIn(b.value('request_id')))
  );
}

function dearerFirst(a: Fixed | null, b: Fixed | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null || a > b ? -1 : 1;
}

/** NULL comes last. */
function lowerFirst(a: RowValue, b: RowValue): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null || a < b ? -1 : 1;
}
