import { expect, test } from 'vitest';
import type { Aggregate } from '../../../src/model/aggregate.ts';
import { finerAggregate } from '../../../src/sums/live/finer-aggregate.ts';

const aggregate = (
  dimensions: string[],
  measures: Aggregate['measures'],
  sketch: Aggregate['sketch'] = null,
): Aggregate => ({
  dimensions,
  measures,
  sketch,
});
const service = { aggregate: aggregate(['service'], ['calls', 'cost', 'failed']), groups: 12 };
const model = { aggregate: aggregate(['model'], ['calls', 'cost']), groups: 4 };
const all = { aggregate: aggregate([], ['calls']), groups: 1 };
const user = { aggregate: aggregate(['user'], ['calls']), groups: 2_000 };

test('few groups are read once, by all of their dimensions', () => {
  expect(finerAggregate([service, model, all])).toEqual(
    aggregate(['model', 'service'], ['calls', 'cost', 'failed']),
  );
});

test('many groups, sketches, and an aggregate alone are read as they are', () => {
  expect(finerAggregate([service])).toBeNull();
  expect(finerAggregate([service, user])).toBeNull();
  expect(
    finerAggregate([service, { aggregate: aggregate(['model'], ['calls'], 'latency_sketch'), groups: 4 }]),
  ).toBeNull();
});
