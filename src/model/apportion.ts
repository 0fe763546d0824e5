// Rounds parts so that they add up.

/**
 * The parts in whole units that add up to `sum`, by largest remainder: each is rounded down, and those that lost most get one
 * more. Parts may be below 0. `sum` is that of the parts in units, rounded in some way; where it differs by more than a unit a
 * part, the parts take turns. `unit` is positive. Nothing stays nothing, unless there is nothing else.
 */
export function apportioned(parts: readonly bigint[], unit: bigint, sum: bigint): bigint[] {
  const units = parts.map((part) => (part - remainder(part, unit)) / unit);
  let left = sum - units.reduce((all, one) => all + one, 0n);
  if (left === 0n) return units;
  const step = left > 0n ? 1n : -1n;
  const lost = (place: number): bigint => step * remainder(parts[place] as bigint, unit);
  const some = [...parts.keys()].filter((place) => parts[place] !== 0n);
  const places = some.length === 0 ? [...parts.keys()] : some;
  places.sort((a, b) => (lost(a) === lost(b) ? a - b : lost(a) > lost(b) ? -1 : 1));
  for (let turn = 0; left !== 0n && places.length > 0; turn += 1) {
    const place = places[turn % places.length] as number;
    units[place] = (units[place] as bigint) + step;
    left -= step;
  }
  return units;
}

/** What a part has beyond whole units, 0 or more. */
function remainder(part: bigint, unit: bigint): bigint {
  const rest = part % unit;
  return rest < 0n ? rest + unit : rest;
}
