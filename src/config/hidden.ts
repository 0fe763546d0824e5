// Remembers values that no fault may show, and removes them from faults.

import { type Path, pathKey } from './path.ts';
import type { Problem } from './problem.ts';

/** A shorter text is hidden only in a fault of its own place, where it is quoted: elsewhere it may be part of a word. */
const SHORTEST_EVERYWHERE = 4;

/** Values that no fault may show: secrets, and whatever came from the environment or a secret file. */
export class Hidden {
  readonly #texts = new Map<string, string>();
  readonly #faulty = new Set<string>();
  readonly #moved = new Map<string, Path>();

  /** Hides the value at `path`. */
  add(path: Path, text: string): void {
    this.#texts.set(pathKey(path), text);
  }

  /** The value at `path` has a fault already, so a missing value there is not another one. */
  addFaulty(path: Path): void {
    this.#faulty.add(pathKey(path));
  }

  /** The value at `path` was given by another key. Its faults are shown there. */
  moved(path: Path, written: Path): void {
    this.#moved.set(pathKey(path), written);
  }

  isFaulty(path: Path): boolean {
    return this.#faulty.has(pathKey(path));
  }

  /** Where the value at `path` is written in the file. */
  writtenAt(path: Path): Path {
    return this.#moved.get(pathKey(path)) ?? path;
  }

  has(path: Path): boolean {
    return this.#texts.has(pathKey(path));
  }

  /** The fault with every hidden text replaced by ***. */
  censor(problem: Problem): Problem {
    const texts = [...this.#texts.values()].filter((text) => text.length >= SHORTEST_EVERYWHERE);
    texts.sort((a, b) => b.length - a.length);
    const own = this.#texts.get(pathKey(problem.path));
    const clean = (words: string): string => {
      const rest = texts.reduce(mask, words);
      return own === undefined ? rest : rest.replaceAll(JSON.stringify(own), '"***"');
    };
    const message = withoutLogin(texts.reduce(maskBeginning, clean(problem.message)));
    return { ...problem, message, hint: problem.hint && clean(problem.hint) };
  }
}

function mask(words: string, text: string): string {
  return words.replaceAll(JSON.stringify(text).slice(1, -1), '***').replaceAll(text, '***');
}

/** A URL that is not a secret itself is quoted without its login. */
function withoutLogin(words: string): string {
  return words.replace(/"([a-z][\w+.-]*:\/\/)[^"\s]*@/gi, '"$1***@');
}

/** A schema's message may quote only the beginning of a text. */
function maskBeginning(words: string, text: string): string {
  return text.length > 12 ? words.replaceAll(text.slice(0, 12), '***') : words;
}
