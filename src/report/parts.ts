// What a report is made from.

import type { Column } from '../model/columns.ts';
import type { PriceList } from '../model/price-list.ts';
import type { QuietPeriod } from '../model/report.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { Source } from '../pipeline/collect.ts';
import type { PastIncident } from '../state/past-incidents.ts';
import type { AuditStore } from '../stores/audit-store.ts';

/** The stores that are read, and what the file says. Nothing is written. */
export interface ReportParts {
  /** Answers from kept sums where it can, else from the store. */
  readonly source: Pick<Source, 'read' | 'known' | 'refreshedTo'>;
  readonly store: Pick<AuditStore, 'snapshot' | 'occupied'>;
  readonly dimensions: ReadonlySet<Dimension>;
  /** The canonical columns that the table has. */
  readonly columns: ReadonlySet<Column>;
  readonly prices: PriceList | null;
  /** ISO 4217. */
  readonly currency: string;
  readonly zone: string;
  /** The enabled rules of the file. */
  readonly rules: readonly Rule[];
  /** The incidents that were open in a window; null where no state store can be read. */
  readonly incidentsIn: ((window: Window) => Promise<readonly PastIncident[]>) | null;
  /** Whether the rules were evaluated and nothing fired; null where no state store can be read. */
  readonly quietOf: ((window: Window) => Promise<QuietPeriod | null>) | null;
  /** Told after each of the parts that are read. */
  readonly progressed?: (done: number, total: number) => void;
}
