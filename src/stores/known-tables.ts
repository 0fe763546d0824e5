// Finds tables of known programs in a database, for validate --connect: what `preset` could be.

import type { Sql } from '../sql/port.ts';
import type { Mapping, StoreProblem } from './audit-store.ts';
import { PRESETS, type PresetName } from './presets/index.ts';

interface Found {
  readonly name: string;
  readonly place: string;
  readonly visible: boolean;
  readonly columns: string;
}

/**
 * The presets whose tables are there, by the names of table and columns. Where several fit a table, it is the one that knows
 * most of its columns. With `table`, only that one is looked at.
 */
export async function knownTables(sql: Sql, table: string | undefined): Promise<StoreProblem[]> {
  const presets = (Object.keys(PRESETS) as PresetName[]).map((preset) => {
    const { mapping } = PRESETS[preset];
    return { preset, name: bareName(mapping.table), needed: neededColumns(mapping) };
  });
  const names = table === undefined ? presets.map(({ name }) => name) : [bareName(table)];
  const found = await sql.query<Found>(TABLES, [names]);
  return found.flatMap(({ name, place, visible, columns }) => {
    const there = new Set(JSON.parse(columns) as string[]);
    const [best] = presets
      .filter((one) => one.name === name && one.needed.every((column) => there.has(column)))
      .sort((a, b) => b.needed.length - a.needed.length);
    if (best === undefined) return [];
    const where = visible || place === PRESETS[best.preset].mapping.table ? '' : ` and \`table: ${place}\``;
    return [
      {
        level: 'warning' as const,
        message: `${place} looks like the table of the preset ${best.preset}.`,
        hint: `Write \`preset: ${best.preset}\`${where} under \`audit\`, or see spendwatch init --preset ${best.preset} --stdout.`,
      },
    ];
  });
}

const TABLES = `SELECT relname::text AS name, nspname || '.' || relname AS place, pg_table_is_visible(pg_class.oid) AS visible,
    json_agg(attname)::text AS columns
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN pg_attribute ON attrelid = pg_class.oid
  WHERE relname = ANY($1::text[]) AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition AND attnum > 0 AND NOT attisdropped
  GROUP BY pg_class.oid, nspname, relname ORDER BY visible DESC, place LIMIT 20`;

function bareName(table: string): string {
  return table.split('.').at(-1) ?? table;
}

/** The columns that every version of the table has. */
function neededColumns({ columns, dimensions, where = [], optional = {} }: Mapping): string[] {
  const sources = [
    ...Object.values(columns),
    ...Object.values(dimensions),
    ...where.flatMap((one) => ('column' in one ? [one.column] : [])),
  ];
  const names = sources.filter((source) => typeof source === 'string' && optional[source] === undefined);
  return [...new Set(names as string[])];
}
