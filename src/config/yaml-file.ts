// Reads YAML as values, each with its line and column.

import { type Document, LineCounter, parseAllDocuments, type Scalar } from 'yaml';
import { type Path, pathKey } from './path.ts';
import type { Problem } from './problem.ts';
import { syntaxFault } from './yaml-syntax.ts';
import { MAX_DEPTH, MAX_VALUES, type Place, toPlain } from './yaml-values.ts';

/** The values of a YAML text, and where each is written. */
export interface YamlFile {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Whether the text cannot be read as YAML. Then faults of `value` would only add noise. */
  readonly broken: boolean;
  /** Places whose fault is among the problems, so that the missing value there is not another one. */
  readonly unread: readonly Path[];
  /** The text of the scalar at `path` as it is written, or null when there is none. */
  written(path: Path): string | null;
  /** The rest of the line from the value of `path` on. It shows what was written where a value is empty. */
  restOfLine(path: Path): string;
  /** A fault at the value of `path`, or at the nearest one above it that is written in the file. */
  fault(path: Path, message: string, hint?: string | null): Problem;
  /** A fault at the key of `path`. */
  keyFault(path: Path, message: string, hint?: string | null): Problem;
  /** A fault `within` characters behind the first place where `needle` is written in the value of `path`. */
  faultAt(path: Path, needle: string, message: string, hint?: string | null, within?: number): Problem;
}

/**
 * Reads one YAML 1.2 document. Faults name it as `file`. `scalarOf` may keep more of a scalar than its value, such as the
 * digits of a price.
 */
export function readYaml(
  file: string,
  text: string,
  {
    scalarOf = (scalar) => scalar.value,
    maxValues = MAX_VALUES,
  }: { readonly scalarOf?: (scalar: Scalar) => unknown; readonly maxValues?: number } = {},
): YamlFile {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  const unread: Path[] = [];

  const problem = (offset: number, path: Path, message: string, hint: string | null = null): Problem => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { file, line: Math.max(1, line), column: Math.max(1, col), path, message, hint };
  };

  const placeOf = (path: Path): Place => {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = places.get(pathKey(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return { key: 0, value: 0, end: text.length, written: null };
  };

  const { document, broken } = parse(text, lines, (offset, message, hint) =>
    problems.push(problem(offset, [], message, hint)),
  );
  const { value, exhausted } =
    document === null || broken
      ? { value: undefined, exhausted: false }
      : toPlain(document, { places, problems, unread, problem, scalarOf, maxValues });
  return {
    value,
    problems,
    broken: broken || exhausted,
    unread,
    written: (path) => places.get(pathKey(path))?.written ?? null,
    restOfLine: (path) => /.*/.exec(text.slice(placeOf(path).value))?.[0] ?? '',
    fault: (path, message, hint) => problem(placeOf(path).value, path, message, hint),
    keyFault: (path, message, hint) => problem(placeOf(path).key, path, message, hint),
    faultAt: (path, needle, message, hint, within = 0) => {
      const place = placeOf(path);
      const found = text.indexOf(needle, place.value);
      const offset = found >= 0 && found < place.end ? found + within : place.value;
      return problem(offset, path, message, hint);
    },
  };
}

function parse(
  text: string,
  lineCounter: LineCounter,
  report: (offset: number, message: string, hint: string | null) => void,
): { document: Document.Parsed | null; broken: boolean } {
  try {
    const documents = [
      ...parseAllDocuments(text, {
        lineCounter,
        prettyErrors: false,
        uniqueKeys: false,
        version: '1.2',
        logLevel: 'silent',
      }),
    ];
    const [document, second] = documents;
    for (const broken of documents) {
      const fault = syntaxFault(text, [...broken.errors, ...broken.warnings], broken);
      if (fault === null) continue;
      report(fault.offset, fault.message, fault.hint);
      return { document: null, broken: true };
    }
    if (second !== undefined) {
      report(second.range[0], 'a second document begins here', 'keep one document: remove the line `---`');
      return { document: null, broken: true };
    }
    return { document: document ?? null, broken: false };
  } catch (error) {
    // The parser is recursive. Ten thousand brackets exhaust the stack, which is a fault of the text.
    if (!(error instanceof RangeError)) throw error;
    report(0, 'the file is nested too deeply', `at most ${MAX_DEPTH} levels are read`);
    return { document: null, broken: true };
  }
}
