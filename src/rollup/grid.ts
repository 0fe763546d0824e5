export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** The beginning of the hour (of UTC) that holds an instant, ms. */
export function hourOf(at: number): number {
  return Math.floor(at / HOUR) * HOUR;
}

/** The beginnings of the hours from `from`, which is one, up to `to`. */
export function hoursBetween(from: number, to: number): number[] {
  const hours: number[] = [];
  for (let hour = from; hour < to; hour += HOUR) hours.push(hour);
  return hours;
}

/** Every minute from `from`, which is one, and then `to`, which may lie within a minute. */
export function minuteEdges(from: number, to: number): number[] {
  const edges: number[] = [];
  for (let minute = from; minute < to; minute += MINUTE) edges.push(minute);
  edges.push(to);
  return edges;
}

/** Both ends of every hour, ascending, once each. */
export function hourEdges(hours: readonly number[]): number[] {
  return ascending(new Set(hours.flatMap((hour) => [hour, hour + HOUR])));
}

export function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** A map's value, made when it is not there. */
export function memberOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
