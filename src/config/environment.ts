// Puts variables of the environment into a text: ${NAME}, ${NAME:-default}.

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, for callers that have none of their own. */
export function processEnvironment(): Environment {
  return process.env;
}

/** A text with its variables put in, and what was wrong with them. */
export interface Interpolated {
  readonly text: string;
  /** Whether a part came from a variable or its default. Then the text must not be shown. */
  readonly replaced: boolean;
  /** The first variable that is not set, so that its default was used; null if there is none. */
  readonly unset: string | null;
  readonly faults: readonly TextFault[];
}

interface TextFault {
  readonly needle: string;
  readonly message: string;
  readonly hint: string;
  /** Whether the text is valid, but its variable is not set. */
  readonly isMissing: boolean;
}

const REFERENCE = /\$\$|\$\{([^}]*)(\}?)/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/**
 * Puts variables into a text: `${NAME}`, and `${NAME:-default}`, whose default is also used if the variable is empty. `$$`
 * is a dollar, and any other dollar stays. A value is not searched for variables again.
 */
export function interpolate(text: string, env: Environment): Interpolated {
  const faults: TextFault[] = [];
  let replaced = false;
  let unset: string | null = null;
  const result = text.replace(REFERENCE, (whole: string, inner: string | undefined, close: string) => {
    if (inner === undefined) return '$';
    const [, name, fallback] = (close === '' ? null : NAME.exec(inner)) ?? [];
    if (name === undefined) {
      faults.push({
        needle: '${',
        message: `a variable is not written as \${NAME} or \${NAME:-default}`,
        hint: 'write $$ for a dollar sign',
        isMissing: false,
      });
      return whole;
    }
    replaced = true;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback !== undefined) {
      unset ??= name;
      return fallback;
    }
    faults.push({
      needle: `\${${name}`,
      message: `the environment variable ${name} is not set`,
      hint: `set ${name}, or give a default: \${${name}:-default}`,
      isMissing: true,
    });
    return '';
  });
  return { text: result, replaced, unset, faults };
}

/** A variable as a shell, a template or Windows writes it: `$NAME`, `$(NAME)`, `{{ NAME }}`, `%NAME%`. */
export function isForeignVariable(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^(\$[A-Za-z_]\w*|\$\(\w+\)|\{\{[^{}]*\}\}|%[A-Za-z_]\w*%)$/.test(value.trim())
  );
}

/** It does not repeat the text, which may be a password that begins with a dollar. */
export const VARIABLE_HINT = `write \${NAME} to put in the environment variable NAME`;
