// Prints what arrives at the demo's receivers.

import type { Show } from './show.ts';

/** Prints messages in the order in which they arrive, and tracks whether every kind of channel has got one. */
export function openArrivals(out: (text: string) => void, show: Show) {
  const kinds = new Set<string>();
  const waiting: (() => void)[] = [];
  let count = 0;
  let printing: Promise<void> = Promise.resolve();
  let done = (): void => undefined;
  const allKinds = new Promise<void>((resolve) => {
    done = resolve;
  });
  return {
    allKinds,
    count: () => count,
    /** Resolves when everything is printed, including messages that waited for others. */
    shown(): Promise<void> {
      for (const print of waiting.splice(0)) print();
      return printing;
    },
    take(kind: string, text: string | Promise<string>) {
      count += 1;
      const clock = new Date().toISOString().slice(11, 19);
      const print = (): void => {
        printing = printing.then(async () =>
          out(`${show.dim(`${clock}  ${kind} arrived`)}\n${await text}\n`),
        );
        kinds.add(kind);
        if (kinds.size === 3) void printing.then(done);
      };
      // Messages for people are printed before those for programs.
      if (kind === 'webhook' && kinds.size < 2 && !kinds.has(kind)) return void waiting.push(print);
      print();
      if (kinds.size >= 2) for (const later of waiting.splice(0)) later();
    },
  };
}

export type Arrivals = ReturnType<typeof openArrivals>;
