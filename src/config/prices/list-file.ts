// A price list that is being read, and its faults.

import type { Path } from '../path.ts';
import type { Problem } from '../problem.ts';
import type { YamlFile } from '../yaml-file.ts';

/** The file, to which faults are added. */
export interface ListFile {
  readonly problems: readonly Problem[];
  /** Adds a fault at the value of `path`. */
  fault(path: Path, message: string, hint?: string | null): void;
  /** Adds a fault at the key of `path`. */
  keyFault(path: Path, message: string, hint?: string | null): void;
  /** Where the key of `path` stands among those of the file: greater is later. */
  placeOf(path: Path): number;
}

export function listFile(source: YamlFile): ListFile {
  const problems: Problem[] = [...source.problems];
  return {
    problems,
    fault: (path, message, hint) => void problems.push(source.fault(path, message, hint)),
    keyFault: (path, message, hint) => void problems.push(source.keyFault(path, message, hint)),
    placeOf: (path) => {
      const { line, column } = source.keyFault(path, '');
      return line * 1_000_000 + column;
    },
  };
}
