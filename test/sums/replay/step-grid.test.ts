import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openStepGrid } from '../../../src/sums/replay/step-grid.ts';

const ANCHOR = Date.parse('2026-03-01T00:01:00Z');
const MINUTE = 60_000;
const STEP = 5 * MINUTE;

const cuts = fc
  .uniqueArray(fc.integer({ min: -600, max: 600 }), { maxLength: 12 })
  .map((minutes) => minutes.sort((a, b) => a - b).map((minute) => ANCHOR + minute * MINUTE));

describe('time in steps', () => {
  it('numbers all edges consecutively, those of steps and of splits, and nothing between them', () => {
    fc.assert(
      fc.property(cuts, fc.integer({ min: -100, max: 0 }), (instants, first) => {
        const grid = openStepGrid(ANCHOR, STEP, instants);
        const from = ANCHOR + first * STEP;
        const end = ANCHOR + 60 * STEP;
        const edges = grid.edgesFrom(from, 10_000, end);
        const number = grid.stepAt(from) as number;
        expect(edges.map(grid.stepAt)).toEqual(edges.map((_, i) => number + i));
        const wanted = new Set(instants.filter((cut) => cut >= from && cut <= end));
        for (let edge = from; edge <= end; edge += STEP) wanted.add(edge);
        expect(edges).toEqual([...wanted].sort((a, b) => a - b));
        const between = edges.map((edge) => edge + 1);
        expect(between.map(grid.stepAt)).toEqual(between.map(() => null));
      }),
    );
  });

  it('gives so many steps at a time, which go on where the last ones ended', () => {
    const grid = openStepGrid(ANCHOR, STEP, [ANCHOR + 7 * MINUTE]);
    expect(grid.edgesFrom(ANCHOR, 2, ANCHOR + 100 * STEP)).toEqual(
      [0, 5, 7].map((minute) => ANCHOR + minute * MINUTE),
    );
    expect(grid.edgesFrom(ANCHOR + 7 * MINUTE, 2, ANCHOR + 12 * MINUTE)).toEqual(
      [7, 10].map((minute) => ANCHOR + minute * MINUTE),
    );
  });

  it('begins a step at or before any instant', () => {
    const grid = openStepGrid(ANCHOR, STEP, []);
    expect(grid.floor(ANCHOR - 1)).toBe(ANCHOR - STEP);
    expect(grid.floor(ANCHOR)).toBe(ANCHOR);
    expect(grid.floor(ANCHOR + STEP - 1)).toBe(ANCHOR);
  });
});
