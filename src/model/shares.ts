// Shares in percent that add up.

/**
 * The share of each part (none below 0) in their sum, in whole percents that add up to 100 (by largest remainder). Only
 * nothing is `0%`, and only all is `100%`.
 */
export function sharesText(parts: readonly bigint[]): string[] {
  const whole = parts.reduce((sum, part) => sum + part, 0n);
  if (whole === 0n) return parts.map(() => '0%');
  const percents = parts.map((part) => Number((part * 100n) / whole));
  let left = 100 - percents.reduce((sum, percent) => sum + percent, 0);
  const byRemainder = [...parts.keys()].sort((a, b) => {
    const [x, y] = [remainder(parts[a], whole), remainder(parts[b], whole)];
    return x === y ? a - b : x > y ? -1 : 1;
  });
  for (const place of byRemainder) {
    if (left === 0) break;
    percents[place] = (percents[place] as number) + 1;
    left -= 1;
  }
  return parts.map((part, i) => percentText(part, whole, percents[i] as number));
}

function percentText(part: bigint, whole: bigint, percent: number): string {
  if (part > 0n && percent === 0) return '<1%';
  if (part < whole && percent === 100) return '>99%';
  return `${percent}%`;
}

function remainder(part: bigint | undefined, whole: bigint): bigint {
  return ((part ?? 0n) * 100n) % whole;
}
