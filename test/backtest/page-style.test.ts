import { describe, expect, it } from 'vitest';
import { DARK, LIGHT } from '../../src/backtest/page-style.ts';

type Triple = readonly [number, number, number];

/** How people see who lack one kind of cones, in linear RGB (Machado, Oliveira and Fernandes 2009). */
const VISIONS: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function linear(hex: string): Triple {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const part = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return [r, g, b];
}

const dot = ([a, b, c]: Triple, [x, y, z]: Triple): number => a * x + b * y + c * z;
const luminance = (rgb: Triple): number => dot([0.2126, 0.7152, 0.0722], rgb);

function seenAs(vision: string, hex: string): Triple {
  const [r, g, b] = (VISIONS[vision] as readonly Triple[]).map((row) =>
    Math.min(1, Math.max(0, dot(row, linear(hex)))),
  );
  return [r as number, g as number, b as number];
}

/** CIE L*a*b*, in which a distance of 2 is just seen beside each other, and 10 at a glance. */
function lab(rgb: Triple): Triple {
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f(dot([0.4124, 0.3576, 0.1805], rgb) / 0.95047);
  const y = f(luminance(rgb));
  const z = f(dot([0.0193, 0.1192, 0.9505], rgb) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance(vision: string, one: string, other: string): number {
  const [a, b] = [lab(seenAs(vision, one)), lab(seenAs(vision, other))];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(linear(one)), luminance(linear(other))].sort((a, b) => b - a);
  return ((high as number) + 0.05) / ((low as number) + 0.05);
}

describe.each([
  ['light', LIGHT, '#ffffff'],
  ['dark', DARK, '#111113'],
] as const)('the colours of the report on a %s page', (_, colours, page) => {
  it.each(Object.keys(VISIONS))('are distinguishable with %s colour vision', (vision) => {
    const names = Object.entries(colours);
    const close = names.flatMap(([name, colour], i) =>
      names.slice(i + 1).flatMap(([other, against]) => {
        const far = distance(vision, colour, against);
        return far < 20 ? [`${name} and ${other}: ${far.toFixed(1)}`] : [];
      }),
    );
    expect(close).toEqual([]);
  });

  it('stand out from the page', () => {
    for (const [name, colour] of Object.entries(colours)) {
      expect(contrast(colour, page), name).toBeGreaterThanOrEqual(name.startsWith('line') ? 3 : 4.1);
    }
  });
});
