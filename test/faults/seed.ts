/**
 * The seed of a suite's randomness, printed so that a failure can be played again: `SPENDWATCH_FAULT_SEED`, or a new
 * one for each run.
 */
export function seedOf(suite: string): number {
  const given = Number(process.env.SPENDWATCH_FAULT_SEED);
  const seed = Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31);
  console.log(`${suite}: SPENDWATCH_FAULT_SEED=${seed}`);
  return seed;
}
