// Finds the name that a misspelled word was meant to be.

import { smallestOf } from '../model/extremes.ts';
import { synonym } from './synonyms.ts';

/**
 * The candidate that `word` was probably meant to be, or null: a synonym of other tools, else a similar word (at most a
 * third of the letters differ, or the end is missing).
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const same = candidates.includes(word) ? null : synonym(word, candidates);
  if (same !== null) return same;
  // A word that is far longer than any name is no misspelling, and comparing it would take long.
  if (word.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const isShortened = word.length >= 3 && candidate.startsWith(word);
    const distance = isShortened ? 1 : editDistance(word.toLowerCase(), candidate.toLowerCase());
    const limit = Math.max(1, Math.ceil(Math.max(word.length, candidate.length) / 3));
    if (distance <= limit && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** "did you mean …?", or the list of candidates. */
export function suggestion(word: string, candidates: readonly string[], what: string): string | null {
  const close = nearest(word, candidates);
  if (close !== null) return `did you mean "${close}"?`;
  return candidates.length === 0 ? null : `${what}: ${candidates.join(', ')}`;
}

/** The number of letters to insert, delete, replace or swap with a neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const edits = [cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + (same ? 0 : 1)];
      if (swapped) edits.push(cell(i - 2, j - 2) + 1);
      row.push(smallestOf(edits));
    }
  }
  return cell(a.length, b.length);
}
