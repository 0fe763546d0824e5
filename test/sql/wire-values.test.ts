import { expect, it } from 'vitest';
import { decoded, decodedRows, encoded, encodedRows } from '../../src/sql/socket/wire-values.ts';

const overWire = (value: unknown): unknown => decoded(JSON.parse(JSON.stringify(encoded(value))));

it.each([
  ['text', 'a\nb "c" \u2028 \u0000 🙂'],
  ['a number', 1.5],
  ['nothing', null],
  ['false', false],
  ['a Date', new Date('2026-11-20T02:05:00.123Z')],
  ['the furthest Date', new Date(8.64e15)],
  ['bytes', new Uint8Array([0, 255, 10])],
  ['NaN', Number.NaN],
  ['infinity', Number.NEGATIVE_INFINITY],
  ['a bigint', 9007199254740993n],
  ['a list', ['a', null, ['d', 1], new Date(0), [Number.NaN]]],
  ['JSON', { a: [1, { d: ['d', 5] }], b: null }],
  ['an empty list', []],
])('%s comes over as it was', (_, value) => {
  expect(overWire(value)).toStrictEqual(value);
});

it('rows keep their columns, also when a value is missing', () => {
  const rows = [
    { a: 1, b: new Date(5), __proto__: null },
    { a: null, b: null },
  ];
  expect(decodedRows(JSON.parse(JSON.stringify(encodedRows(rows))))).toEqual([
    { a: 1, b: new Date(5) },
    { a: null, b: null },
  ]);
  expect(decodedRows(encodedRows([]))).toEqual([]);
});
