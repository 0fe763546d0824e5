// Values that are kept while every turn asks for them.

/** Values that are kept for as long as every turn asks for them. */
export interface Recent<T> {
  get(name: string): T | undefined;
  set(name: string, value: T): T;
  clear(): void;
  /** Begins a turn: what the one that ends did not ask for is forgotten. */
  turn(): void;
}

export function openRecent<T>(): Recent<T> {
  let now = new Map<string, T>();
  let before = new Map<string, T>();
  return {
    get(name) {
      const known = now.get(name);
      if (known !== undefined) return known;
      const older = before.get(name);
      if (older !== undefined) now.set(name, older);
      return older;
    },
    set(name, value) {
      now.set(name, value);
      return value;
    },
    clear() {
      now = new Map();
      before = new Map();
    },
    turn() {
      before = now;
      now = new Map();
    },
  };
}
