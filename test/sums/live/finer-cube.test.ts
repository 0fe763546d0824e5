import { expect, test } from 'vitest';
import type { Cube } from '../../../src/model/cube.ts';
import { coarsened, finerCube } from '../../../src/sums/live/finer-cube.ts';

const cube = (dimensions: string[], measures: Cube['measures'], bucket: Cube['bucket'] = null): Cube => ({
  dimensions,
  measures,
  bucket,
});
const service = { cube: cube(['service'], ['calls', 'cost', 'failed']), groups: 12 };
const model = { cube: cube(['model'], ['calls', 'cost']), groups: 4 };
const all = { cube: cube([], ['calls']), groups: 1 };
const user = { cube: cube(['user'], ['calls']), groups: 2_000 };

test('few groups are read once, by all of their dimensions', () => {
  expect(finerCube([service, model, all])).toEqual(cube(['model', 'service'], ['calls', 'cost', 'failed']));
});

test('many groups, buckets, and a cube alone are read as they are', () => {
  expect(finerCube([service])).toBeNull();
  expect(finerCube([service, user])).toBeNull();
  expect(finerCube([service, { cube: cube(['model'], ['calls'], 'latency_sketch'), groups: 4 }])).toBeNull();
});

test('a coarser cube takes its dimensions and measures of the cells', () => {
  const finer = cube(['model', 'service'], ['calls', 'cost', 'failed']);
  const cells = [
    { segment: 0, key: ['m', null], sums: ['1', '0.5', '0'] },
    { segment: 2, key: ['m', 'a'], sums: ['2', '7', '1'] },
  ];
  expect(coarsened(cells, finer, service.cube)).toEqual([
    { segment: 0, key: [null], sums: ['1', '0.5', '0'] },
    { segment: 2, key: ['a'], sums: ['2', '7', '1'] },
  ]);
  expect(coarsened(cells, finer, all.cube)).toEqual([
    { segment: 0, key: [], sums: ['1'] },
    { segment: 2, key: [], sums: ['2'] },
  ]);
});
