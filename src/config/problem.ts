// The faults of a file, and how they are printed.

import { cutText, displayText } from '../model/display-text.ts';
import { AppError } from '../model/errors.ts';
import { type Path, pathText } from './path.ts';

/** One fault of a configuration file. Lines and columns count from 1; no text in it holds a secret. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: Path;
  /** The name of the rule or report that has the fault. */
  readonly rule?: string;
  readonly message: string;
  readonly hint: string | null;
}

const LONGEST_QUOTE = 60;
const LONGEST_MESSAGE = 400;
/** Hints may list all that there is to choose from. */
const LONGEST_HINT = 1_000;

/** Cuts long texts. To be called after secrets were hidden, because only whole secrets are found. */
export function shortened(problem: Problem): Problem {
  const cut = (words: string, longest: number): string => {
    const quotes = words.replace(/"(?:[^"\\]|\\.)*"/g, (quote) => {
      return `"${cutText(quote.slice(1, -1), LONGEST_QUOTE)}"`;
    });
    return cutText(quotes, longest);
  };
  const { message, hint } = problem;
  return {
    ...problem,
    message: cut(message, LONGEST_MESSAGE),
    hint: hint === null ? null : cut(hint, LONGEST_HINT),
  };
}

/** A configuration that cannot be used, with every fault that was found, in the order of the file. */
export class ConfigError extends AppError {
  readonly problems: readonly Problem[];
  /** Absolute paths of the files that it names, whether they exist or not. A change of one may mend the configuration. */
  readonly files: readonly string[];

  constructor(problems: readonly Problem[], files: readonly string[] = []) {
    const sorted = inFileOrder(problems);
    super('config_invalid', formatProblems(sorted));
    this.name = 'ConfigError';
    this.problems = sorted;
    this.files = files;
  }
}

/** `alerts.yaml:12:5 rules[2].window (burn): message`, one fault a line, its hint indented below. */
export function formatProblems(problems: readonly Problem[], level = ''): string {
  return problems
    .map((problem) => {
      const fault = problemLine(problem, level);
      return problem.hint === null ? fault : `${fault}\n    hint: ${problem.hint}`;
    })
    .join('\n');
}

/** The fault without its hint; `level` stands before its message. */
export function problemLine({ file, line, column, path, rule, message }: Problem, level = ''): string {
  const name = rule === undefined ? '' : ` (${displayText(rule, LONGEST_QUOTE)})`;
  const key = path.length === 0 ? '' : `${pathText(path)}${name}: `;
  return `${file}:${line}:${column} ${key}${level}${message}`;
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  // Two checks may find the same fault. People see it once.
  const unique = new Map(problems.map((p) => [`${p.file}:${p.line}:${p.column}:${p.message}`, p]));
  const files = [...new Set(problems.map(({ file }) => file))];
  const placeOf = ({ file }: Problem): number => files.indexOf(file);
  return [...unique.values()].sort(
    (a, b) => placeOf(a) - placeOf(b) || a.line - b.line || a.column - b.column,
  );
}
