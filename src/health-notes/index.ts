import type { HealthNoteKind } from './health-note.ts';

/** The kinds that there are. */
export const HEALTH_NOTES: readonly HealthNoteKind[] = [];
