// Looks once an hour whether a health message about the data is due, and sends it once a day.

import type { App } from '../../app.ts';
import { wordsOf } from '../../model/errors.ts';
import { type HealthNote, healthNoteMessage } from '../../model/health-note.ts';
import { periodKey } from '../../model/window.ts';
import { queueOnce } from '../message-deliveries.ts';
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

/** The ledger lets it through once a day. */
async function tell(
  app: App,
  note: HealthNote,
  at: number,
  newestRow: number | null,
  timestamp: number,
): Promise<void> {
  const { timezone: zone, health } = app.config;
  const message = healthNoteMessage(note, { at, dataAsOf: newestRow, zone, timestamp });
  const key = { fingerprint: note.type, period: periodKey('day', at, zone), at };
  await queueOnce(app, await app.state(), health.notify, message, key, timestamp);
}
