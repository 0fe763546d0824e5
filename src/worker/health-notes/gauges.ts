// The gauges of health messages about the data.

import { Gauge, type Registry } from 'prom-client';
import type { GaugeSample, HealthNoteKind } from './health-note.ts';

/** Shows the latest samples of each kind. There are none before the first look, and while another worker polls. */
export function noteGauges(
  registry: Registry,
  kinds: readonly Pick<HealthNoteKind, 'gauge'>[],
): { show(name: string, samples: readonly GaugeSample[]): void; clear(): void } {
  const latest = new Map<string, readonly GaugeSample[]>();
  for (const { gauge } of kinds) {
    const { name, help, labelNames } = gauge;
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        const samples = latest.get(name) ?? [];
        this.reset();
        // The library shows a gauge without labels as 0, which would be wrong before the first look.
        if (samples.length === 0 && labelNames.length === 0) this.remove();
        for (const { labels, value } of samples) this.set(labels, value);
      },
    });
  }
  return {
    show: (name, samples) => void latest.set(name, samples),
    clear: () => latest.clear(),
  };
}
