// The registry of this folder.

import { futureRows } from './future-rows.ts';
import type { HealthNoteKind } from './health-note.ts';
import { unpriced } from './unpriced.ts';

/** The kinds that there are. */
export const HEALTH_NOTES: readonly HealthNoteKind[] = [unpriced, futureRows];
