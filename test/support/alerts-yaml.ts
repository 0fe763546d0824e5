/** The rule that most worker tests watch with: a service that spends $50 or $100 in an hour. */
export const HOURLY_BURN = `  - name: hourly-burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [service]
    thresholds: { warning: 50, critical: 100 }
    message: Immediate attention required
    notify: [oncall, finance, billing]
`;

/** An alerts.yaml for a worker that polls each second. `channels` and `more` are whole sections, `rules` list items. */
export function alertsYaml(parts: {
  readonly url: string;
  /** Further keys under `audit`. */
  readonly audit?: string;
  readonly channels: string;
  readonly rules?: string;
  readonly more?: string;
}): string {
  const { url, audit = '', channels, rules = HOURLY_BURN, more = '' } = parts;
  return `version: 1
timezone: ${zoneWithNoonNow()}
schedule: "* * * * * *"
audit: { url: "${url}", preset: api_audit_logs, stale_after: "off", ${audit} }
${channels}
rules:
${rules}
http: { listen: 127.0.0.1:0 }
${more}`;
}

/**
 * A time zone in which it is about noon now, so that no day ends while a test runs: at midnight what still fires is
 * rightly said again.
 */
function zoneWithNoonNow(): string {
  const behind = new Date().getUTCHours() - 12;
  return behind === 0 ? 'UTC' : `Etc/GMT${behind > 0 ? '+' : ''}${behind}`;
}
