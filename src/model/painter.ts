// How a result is shown on a terminal: zone, width, colours of severities and outcomes.

import { styleText } from 'node:util';

const STYLES = {
  dim: 'dim',
  bold: 'bold',
  info: 'cyan',
  warning: 'yellow',
  critical: 'red',
  delivered: 'green',
  pending: 'yellow',
  given_up: 'red',
} as const;

/** Paints a text, or leaves it as it is where there are no colours. */
export type Painter = (style: keyof typeof STYLES, text: string) => string;

export function painter(colour: boolean): Painter {
  return (style, text) => (colour ? styleText(STYLES[style], text, { validateStream: false }) : text);
}

/** How and where a table is shown. */
export interface Shown {
  /** An IANA name. */
  readonly zone: string;
  readonly paint: Painter;
  /** Columns of the terminal; Infinity where it is none. */
  readonly width: number;
}
