import { Gauge, type Registry } from 'prom-client';
import type { GaugeSample, HealthNoteKind } from './health-note.ts';

/** The gauges of all kinds, each with the samples of its latest look; none before the first, and while another worker polls. */
export function noteGauges(
  registry: Registry,
  kinds: readonly HealthNoteKind[],
): { show(name: string, samples: readonly GaugeSample[]): void; clear(): void } {
  const gauges = new Map(
    kinds.map(({ gauge: { name, help, labelNames } }) => {
      const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
      // Without labels it would be shown as 0, which nobody has seen.
      gauge.remove();
      return [name, gauge] as const;
    }),
  );
  return {
    show(name, samples) {
      const gauge = gauges.get(name);
      gauge?.reset();
      for (const { labels, value } of samples) gauge?.set(labels, value);
    },
    clear() {
      for (const gauge of gauges.values()) {
        gauge.reset();
        gauge.remove();
      }
    },
  };
}
