// What a rule's author tells readers of its alerts beside the figures.

import type { JsonValue } from './json.ts';

/** The fields of an alert that a template can name, as JSON. */
export type AlertFields = { readonly [name: string]: JsonValue | undefined };

/** The texts as they are written, or filled in for one alert. */
export interface RuleTexts {
  readonly message: string | null;
  /** URLs by label. */
  readonly links: Readonly<Record<string, string>>;
}

/** The context of one alert; plain JSON. */
export interface AlertContext {
  /** The author's text; null where the rule has none. */
  readonly message: string | null;
  readonly owner: string | null;
  readonly runbook: string | null;
  /** URLs by label. */
  readonly links: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}
