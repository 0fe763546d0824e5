// A chart as a PNG.

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { MessageChart } from '../model/chart.ts';
import type { Pixels } from './indexed-png.ts';

/** Far longer than a drawing takes. */
const TIMEOUT_MS = 5_000;

/** More pixels than units, for sharp text on the screens of phones. */
const PIXELS = 1200;

/**
 * The chart as PNG; null if it cannot be drawn or takes too long: a message goes without its picture then. Never rejects.
 *
 * It is drawn in a thread of its own, which ends with it: the renderer's memory is outside of what the collector sees, and
 * would pile up in this process.
 */
export async function pictureOf(chart: MessageChart): Promise<Buffer | null> {
  try {
    const { indexedPng } = await import('./indexed-png.ts');
    return await indexedPng(await pixelsOf(await svgOf(chart)));
  } catch {
    return null;
  }
}

async function svgOf(chart: MessageChart): Promise<string> {
  if ('kind' in chart) return (await import('./days-svg.ts')).daysSvg(chart);
  return (await import('./chart-svg.ts')).chartSvg(chart);
}

/** The program of the thread. It is text, so that it runs the same from TypeScript and from the build. */
const RENDER = `
const { parentPort, workerData } = require('node:worker_threads');
const { Resvg } = require(workerData.renderer);
const { width, height, pixels } = new Resvg(workerData.svg, workerData.options).render();
const bytes = new Uint8Array(pixels);
parentPort.postMessage({ width, height, bytes }, [bytes.buffer]);
`;

function pixelsOf(svg: string): Promise<Pixels> {
  const { resolve: pathOf } = createRequire(import.meta.url);
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
    pathOf(`dejavu-fonts-ttf/ttf/${name}`),
  );
  const options = {
    fitTo: { mode: 'width', value: PIXELS },
    // Fonts of the machine would make another picture on each.
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' },
  };
  return new Promise((resolve, reject) => {
    const workerData = { renderer: pathOf('@resvg/resvg-js'), svg, options };
    const thread = new Worker(RENDER, {
      eval: true,
      workerData,
      stderr: true,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    const timer = setTimeout(() => void thread.terminate(), TIMEOUT_MS);
    let drawn: Pixels | null = null;
    thread.once('message', (pixels: Pixels) => {
      drawn = pixels;
    });
    thread.once('error', reject);
    thread.once('exit', () => {
      clearTimeout(timer);
      if (drawn === null) reject(new Error('the picture was not drawn'));
      else resolve(drawn);
    });
  });
}
