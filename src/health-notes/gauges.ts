import { Gauge, type Registry } from 'prom-client';
import type { GaugeSample, HealthNoteKind } from './health-note.ts';

/** The gauges of all kinds, each with the samples of its latest look; none before the first, and while another worker polls. */
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
        // Without labels it would be shown as 0, which nobody has seen.
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
