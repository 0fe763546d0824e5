// The contract of templates: what a text can be filled in for, and what can be wrong with it.

/** JSON as it was parsed. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/**
 * What a template makes: a `text` of one or more lines, a `url`, or `json`. Each output is escaped for that, and no template
 * can switch it off.
 */
export type TemplateKind = 'text' | 'url' | 'json';

/** A fault of a template. Offsets count from the beginning of its text. */
export interface TemplateFault {
  readonly offset: number;
  readonly message: string;
  /** A name that nothing has, and the names that there are; absent for other faults. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] };
}

/** A template that cannot be filled in. The message is for people and quotes none of the values. */
export class TemplateError extends Error {
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(message);
    this.name = 'TemplateError';
    this.offset = offset;
  }
}

/** The engine of templates. Filling in is pure and takes a limited time and memory. */
export interface Templates {
  /** A text as a function of its values; throws TemplateError where it is no template. What a value lacks is empty. */
  compile(text: string, kind: TemplateKind): Fill;
  /** What is wrong with a template: its form, its names, and what it makes of each sample. `samples` are of all kinds. */
  faultsIn(text: string, kind: TemplateKind, samples: readonly Sample[]): TemplateFault[];
}

/** Values by which a template is tried, and what they are, in words: `an alert`. */
export interface Sample {
  readonly what: string;
  readonly values: JsonObject;
}

/** Fills in a template. Throws TemplateError. */
export type Fill = (values: JsonObject) => string;

/** Whether a text has to be filled in. */
export function isTemplate(text: string): boolean {
  return /\{[{%]/.test(text);
}
