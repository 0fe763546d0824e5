// The largest and the smallest of many numbers.

/**
 * The largest of some numbers, at least `least`. `Math.max(...numbers)` overflows the stack at a hundred thousand arguments.
 */
export function largestOf(numbers: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let largest = least;
  for (const number of numbers) if (number > largest) largest = number;
  return largest;
}

/** The smallest of some numbers; infinity for none. */
export function smallestOf(numbers: Iterable<number>): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const number of numbers) if (number < smallest) smallest = number;
  return smallest;
}
