// A file and its opened stores -> what a report is made from.

import type { Config } from '../config/config.ts';
import { COLUMNS } from '../model/columns.ts';
import type { Dimension } from '../model/series.ts';
import type { ReportReader } from '../state/open.ts';
import type { RuleFile } from '../state/removed-rules.ts';
import type { ReportParts } from './parts.ts';

/** What is opened of a file. */
export interface ReportStores extends Pick<ReportParts, 'source' | 'store'> {
  readonly dimensions: ReadonlySet<Dimension>;
  readonly file: RuleFile;
  /** Null where no state store can be read. */
  readonly state: ReportReader | null;
}

export function reportPartsOf(
  config: Config,
  { source, store, dimensions, file, state }: ReportStores,
): ReportParts {
  const { mapping, prices, currency } = config.audit;
  return {
    source,
    store,
    dimensions,
    columns: new Set(COLUMNS.filter((column) => mapping.columns[column] !== undefined)),
    prices,
    currency,
    zone: config.timezone,
    rules: config.rules.filter(({ enabled }) => enabled),
    incidentsIn: state === null ? null : (window) => state.readIncidentsIn(file, window),
    quietOf: state === null ? null : (window) => state.readQuietPeriod(file, window),
  };
}
