import type { Report } from '../../src/model/report.ts';

/** The parts of a report of a period in which there was nothing to say. */
export const NOTHING_TO_SAY = {
  figures: [],
  days: [],
  budgets: [],
  forecasts: [],
  tables: [],
  movers: [],
  models: [],
  routing: [],
  invoices: [],
  incidents: [],
  incidentCount: 0,
  quiet: null,
  troubles: [],
} as const satisfies Partial<Report>;
