/** A line of the Prometheus text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/u;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/uy;

/** Reads an exposition line by line as a scraper does; throws at the first line that is none. */
export function samplesOf(text: string): MetricSample[] {
  if (!text.endsWith('\n')) throw new Error('an exposition ends with a line break');
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^# (HELP|TYPE) [a-zA-Z_:]/.test(line))
    .map(sampleOf);
}

/** The sum of the samples of a metric that have these labels; null when there is none. */
export function metricOf(
  samples: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const fitting = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return fitting.length === 0 ? null : fitting.reduce((sum, { value }) => sum + value, 0);
}

function sampleOf(line: string): MetricSample {
  const [, name, inner = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || !/^[-+]?(\d|Inf|NaN)/.test(value ?? '')) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const label = LABEL.exec(inner);
    if (label === null) throw new Error(`not a list of labels: ${inner}`);
    labels[label[1] as string] = (label[2] as string).replace(/\\(.)/g, (_, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
  }
  return { name, labels, value: Number(value?.replace('Inf', 'Infinity')) };
}
