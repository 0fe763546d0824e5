// Finds tables of known programs in a database, for validate --connect: what `preset` could be.

import type { Sql } from '../sql/port.ts';
import type { EngineScheme, Mapping, StoreProblem } from './audit-store.ts';
import { PRESETS, type PresetName } from './presets/index.ts';
import { mappingIn, type Preset } from './presets/preset.ts';

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
  const names =
    table === undefined
      ? Object.values<Preset>(PRESETS).flatMap((one) => bareName(mappingIn(one, 'postgres')?.table ?? ''))
      : [bareName(table)];
  const found = await sql.query<Found>(TABLES, [names]);
  return found.flatMap(({ name, place, visible, columns }) => {
    const preset = presetOfTable(name, new Set(JSON.parse(columns) as string[]), 'postgres');
    if (preset === null) return [];
    const isNamed = visible || place === PRESETS[preset].mapping.table;
    return [proposal(preset, place, isNamed ? '' : ` and \`table: ${place}\``)];
  });
}

/** The preset of a table by its name and columns; null where none fits. */
export function presetOfTable(
  table: string,
  columns: ReadonlySet<string>,
  engine: EngineScheme | 'postgres',
): PresetName | null {
  const fitting = (Object.keys(PRESETS) as PresetName[]).flatMap((preset) => {
    const mapping = mappingIn(PRESETS[preset], engine);
    if (mapping === null || bareName(mapping.table) !== table) return [];
    const needed = neededColumns(mapping);
    return needed.every((column) => columns.has(column)) ? [{ preset, needed }] : [];
  });
  return fitting.sort((a, b) => b.needed.length - a.needed.length)[0]?.preset ?? null;
}

/** Says that a table is known. `besides` is what else has to be written. */
export function proposal(preset: PresetName, place: string, besides = ''): StoreProblem {
  const { requires = [] }: Preset = PRESETS[preset];
  const where = requires.map((column) => ` and \`where: { ${column}: … }\``).join('');
  return {
    level: 'warning',
    message: `${place} looks like the table of the preset ${preset}.`,
    hint: `Write \`preset: ${preset}\`${where}${besides} under \`audit\`, or see spendwatch init --preset ${preset} --stdout.`,
  };
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
