// Which channels reports can be sent to.

import { channelTypes } from '../channels/index.ts';
import { valueAt } from './path.ts';
import type { Problem } from './problem.ts';
import type { YamlFile } from './yaml-file.ts';

/** Whether channels of a type get reports. One that raises alarms gets none. */
export function takesReports(type: unknown): boolean {
  return channelTypes.find((one) => one.type === type)?.takesReports !== false;
}

/** Reports that name a channel which takes none. */
export function reportChannelFaults(
  { source, value }: { readonly source: YamlFile; readonly value: unknown },
  report: number,
): Problem[] {
  const path = ['reports', report, 'notify'];
  const list = valueAt(value, path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((name: unknown, i) => {
    const type = typeof name === 'string' ? valueAt(value, ['channels', name, 'type']) : undefined;
    if (takesReports(type)) return [];
    const message = `the channel "${String(name)}" takes no reports: ${String(type)} raises alarms`;
    return [source.fault([...path, i], message, 'name a channel that people read, or a webhook')];
  });
}
