// One bucket in few bytes, for the many that are kept and seldom read.

import type { Bucket } from './buckets.ts';
import { SCALE } from './exact.ts';
import type { Column, Layout } from './layout.ts';

/**
 * One bucket, packed: a worker keeps hundreds of thousands of sums and reads each about once an hour. Columns follow each
 * other: the groups, ascending, as differences, then each measure. A measure begins with a byte that says how its sums are
 * written: not at all where all are 0, as whole numbers of its smallest decimal place, or as units and then parts. Numbers are
 * variable-length (LEB128), with the sign in the lowest bit (zigzag).
 */
export interface PackedBucket {
  readonly rows: number;
  readonly bytes: Uint8Array;
  /** As in Bucket. */
  readonly lacks: readonly number[];
}

/** Up to 12, the byte of a column is the number of its decimal places. */
const ALL_ZERO = 255;
const UNITS_AND_PARTS = 254;

/** Buckets in one piece of memory: thousands of small ones would leave holes in it. */
export function packBuckets(buckets: readonly Bucket[], layout: Layout): PackedBucket[] {
  const packed = buckets.map((bucket) => packBucket(bucket, layout));
  const all = new Uint8Array(packed.reduce((size, { bytes }) => size + bytes.length, 0));
  let at = 0;
  return packed.map((one) => {
    const bytes = all.subarray(at, at + one.bytes.length);
    bytes.set(one.bytes);
    at += bytes.length;
    return { ...one, bytes };
  });
}

/** Sums of measures that the bucket lacks are not kept. */
export function packBucket(bucket: Bucket, { columns, width }: Layout): PackedBucket {
  const { groups, values, lacks } = bucket;
  const order = Array.from(groups, (_, row) => row).sort(
    (a, b) => (groups[a] as number) - (groups[b] as number),
  );
  const writer = new Writer();
  let before = 0;
  for (const row of order) {
    writer.number((groups[row] as number) - before);
    before = groups[row] as number;
  }
  const at = order.map((row) => row * width);
  for (const [place, column] of columns.entries()) {
    if (lacks.includes(place)) writer.byte(ALL_ZERO);
    else packColumn(writer, values, at, column);
  }
  return { rows: groups.length, bytes: writer.bytes(), lacks };
}

/** The bucket again, its groups ascending. */
export function unpackBucket(packed: PackedBucket, layout: Layout): Bucket {
  const { rows, lacks } = packed;
  const bucket = { groups: new Int32Array(rows), values: new Float64Array(rows * layout.width), lacks };
  unpackInto(bucket, packed, layout);
  return bucket;
}

/** Room for the rows of one bucket, which the next one takes in turn: adding up many makes no garbage then. */
export class UnpackedRows {
  groups = new Int32Array(0);
  values = new Float64Array(0);

  /** Holds the rows of a bucket now, from the first on. */
  take(packed: PackedBucket, layout: Layout): this {
    const size = packed.rows * layout.width;
    if (this.groups.length < packed.rows) this.groups = new Int32Array(packed.rows * 2);
    if (this.values.length < size) this.values = new Float64Array(size * 2);
    else this.values.fill(0, 0, size);
    unpackInto(this, packed, layout);
    return this;
  }
}

/** Sums that are 0 are not written. */
function unpackInto(
  { groups, values }: Pick<Bucket, 'groups' | 'values'>,
  { rows, bytes }: PackedBucket,
  { columns, width }: Layout,
): void {
  const reader = new Reader(bytes);
  let group = 0;
  for (let row = 0; row < rows; row += 1) {
    group += reader.number();
    groups[row] = group;
  }
  for (const column of columns) unpackColumn(reader, values, rows * width, width, column);
}

function packColumn(
  writer: Writer,
  values: Float64Array,
  rows: readonly number[],
  { units, parts }: Column,
): void {
  const places = placesOf(values, rows, { units, parts });
  writer.byte(places);
  if (places === ALL_ZERO) return;
  if (places === UNITS_AND_PARTS) {
    for (const row of rows) writer.number(values[row + units] as number);
    for (const row of rows) writer.number(values[row + (parts as number)] as number);
    return;
  }
  const [perUnit, perPart] = [10 ** places, SCALE / 10 ** places];
  for (const row of rows) {
    const part = parts === null ? 0 : (values[row + parts] as number) / perPart;
    writer.number((values[row + units] as number) * perUnit + part);
  }
}

function unpackColumn(
  reader: Reader,
  values: Float64Array,
  end: number,
  width: number,
  { units, parts }: Column,
): void {
  const places = reader.byte();
  if (places === ALL_ZERO) return;
  if (places === UNITS_AND_PARTS || places === 0 || parts === null) {
    for (let row = units; row < end; row += width) values[row] = reader.number();
    if (places !== UNITS_AND_PARTS || parts === null) return;
    for (let row = parts; row < end; row += width) values[row] = reader.number();
    return;
  }
  const [perUnit, perPart] = [10 ** places, SCALE / 10 ** places];
  for (let row = 0; row < end; row += width) {
    const number = reader.number();
    // Of a small negative number the quotient is a negative 0.
    const unit = Math.trunc(number / perUnit) + 0;
    values[row + units] = unit;
    values[row + parts] = (number - unit * perUnit) * perPart;
  }
}

/** How many decimal places the sums of a column need, if they are whole numbers then that a double holds exactly. */
function placesOf(values: Float64Array, rows: readonly number[], { units, parts }: Column): number {
  let largest = 0;
  let places = 0;
  for (const row of rows) {
    const part = parts === null ? 0 : Math.abs(values[row + parts] as number);
    largest = Math.max(largest, Math.abs(values[row + units] as number) + (part === 0 ? 0 : 1));
    while (part % (SCALE / 10 ** places) !== 0) places += 1;
  }
  if (largest === 0) return ALL_ZERO;
  return largest * 10 ** places <= Number.MAX_SAFE_INTEGER ? places : UNITS_AND_PARTS;
}

/** Writes numbers into one buffer that all writers share: packing does not wait for anything. */
class Writer {
  static #buffer = new Uint8Array(4_096);
  #length = 0;

  byte(value: number): void {
    if (this.#length === Writer.#buffer.length) {
      const larger = new Uint8Array(Writer.#buffer.length * 2);
      larger.set(Writer.#buffer);
      Writer.#buffer = larger;
    }
    Writer.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** A whole number whose size is below 2^53. */
  number(value: number): void {
    // The sign takes a bit, so a large number is written as its lowest six bits and the rest.
    let size = Math.abs(value);
    const sign = value < 0 ? 1 : 0;
    const low = size % 64;
    size = (size - low) / 64;
    this.byte(low * 2 + sign + (size > 0 ? 128 : 0));
    while (size > 0) {
      const digit = size % 128;
      size = (size - digit) / 128;
      this.byte(digit + (size > 0 ? 128 : 0));
    }
  }

  bytes(): Uint8Array {
    return Writer.#buffer.slice(0, this.#length);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at] as number;
    this.#at += 1;
    return value;
  }

  number(): number {
    const first = this.byte();
    let size = (first & 127) >> 1;
    let scale = 64;
    for (let more = first; more >= 128; scale *= 128) {
      more = this.byte();
      size += (more & 127) * scale;
    }
    return (first & 1) === 1 ? 0 - size : size;
  }
}
