// Templates by LiquidJS, without files, unknown names and unlimited work.

import { Liquid, LiquidError, type Template } from 'liquidjs';
import { escapedFor, finished, holdsMarks } from './escape.ts';
import { type Names, namesIn, unknownIn, withNames } from './names.ts';
import {
  type Fill,
  type JsonObject,
  type Sample,
  TemplateError,
  type TemplateFault,
  type TemplateKind,
  type Templates,
} from './template.ts';

/** The longest template, and the longest that it makes, in characters. */
const LONGEST = 20_000;
const LONGEST_OUTPUT = 262_144;
/** For what a template makes on the way, in characters and members of lists. */
const MEMORY = 1_000_000;
/** Time for one text, ms. It ends loops over loops. */
const TIME = 100;
const TOO_LONG = `it takes longer than ${TIME} ms`;

/** All others read files, write values past the escape, or change what later ones mean. */
const TAGS = ['assign', 'break', 'case', 'comment', 'continue', 'for', 'if', 'raw', 'unless', '#'];
/** The one switches the escape off, the other is never twice the same. */
const NO_FILTERS = ['raw', 'sample'];

/** The engine. */
export function liquidTemplates(): Templates {
  const engines = { text: engineFor('text'), url: engineFor('url'), json: engineFor('json') };
  return {
    compile(text, kind): Fill {
      const template = parsed(engines[kind], text);
      return (values) => rendered(engines[kind], template, kind, values);
    },
    faultsIn: (text, kind, samples) => faultsIn(engines[kind], text, kind, samples),
  };
}

function engineFor(kind: TemplateKind): Liquid {
  const engine = new Liquid({
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    parseLimit: LONGEST,
    memoryLimit: MEMORY,
    renderLimit: TIME,
    timezoneOffset: 0,
    locale: 'en-US',
    dynamicPartials: false,
    templates: {},
    outputEscape: (value: unknown) => escapedFor(kind, value),
  });
  for (const name of Object.keys(engine.tags)) if (!TAGS.includes(name)) delete engine.tags[name];
  for (const name of NO_FILTERS) engine.unregisterFilter(name);
  return engine;
}

function parsed(engine: Liquid, text: string): Template[] {
  if (holdsMarks(text)) throw new TemplateError('it holds a control character');
  return inWords(() => engine.parse(text));
}

function rendered(
  engine: Liquid,
  template: Template[],
  kind: TemplateKind,
  values: JsonObject,
  strictVariables = false,
): string {
  const render = (): string => inWords(() => engine.renderSync(template, values, { strictVariables }));
  const output = twice(render);
  if (output.length > LONGEST_OUTPUT)
    throw new TemplateError(`it makes more than ${LONGEST_OUTPUT} characters`);
  return finished(kind, output);
}

/** Once more where the time was up: the machine may have paused. */
function twice<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError) || error.message !== TOO_LONG) throw error;
    return work();
  }
}

function faultsIn(
  engine: Liquid,
  text: string,
  kind: TemplateKind,
  samples: readonly Sample[],
): TemplateFault[] {
  try {
    const template = parsed(engine, text);
    const names = namesIn(samples.map(({ values }) => values));
    const unknown = unknownNames(engine, template, text, names);
    if (unknown.length > 0) return unknown;
    for (const { what, values } of samples) {
      const full = withNames(values, names) as JsonObject;
      const fault = faultOf(() => {
        const made = rendered(engine, template, kind, full, true);
        if (kind === 'json') expectJson(made, what);
      });
      if (fault !== null) return [fault];
    }
    return [];
  } catch (error) {
    return [faultFrom(error)];
  }
}

function expectJson(text: string, what: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new TemplateError(`it makes no JSON of ${what}`);
  }
}

/** Every name that is written and that no sample has, also where it is not reached. */
function unknownNames(engine: Liquid, template: Template[], text: string, names: Names): TemplateFault[] {
  const { globals } = engine.analyzeSync(template, { partials: false });
  return Object.values(globals)
    .flat()
    .flatMap(({ segments, location: { row, col } }): TemplateFault[] => {
      const variable = segments.findIndex((segment) => typeof segment === 'object');
      const path = (variable < 0 ? segments : segments.slice(0, variable)) as (string | number)[];
      const found = unknownIn(names, path);
      if (found === null) return [];
      const { place, known } = found;
      const begin = offsetOf(text, row, col);
      const name = String(path[place]);
      // A part of the path is written behind the whole of what comes before.
      const within = place === 0 ? 0 : text.slice(begin).indexOf(name, String(path[0]).length);
      const where = place === 0 ? '' : ` in ${path.slice(0, place).join('.')}`;
      const message = `nothing is named "${name}"${where}`;
      return [{ offset: begin + Math.max(0, within), message, unknown: { name, known } }];
    });
}

function offsetOf(text: string, row: number, col: number): number {
  const before = text.split('\n').slice(0, row - 1);
  return before.reduce((sum, line) => sum + line.length + 1, 0) + col - 1;
}

function faultOf(work: () => void): TemplateFault | null {
  try {
    work();
    return null;
  } catch (error) {
    return faultFrom(error);
  }
}

function faultFrom(error: unknown): TemplateFault {
  if (!(error instanceof TemplateError)) throw error;
  return { offset: error.offset, message: error.message };
}

/** Whatever the library throws, in words that name none of its own parts. */
function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError || !(error instanceof Error)) throw error;
    const plain = error.message.replace(/, line:\d+, col:\d+$/, '').split('\n')[0] ?? '';
    const words = WORDS.reduce((text, [from, to]) => text.replace(from, to), plain);
    throw new TemplateError(words, LiquidError.is(error) ? error.token.begin : 0);
  }
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^undefined variable: (.*)$/s, 'nothing is named "$1"'],
  [/^undefined filter: (.*)$/s, 'no filter is named "$1"'],
  [/^tag "(.*)" not found$/s, 'no tag is named "$1"'],
  [/^template render limit exceeded$/, TOO_LONG],
  [/^memory alloc limit exceeded$/, 'it makes too much'],
  [/^parse length limit exceeded$/, `it is longer than ${LONGEST} characters`],
];
