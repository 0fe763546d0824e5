// The worker's metrics as Prometheus text.

import { Registry } from 'prom-client';
import { noteGauges } from '../health-notes/gauges.ts';
import { HEALTH_NOTES } from '../health-notes/index.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Handlers, MetricEvents } from './entry.ts';

/** Counts what happens, and shows it to scrapers. */
export interface Metrics extends Omit<MetricEvents, 'started'> {
  exposition(): Promise<{ contentType: string; text: string }>;
}

/** Opens every metric of the catalogue, and the gauges of health messages about the data. */
export function openMetrics(version: string): Metrics {
  const registry = new Registry();
  const events = eventsFor([...CATALOGUE.map((entry) => entry.open(registry)), noteHandlers(registry)]);
  events.started(version);
  return {
    ...events,
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function noteHandlers(registry: Registry): Handlers {
  const notes = noteGauges(registry, HEALTH_NOTES);
  return {
    noticed: notes.show,
    leads(leads) {
      if (leads === false) notes.clear();
    },
  };
}

/** Hands each event to every metric that follows it. */
function eventsFor(all: readonly Handlers[]): MetricEvents {
  const each = (call: (handlers: Handlers) => void): void => {
    for (const handlers of all) call(handlers);
  };
  return {
    started: (version) => each((handlers) => handlers.started?.(version)),
    useRules: (rules) => each((handlers) => handlers.useRules?.(rules)),
    useChannels: (names) => each((handlers) => handlers.useChannels?.(names)),
    polled: (report, seconds) => each((handlers) => handlers.polled?.(report, seconds)),
    delivered: (report) => each((handlers) => handlers.delivered?.(report)),
    queued: (lengths) => each((handlers) => handlers.queued?.(lengths)),
    reloaded: (succeeded) => each((handlers) => handlers.reloaded?.(succeeded)),
    leads: (leads) => each((handlers) => handlers.leads?.(leads)),
    bypassed: () => each((handlers) => handlers.bypassed?.()),
    missing: (hours) => each((handlers) => handlers.missing?.(hours)),
    noticed: (gauge, samples) => each((handlers) => handlers.noticed?.(gauge, samples)),
  };
}
