// `spendwatch init`: writes a first alerts.yaml.

import { writeFile } from 'node:fs/promises';
import { AppError } from '../model/errors.ts';
import { PRESETS, type PresetName } from '../stores/presets/index.ts';
import type { Preset } from '../stores/presets/preset.ts';

export interface InitIo {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/**
 * Writes a commented alerts.yaml that is valid as it is. Never touches an existing file: then it says so and resolves to 1.
 * Throws an AppError `config_unwritable` if the file cannot be written.
 */
export async function init(path: string, io: InitIo, preset: PresetName = OWN): Promise<0 | 1> {
  try {
    // wx checks and creates in one step, so a file that appears meanwhile is not overwritten.
    await writeFile(path, starter(preset), { flag: 'wx', mode: 0o640 });
  } catch (error) {
    if (isCode(error, 'EEXIST')) {
      io.err(`${path} exists and was left as it is`);
      io.err('  hint: name another file with --config FILE or $SPENDWATCH_CONFIG');
      return 1;
    }
    throw new AppError('config_unwritable', `${path} could not be written`, {
      hint: 'is the folder there, and may you write in it?',
      cause: error,
    });
  }
  io.out(`wrote ${path}`);
  io.out(`next: put the address of your store into it, then spendwatch validate --connect -c ${path}`);
  if (preset === OWN)
    io.out(`      (for a new store of your own: spendwatch init --create-table -c ${path})`);
  else io.out(`      (the grants it needs, and what it has: docs/presets/${preset}.md)`);
  return 0;
}

/** `init --stdout`, for a pipe or a folder in which this process may not write. */
export function printStarter(io: Pick<InitIo, 'out'>, preset: PresetName = OWN): 0 {
  io.out(starter(preset).trimEnd());
  return 0;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const OWN = 'api_audit_logs';

/** The file for a preset. The schema of another program is no place for the state, and not every table has a service. */
function starter(preset: PresetName): string {
  if (preset === OWN) return STARTER;
  const { mapping, requires = [] }: Preset = PRESETS[preset];
  const { columns } = mapping;
  const dimension = (['service', 'user', 'model'] as const).find((name) => name in columns) ?? 'model';
  return STARTER.replace(':-pglite:./spendwatch-data', '')
    .replace(/^ {2}preset: .*$/m, () => [`  preset: ${preset}`, ...requires.map(filterLine)].join('\n'))
    .replace(/^# state: .*\n.*$/m, () => STATE)
    .replaceAll('group_by: [service]', `group_by: [${dimension}]`);
}

/** Without it, every poll would read the whole table. */
function filterLine(column: string): string {
  return `  where: { ${column}: REPLACE-ME }   # whose calls: an id, or a list of them`;
}

const STATE = `state:                         # what was notified; not in the database of another program
  url: \${STATE_DATABASE_URL:-pglite:./spendwatch-state}`;

const STARTER = `# What spendwatch watches, and where it sends alerts.
# Check it with: spendwatch validate
version: 1
timezone: UTC                  # IANA zone: calendar windows and the once-a-day rule
schedule: "* * * * *"          # cron, in that zone

audit:                         # where your AI calls are recorded; SELECT on one table is enough
  url: \${AUDIT_DATABASE_URL:-pglite:./spendwatch-data}
  preset: api_audit_logs       # or another (docs/configuration.md); or table: and columns: of your own
  # Calls with tokens and neither cost nor price count as 0, and spend is more than it seems. spendwatch names their
  # models once a day, and in check and validate --connect, until the list has them: models: { gpt-4.1: { input: 2, output: 8 } }
  # prices: prices.yaml        # USD per million tokens, for rows without a cost

# state:                       # what was notified; by default in the audit database, schema spendwatch
#   url: \${STATE_DATABASE_URL:-}

channels:
  # Nothing is sent before the token is a real one. To try it: spendwatch test-channel oncall
  oncall:
    type: slack
    token: \${SLACK_BOT_TOKEN:-xoxb-replace-me}
    channel: "#llm-spend"
  # finance:
  #   type: email              # host, port, user, password and from: here, or SMTP_* in the environment
  #   to: [finance@example.com]
  # billing:
  #   type: webhook
  #   url: https://billing.example.com/hooks/spend
  #   secret: \${WEBHOOK_SECRET}

defaults: { notify: [oncall], severity: warning }

rules:
  - name: hourly-burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [service]
    thresholds: { warning: 50, critical: 100 }   # USD
    message: Immediate attention required

  - name: daily-budget
    type: threshold
    metric: spend
    window: today
    threshold: 1000

  - name: spend-anomaly
    type: anomaly              # against the same hour of the week; judged after seven days
    metric: spend
    group_by: [service]
    zscore: 3.25               # 3 tells smaller changes, and makes twice as many false alarms
    min_change: 5              # USD: smaller changes do not fire

# reports:                     # what a period cost, against the one before: docs/reports.md
#   - { name: weekly, schedule: "0 8 * * mon", period: week }

# health: { unpriced: off }    # no daily message about models without a price
`;
