/** The studies set it (vitest.config.ts), to ask the same tests for more. */
const SCALE = Number(process.env.SPENDWATCH_TEST_SCALE ?? 1);

/** How many runs of a property, rows or the like: so many in `npm test`, ten times as many in the studies. */
export function scaled(count: number): number {
  return count * SCALE;
}
