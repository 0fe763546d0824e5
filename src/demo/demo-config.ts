// The demo's alerts.yaml.

/** The ports and addresses of the demo's receivers. */
export interface DemoEnds {
  readonly smtpPort: number;
  readonly slackApiUrl: string;
  readonly hookUrl: string;
  readonly hookSecret: string;
}

/** The demo's alerts.yaml. It is written into the demo's folder, so that people can read it and try other commands on it. */
export function demoConfig({ smtpPort, slackApiUrl, hookUrl, hookSecret }: DemoEnds): string {
  return `# Written by \`spendwatch demo\`. Try in this folder, also while it runs:
#   spendwatch check
#   spendwatch silence add service=search --for 2h --reason "we know"
version: 1
timezone: UTC
schedule: "*/2 * * * * *"        # every two seconds, to be quick; a minute is usual

audit:
  url: pglite:./store
  preset: api_audit_logs

defaults: { notify: [oncall], severity: warning }

channels:
  oncall:
    type: slack
    token: xoxb-demo
    channel: "#llm-spend"
    api_url: ${slackApiUrl}
  finance:
    type: email
    from: spendwatch@example.com
    to: [finance@example.com]
    host: 127.0.0.1
    port: ${smtpPort}
    user: spendwatch
    password: demo-password
    send_resolved: true          # mails leave the end out otherwise, and so do webhooks
    tls: none                    # the demo's server is on this machine; STARTTLS is the default
  billing:
    type: webhook
    url: ${hookUrl}
    secret: ${hookSecret}
    send_resolved: true

rules:
  - name: hourly-burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [service]
    thresholds: { warning: 50, critical: 100 }
    notify: [oncall, finance, billing]
    message: Stop the job that drives it, then tell the owner of the service.

  - name: daily-budget
    type: threshold
    metric: spend
    window: today
    threshold: 5000
    severity: critical

  - name: spend-anomaly
    type: anomaly
    method: auto
    metric: spend
    window: 1h                    # without it a day is judged too, and it is over a day later
    group_by: [service]
    min_change: 5
    notify: [oncall, finance, billing]

http: { listen: "off" }
`;
}
