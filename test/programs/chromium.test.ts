import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { htmlText } from '../../src/model/html-text.ts';
import { allSamples } from '../channels/story/all-samples.ts';
import { makeFolder } from '../support/folder.ts';

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).error === undefined,
);
const note = chromium === undefined ? ' (skipped: Chromium is not installed)' : '';

const { main, notes, extreme, health } = await allSamples();
const names = [main, notes, extreme, health].flatMap((group) => Object.keys(group));
const WIDTHS = [375, 1200] as const;

/** What a page finds wrong with the mails in its frames. It runs in the browser. */
const INSPECT = `
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const over = (top, alpha, below) => top.slice(0, 3).map((c, i) => c * alpha + below[i] * (1 - alpha));
function contrastOf(element, view, canvas) {
  let [background, opacity] = [canvas, 1];
  for (let one = element; one; one = one.parentElement) opacity *= Number(view.getComputedStyle(one).opacity);
  for (let one = element; one; one = one.parentElement) {
    const color = rgb(view.getComputedStyle(one).backgroundColor);
    if (color.length === 3 || color[3] === 1) { background = color.slice(0, 3); break; }
  }
  const shown = over(rgb(view.getComputedStyle(element).color), opacity, background);
  const [a, b] = [luminance(shown), luminance(background)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
onload = () => {
  const faults = [];
  for (const frame of document.querySelectorAll('iframe')) {
    const { contentDocument: page, contentWindow: view } = frame;
    const probe = page.body.appendChild(page.createElement('i'));
    probe.style.background = 'Canvas';
    const canvas = rgb(view.getComputedStyle(probe).backgroundColor);
    probe.remove();
    const { scrollWidth, clientWidth } = page.documentElement;
    if (scrollWidth > clientWidth) faults.push(frame.title + ': ' + scrollWidth + ' wide');
    for (const element of page.body.querySelectorAll('*')) {
      const text = [...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join('').trim();
      if (text === '') continue;
      const contrast = contrastOf(element, view, canvas);
      if (contrast < 4.5) faults.push(frame.title + ': contrast ' + contrast.toFixed(1) + ' of ' + text.slice(0, 40));
    }
    document.body.dataset.seen = Number(document.body.dataset.seen ?? 0) + 1;
  }
  document.body.dataset.faults = JSON.stringify(faults);
};`;

const PAGE = 'mails.html';
let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  folder = await makeFolder({ [PAGE]: pageOf() });
});
afterAll(() => folder.remove());

describe.each(['light', 'dark'] as const)('in a %s browser', (scheme) => {
  it.skipIf(chromium === undefined)(
    `no mail of docs/messages is wider than a phone or a screen, and all its text can be read${note}`,
    () => {
      const args = [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        `--user-data-dir=${join(folder.path, scheme)}`,
        `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`,
        '--dump-dom',
        `file://${join(folder.path, PAGE)}`,
      ];
      const { stdout } = spawnSync(chromium as string, args, { encoding: 'utf8', maxBuffer: 1e8 });
      const [, faults = 'the page did not load'] = /data-faults="([^"]*)"/.exec(stdout) ?? [];
      expect(faults).toBe('[]');
      expect(stdout).toContain(`data-seen="${names.length * WIDTHS.length}"`);
    },
  );
});

function pageOf(): string {
  const frames = names.flatMap((name) => {
    const html = readFileSync(new URL(`../../docs/messages/${name}.html`, import.meta.url), 'utf8');
    return WIDTHS.map(
      (width) =>
        `<iframe title="${name} at ${width}" style="width:${width}px;height:900px;border:0" srcdoc="${htmlText(html)}"></iframe>`,
    );
  });
  return `<!DOCTYPE html><html style="color-scheme:light dark"><meta charset="utf-8"><body>${frames.join('')}<script>${INSPECT}</script></body></html>`;
}
