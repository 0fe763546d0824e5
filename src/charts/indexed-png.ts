// Pixels -> a PNG with a palette.

import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';

const MOST_COLORS = 256;

/** An image of opaque pixels, four bytes each, which begin where four bytes of their buffer do. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/**
 * A PNG of the 256 commonest colours; each other pixel takes the nearest of them. A chart has few colours, and the rest are
 * shades of rims, so that nothing is seen of it and the file is half as large. Source: W3C, "Portable Network Graphics
 * (PNG) Specification (Third Edition)", 11.2.
 */
export async function indexedPng({ width, height, bytes }: Pixels): Promise<Buffer> {
  const pixels = new Uint32Array(bytes.buffer, bytes.byteOffset, width * height);
  const palette = commonest(pixels);
  const indexOf = new Map(palette.map((color, i) => [color, i]));
  // Each row begins with its filter: none.
  const rows = Buffer.alloc((width + 1) * height);
  let [place, color, index] = [0, -1, 0];
  for (let i = 0; i < pixels.length; i += 1) {
    if (i % width === 0) place += 1;
    if (pixels[i] !== color) {
      color = pixels[i] as number;
      index = indexOf.get(color) ?? nearest(color, palette);
      indexOf.set(color, index);
    }
    rows[place] = index;
    place += 1;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a pixel, with a palette; the rest are the only methods there are.
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap((one) => channelsOf(one)))),
    chunk('IDAT', await promisify(deflate)(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, sum]);
}

/** By how often they come; equally common ones by value, so that the same pixels give the same file. */
function commonest(pixels: Uint32Array): number[] {
  const counts = new Map<number, number>();
  let begin = 0;
  for (let i = 1; i <= pixels.length; i += 1) {
    if (i < pixels.length && pixels[i] === pixels[begin]) continue;
    const color = pixels[begin] as number;
    counts.set(color, (counts.get(color) ?? 0) + i - begin);
    begin = i;
  }
  const ranked = [...counts].sort(([a, countA], [b, countB]) => countB - countA || a - b);
  return ranked.slice(0, MOST_COLORS).map(([color]) => color);
}

function nearest(color: number, palette: readonly number[]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < palette.length; i += 1) {
    const other = palette[i] as number;
    const red = (other & 255) - (color & 255);
    const green = ((other >>> 8) & 255) - ((color >>> 8) & 255);
    const blue = ((other >>> 16) & 255) - ((color >>> 16) & 255);
    const distance = red * red + green * green + blue * blue;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}

/** Red, green and blue of four bytes in the machine's order, which is the lowest first on all that Node runs on. */
function channelsOf(color: number): [number, number, number] {
  return [color & 255, (color >>> 8) & 255, (color >>> 16) & 255];
}
