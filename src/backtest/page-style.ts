// The style of the report: light, dark, print.

/**
 * Lines differ in lightness as well as in hue, so that they can be distinguished with every kind of colour vision, and in
 * print. Limits and marks are orange and red, the colours of no line. A test checks distances and contrast.
 */
export const LIGHT = {
  'line-1': '#1632e9',
  'line-2': '#47a45f',
  'line-3': '#47006d',
  'line-4': '#8d9299',
  warning: '#b06000',
  critical: '#9c0f1a',
} as const;

export const DARK = {
  'line-1': '#4e96ff',
  'line-2': '#4cffae',
  'line-3': '#d8d0f6',
  'line-4': '#70757d',
  warning: '#f4bf10',
  critical: '#ef6a48',
} as const;

function variables(colours: Readonly<Record<string, string>>): string {
  return Object.entries({ ...colours, info: colours['line-1'] })
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');
}

/** The style sheet: light or dark, as the reader prefers, and black on white in print. */
export const PAGE_STYLE = `
:root {
  --page: #ffffff; --ink: #1c2024; --soft: #60646c; --grid: #e0e1e6;
  ${variables(LIGHT)}
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #111113; --ink: #edeef0; --soft: #b0b4ba; --grid: #363a3f;
    ${variables(DARK)}
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.5rem; max-width: 72rem;
  background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 0; font-size: 1.25rem; overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 0; font-size: 1rem; }
p { margin: 0.25rem 0 1rem; color: var(--soft); overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--soft); white-space: nowrap; }
th, td { padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
td { overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; }
.info { color: var(--info); } .warning { color: var(--warning); } .critical { color: var(--critical); }
.fault { color: var(--critical); }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; height: auto; font: inherit; }
figure svg.narrow { display: none; }
figcaption { color: var(--soft); font-size: 0.85rem; overflow-wrap: anywhere; }
figcaption span { margin-right: 1rem; }
.key::before {
  content: ""; display: inline-block; width: 1.4rem; margin-right: 0.4rem; vertical-align: 0.25rem;
  border-top: 3px solid var(--soft);
}
.line-1::before { border-color: var(--line-1); } .line-2::before { border-color: var(--line-2); }
.line-3::before { border-color: var(--line-3); } .line-4::before { border-color: var(--line-4); }
.usual::before { border-top-style: dotted; }
.edge::before { border-top-style: dashed; border-color: var(--warning); }
.mark::before { content: "\\25B2"; margin-right: 0.4rem; color: var(--ink); }
@media screen and (max-width: 44rem) {
  body { padding: 1.25rem 1rem; }
  h1 { font-size: 1.4rem; }
  table { width: max-content; min-width: 100%; }
  td { max-width: 15rem; }
  figcaption span { display: inline-block; }
  figure svg.broad { display: none; }
  figure svg.narrow { display: block; }
}
@media print {
  :root { --ink: #000000; --soft: #444444; --grid: #d0d0d0; }
  figure, tr, h2 { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
