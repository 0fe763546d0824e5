// The registry of health messages about the data.

import { futureRows } from './future-rows.ts';
import type { HealthNoteKind } from './health-note.ts';
import { unpriced } from './unpriced.ts';

/** Every kind. A new one is a file beside this one and a line here. */
export const HEALTH_NOTES: readonly HealthNoteKind[] = [unpriced, futureRows];
