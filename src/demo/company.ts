// An invented company: its services, models and traffic.

/** A service of the invented company: how often it calls which models, and with how many tokens. */
export interface Service {
  readonly name: string;
  readonly endpoint: string;
  /** Models by share of calls. */
  readonly models: readonly (readonly [model: string, share: number])[];
  readonly users: number;
  /** Calls in a busy hour. */
  readonly callsAnHour: number;
  readonly rhythm: 'office' | 'always' | 'night';
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** USD per million tokens, as the invented company pays. */
export const PRICES: Readonly<Record<string, readonly [input: number, output: number]>> = {
  'gpt-4.1': [2, 8],
  'gpt-4.1-mini': [0.4, 1.6],
  'claude-sonnet-4': [3, 15],
  'gemini-2.5-flash': [0.3, 2.5],
};

/** The services with their models and rhythm. */
export const SERVICES: readonly Service[] = [
  {
    name: 'search',
    endpoint: '/v1/chat/completions',
    models: [
      ['gpt-4.1', 0.7],
      ['gpt-4.1-mini', 0.3],
    ],
    users: 60,
    callsAnHour: 14,
    rhythm: 'always',
    inputTokens: 9_000,
    outputTokens: 700,
  },
  {
    name: 'support-chat',
    endpoint: '/v1/messages',
    models: [
      ['claude-sonnet-4', 0.8],
      ['gemini-2.5-flash', 0.2],
    ],
    users: 120,
    callsAnHour: 22,
    rhythm: 'office',
    inputTokens: 5_000,
    outputTokens: 900,
  },
  {
    name: 'code-review',
    endpoint: '/v1/messages',
    models: [['claude-sonnet-4', 1]],
    users: 25,
    callsAnHour: 9,
    rhythm: 'office',
    inputTokens: 22_000,
    outputTokens: 1_800,
  },
  {
    name: 'nightly-summaries',
    endpoint: '/v1/chat/completions',
    models: [
      ['gemini-2.5-flash', 0.9],
      ['gpt-4.1-mini', 0.1],
    ],
    users: 1,
    callsAnHour: 60,
    rhythm: 'night',
    inputTokens: 14_000,
    outputTokens: 500,
  },
];

/** The share of its busy hours' traffic that a service has at an hour of the UTC week. */
export function busyness(rhythm: Service['rhythm'], hour: number): number {
  const date = new Date(hour);
  const clock = date.getUTCHours();
  const weekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
  if (rhythm === 'night') return clock >= 1 && clock < 4 ? 1 : 0.01;
  if (rhythm === 'always') return (0.6 + 0.4 * bell(clock, 14)) * (weekend ? 0.8 : 1);
  return weekend ? 0.08 : 0.05 + 0.95 * bell(clock, 13);
}

function bell(clock: number, peak: number): number {
  return Math.exp(-((clock - peak) ** 2) / 24);
}
