// The keys under `audit` in alerts.yaml.

import { z } from 'zod';
import { DEFAULT_CURRENCY, isCurrency } from '../model/currency.ts';
import { Secret } from '../model/secret.ts';
import { LONGEST_DURATION } from '../model/window.ts';
import { duration, fault } from '../rules/rule-scalars.ts';
import type { AuditStoreType, EngineScheme, Mapping } from '../stores/audit-store.ts';
import { AUDIT_ENGINES, AUDIT_STORES, engineOf } from '../stores/index.ts';
import { presetOf, type TableOptions, tableOptions } from '../stores/options.ts';
import { PRESETS } from '../stores/presets/index.ts';
import { mappingIn, type Preset } from '../stores/presets/preset.ts';
import { databaseUrl } from './scalars.ts';

const SECOND = 1_000;
const DAY = 86_400_000;
const DAY_LIMIT = { minMs: SECOND, maxMs: DAY, limitText: 'from 1s to 24h' };

/** The keys under `audit:`: the store's own, and how it is read. */
export const auditSchema = tableOptions
  .safeExtend({
    url: databaseUrl(
      'Database of the audit table: `postgres://user:password@host:5432/database`, `pglite:FOLDER`, `sqlite:FILE`, `mysql://user:password@host:3306/database` or `clickhouse://user:password@host:8123/database`',
      {
        isOne: (text) => engineOf(text) !== null && !/:\/*$/.test(text),
        faultOf: (text) => engineOf(text)?.urlFault?.(text) ?? null,
        shapes: AUDIT_ENGINES.map(({ shape }) => shape),
      },
    ),
    prices: z
      .string()
      .min(1)
      .exactOptional()
      .describe('Path of a price list for calls without a cost, such as prices.yaml'),
    currency: z
      .string()
      .refine(isCurrency, {
        error: 'not a currency',
        params: { hint: 'write its code of ISO 4217, such as USD, EUR or CNY' },
      })
      .meta({ title: 'ISO 4217 code' })
      .default(DEFAULT_CURRENCY)
      .describe('The currency in which costs are recorded; nothing is converted'),
    lateness: duration(DAY_LIMIT)
      .prefault('15m')
      .describe('Rows younger than this are checked for changes at every poll'),
    reconcile: duration(DAY_LIMIT)
      .prefault('1h')
      .describe('How often the sums of older hours are compared with the table'),
    stale_after: z
      .union([
        z.enum(['auto', 'off']),
        duration({ minMs: SECOND, limitText: `from 1s to ${LONGEST_DURATION}` }),
      ])
      .prefault('auto')
      .describe('When the newest row is older than this, spendwatch reports that it cannot see'),
    rollup: z
      .enum(['on', 'off'])
      .default('on')
      .describe(
        '`on` keeps sums of hours and days, so that a poll reads only what is new; `off` reads all windows',
      ),
    statement_timeout: duration(DAY_LIMIT).prefault('60s').describe('How long one statement may run'),
  })
  .superRefine(({ url, preset, table, where }, context) => {
    const named = presetOf({ ...(preset && { preset }), ...(table && { table }) });
    if (named === null) return;
    // Whatever the URL is: it may be a fault of its own, such as a variable that is not set.
    const scheme = url instanceof Secret ? (engineOf(url.reveal())?.scheme ?? 'postgres') : null;
    if (scheme !== null && mappingIn(named, scheme) === null) {
      context.addIssue(fault(`has no table in ${scheme}`, otherEngine(named, scheme), ['preset']));
      return;
    }
    const filtered = Array.isArray(where) ? where.map((one) => ('column' in one ? one.column : '')) : [];
    const [missing] = (named.requires ?? []).filter((column) => !filtered.includes(column));
    if (missing === undefined || filtered.includes('')) return;
    const hint = `write \`where: { ${missing}: ID }\`, or a list of them`;
    context.addIssue(
      fault(`needs a filter on ${missing}, with which the order of its table begins`, hint, ['preset']),
    );
  })
  .describe('The database and the table in which AI calls are recorded; they are only read');

/** What to write where a preset has no table in an engine. */
function otherEngine({ onlyIn }: Preset, scheme: EngineScheme | 'postgres'): string {
  const engine = AUDIT_ENGINES.find((one) => one.scheme === onlyIn);
  if (engine !== undefined) return `its table is in another database: write \`url: ${engine.shape}\``;
  const known = Object.entries<Preset>(PRESETS).filter(([, one]) => mappingIn(one, scheme) !== null);
  return `presets with one: ${known.map(([name]) => name).join(', ')}; or write \`table\` and \`columns\``;
}

/** The store that the keys name, what it is opened with, and what rules may ask it for. */
export function storeOf({
  url,
  preset,
  table,
  columns,
  where,
  dimensions,
  measures,
}: z.output<typeof auditSchema>): {
  readonly store: AuditStoreType<TableOptions>;
  readonly storeOptions: TableOptions;
  readonly mapping: Mapping;
} {
  const given = Object.entries({ preset, table, columns, where, dimensions, measures }).filter(
    ([, value]) => value !== undefined,
  );
  const storeOptions: TableOptions = Object.fromEntries(given);
  const store = AUDIT_STORES.postgres;
  return { store, storeOptions, mapping: (engineOf(url.reveal()) ?? store).mapping(storeOptions) };
}
