/** Seeds of a run of random faults, printed so that it can be repeated; `SPENDWATCH_FAULT_SEEDS` asks for more of them. */
export function faultSeeds(what: string): number[] {
  const { SPENDWATCH_FAULT_SEEDS: count, SPENDWATCH_FAULT_SEED: only } = process.env;
  const first = only === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(only);
  const seeds = Array.from({ length: Math.max(1, Number(count ?? 1)) }, (_, i) => first + i);
  process.stderr.write(`${what}: seeds ${seeds.join(', ')} (repeat with SPENDWATCH_FAULT_SEED=<seed>)\n`);
  return seeds;
}
