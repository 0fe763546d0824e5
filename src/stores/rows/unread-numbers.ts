// Finds columns whose values should be numbers and are none.

import type { StoreProblem } from '../audit-store.ts';
import { wantedOf } from '../column-types.ts';
import { quantityIn } from './numbers.ts';
import type { Row } from './row-source.ts';

/**
 * Reads all rows, which have this one value. Warns where not one of the values is a number: they would all count as not known,
 * and a cost as 0.
 */
export async function unreadNumbers(
  { name, key }: { readonly name: string; readonly key: string },
  batches: AsyncIterable<readonly Row[]>,
): Promise<StoreProblem | null> {
  const wanted = wantedOf(name);
  const isNumber = wanted?.startsWith('a number') === true && !wanted.includes('boolean');
  let numbers = 0;
  let others = 0;
  for await (const rows of batches) {
    if (!isNumber) continue;
    for (const { values } of rows) {
      const [value = null] = values;
      if (value === null) continue;
      if (quantityIn(value) === null) others += 1;
      else numbers += 1;
    }
  }
  if (numbers > 0 || others === 0) return null;
  return {
    level: 'warning',
    message: `${key}: none of its values in the newest hour is a number, so all count as not known.`,
    hint: `Map a column that is ${wanted}, or null where the table has none.`,
  };
}
