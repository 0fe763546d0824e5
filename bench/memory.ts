import { readFileSync, writeFileSync } from 'node:fs';

/** What this process takes of the machine's memory, MB. */
export function residentMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

/** The most that it took since `forgetPeak`, MB; since its start where the system is not Linux. */
export function peakMb(): number {
  const kept = statusOf('VmHWM');
  return kept === null ? process.resourceUsage().maxRSS / 1024 : kept / 1024;
}

/** Linux keeps the peak of a process, which 5 sets back to what it takes now (proc_pid_clear_refs(5)). */
export function forgetPeak(): void {
  if (statusOf('VmHWM') !== null) writeFileSync('/proc/self/clear_refs', '5');
}

/** A value of /proc/self/status in kB; null where there is none. */
function statusOf(name: string): number | null {
  if (process.platform !== 'linux') return null;
  const found = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return found === null ? null : Number(found[1]);
}
