// How far what was billed is from what was recorded.

import { type Fixed, sizeOf } from './money.ts';

/** Per cent from which on a difference is told. */
const TOLD_ABOVE = 10n;

export interface InvoiceGap {
  /** Billed less recorded. */
  readonly difference: Fixed;
  /** How much more the larger is than the smaller, 0.11 for 11 %; null where the smaller is 0 or less. */
  readonly part: number | null;
  /** Whether it is more than 10 %, exactly. */
  readonly isTold: boolean;
}

/** Compares with the smaller of the two: `11 % more was billed than recorded`, or the other way round. */
export function invoiceGap({
  billed,
  recorded,
}: {
  readonly billed: Fixed;
  readonly recorded: Fixed;
}): InvoiceGap {
  const difference = billed - recorded;
  const size = sizeOf(difference);
  const smaller = billed < recorded ? billed : recorded;
  if (smaller <= 0n) return { difference, part: null, isTold: size > 0n };
  return {
    difference,
    part: Number(size) / Number(smaller),
    isTold: size * 100n > smaller * TOLD_ABOVE,
  };
}
