import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  columnsTable,
  type DocsTable,
  markdownOf,
  metricsTable,
  tableUnder,
} from '../support/catalogue-tables.ts';

/** The tables that are the catalogues in words. Where one differs, the failure shows what the page must say. */
const TABLES: readonly (readonly [page: string, heading: readonly string[], table: DocsTable])[] = [
  ['docs/configuration.md', ['canonical name', 'meaning', 'needed by'], columnsTable()],
  ['docs/rules.md', ['metric', 'unit', 'definition over the calls of the window and group'], metricsTable()],
];

it.each(TABLES)('the table of %s says what the catalogue says', (page, heading, table) => {
  const written = tableUnder(readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8'), heading);
  expect(markdownOf(heading, written)).toBe(markdownOf(heading, table));
});
