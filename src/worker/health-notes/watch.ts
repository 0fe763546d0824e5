// Looks once an hour whether a health message about the data is due, and sends it once a day.

import type { App } from '../../app.ts';
import { wordsOf } from '../../model/errors.ts';
import { type HealthNote, healthNoteMessage } from '../../model/health-note.ts';
import { stepOf } from '../../model/rule.ts';
import { periodKey } from '../../model/window.ts';
import { healthDeliveries } from '../health-deliveries.ts';
import type { GaugeSample, HealthLook, HealthNoteKind } from './health-note.ts';

/** Looks whether health messages about the data are due, and sends each once a day. */
export interface HealthNotes {
  /** To be called after a poll that reached the store. Returns at once, because the store may be slow. */
  polled(at: number, newestRow: number | null): void;
  /** Nothing is sent any more. */
  stop(): void;
}

export interface NotesListener {
  /** What a kind's gauge shows from now on. */
  noticed(kind: HealthNoteKind, samples: readonly GaugeSample[]): void;
  troubled(what: string): void;
}

const HOUR = 3_600_000;
/** A health message has no groups. */
const SELF = 'spendwatch';

interface Looker {
  readonly kind: HealthNoteKind;
  readonly look: HealthLook;
  lookedAt: number;
  isLooking: boolean;
}

export function openHealthNotes(
  app: App,
  kinds: readonly HealthNoteKind[],
  listener: NotesListener,
  now: () => number,
): HealthNotes {
  let stopped = false;
  const lookers = kinds.map(
    (kind): Looker => ({
      kind,
      look: kind.open(app),
      lookedAt: Number.NEGATIVE_INFINITY,
      isLooking: false,
    }),
  );

  const lookNow = async (looker: Looker, at: number, newestRow: number | null): Promise<void> => {
    looker.lookedAt = now();
    looker.isLooking = true;
    try {
      const { samples, note } = await looker.look(at);
      if (stopped) return;
      listener.noticed(looker.kind, samples);
      if (note !== null) await tell(app, note, at, newestRow, now());
    } catch (error) {
      if (!stopped) listener.troubled(`could not look for ${looker.kind.type}: ${wordsOf(error)}`);
    } finally {
      looker.isLooking = false;
    }
  };

  return {
    polled(at, newestRow) {
      for (const looker of lookers) {
        if (stopped || looker.isLooking || Math.abs(now() - looker.lookedAt) < HOUR) continue;
        void lookNow(looker, at, newestRow);
      }
    },
    stop() {
      stopped = true;
    },
  };
}

/** The ledger lets a message through once a day, however many replicas try and however often they start. */
async function tell(
  app: App,
  note: HealthNote,
  at: number,
  newestRow: number | null,
  timestamp: number,
): Promise<void> {
  const { timezone: zone } = app.config;
  const period = periodKey('day', at, zone);
  const message = healthNoteMessage(note, { at, dataAsOf: newestRow, zone, timestamp });
  const step = stepOf(note.severity);
  const notification = { groupId: SELF, group: [], period, step, value: 0n, at, since: at, growth: null };
  const state = await app.state();
  await state.record(
    [
      {
        fingerprint: note.type,
        rule: null,
        watermark: null,
        episodes: { begun: [], ended: [] },
        batches: [{ notifications: [notification], compose: () => healthDeliveries(app, message, period) }],
      },
    ],
    timestamp,
  );
}
