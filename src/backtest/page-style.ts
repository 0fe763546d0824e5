/** The style of the report: light, dark by the reader's choice, and black on white in print. */
export const PAGE_STYLE = `
:root {
  --page: #ffffff; --ink: #1c2024; --soft: #60646c; --grid: #e0e1e6;
  --line-1: #0b68cb; --line-2: #8145b5; --line-3: #00749e; --line-4: #8b8d98;
  --info: #0b68cb; --warning: #b35c00; --critical: #ce2c31;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111113; --ink: #edeef0; --soft: #b0b4ba; --grid: #363a3f;
    --line-1: #70b8ff; --line-2: #d19dff; --line-3: #4ccce6; --line-4: #8b8d98;
    --info: #70b8ff; --warning: #ffa057; --critical: #ff9592;
  }
}
@media print {
  :root {
    --page: #ffffff; --ink: #000000; --soft: #444444; --grid: #d0d0d0;
    --line-1: #0b68cb; --line-2: #8145b5; --line-3: #00749e; --line-4: #8b8d98;
    --info: #0b68cb; --warning: #b35c00; --critical: #ce2c31;
  }
  figure, tr, h2 { break-inside: avoid; }
  h2 { break-after: avoid; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.5rem; max-width: 72rem;
  background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 3rem 0 0; font-size: 1.25rem; }
h3 { margin: 1.5rem 0 0; font-size: 1rem; }
p { margin: 0.25rem 0 1rem; color: var(--soft); }
table { width: 100%; border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--soft); white-space: nowrap; }
th, td { padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
td { overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; }
.info { color: var(--info); } .warning { color: var(--warning); } .critical { color: var(--critical); }
.fault { color: var(--critical); }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; height: auto; font: inherit; }
figcaption { color: var(--soft); font-size: 0.85rem; overflow-wrap: anywhere; }
figcaption span { margin-right: 1rem; }
.key::before {
  content: ""; display: inline-block; width: 1.4rem; margin-right: 0.4rem; vertical-align: 0.25rem;
  border-top: 2px solid var(--soft);
}
.line-1::before { border-color: var(--line-1); } .line-2::before { border-color: var(--line-2); }
.line-3::before { border-color: var(--line-3); } .line-4::before { border-color: var(--line-4); }
.usual::before { border-top-style: dotted; }
.edge::before { border-top-style: dashed; border-color: var(--warning); }
.mark::before { content: "\\25B2"; margin-right: 0.4rem; color: var(--ink); }
`;
