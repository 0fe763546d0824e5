import { expect, it } from 'vitest';
import { openRecent } from '../../../src/sums/live/recent.ts';

it('what a turn did not ask for is forgotten', () => {
  const recent = openRecent<number>();
  recent.set('a', 1);
  recent.set('b', 2);
  recent.turn();
  expect(recent.get('a')).toBe(1);
  recent.turn();
  expect([recent.get('a'), recent.get('b')]).toEqual([1, undefined]);
  recent.clear();
  expect(recent.get('a')).toBeUndefined();
});
