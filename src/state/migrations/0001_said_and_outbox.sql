-- What was said: one row per rule, group and dedupe period. The conditional upsert on it is what keeps replicas
-- from saying a thing twice.
CREATE TABLE spendwatch.said (
  fingerprint text NOT NULL,
  group_id text NOT NULL,
  period text NOT NULL,
  rule_name text,
  group_json text NOT NULL,
  step smallint NOT NULL,
  value numeric NOT NULL,
  growth numeric,
  said_at timestamptz NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (fingerprint, group_id, period)
);

CREATE INDEX said_by_time ON spendwatch.said (fingerprint, group_id, said_at);

-- Since when a group has held a step, for as long as it holds.
CREATE TABLE spendwatch.episode (
  fingerprint text NOT NULL,
  group_id text NOT NULL,
  step smallint NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (fingerprint, group_id, step)
);

-- Up to which scheduled instant a rule's findings have been recorded.
CREATE TABLE spendwatch.rule_progress (
  fingerprint text PRIMARY KEY,
  rule_name text NOT NULL,
  last_good timestamptz
);

-- What is to be sent. Instants follow the worker's clock, except lease_until, which follows the database's.
CREATE TABLE spendwatch.delivery (
  id text PRIMARY KEY,
  channel text NOT NULL,
  channel_type text NOT NULL,
  rule_name text,
  fingerprint text,
  severity text NOT NULL,
  message text NOT NULL,
  body text NOT NULL,
  others text NOT NULL,
  is_report boolean NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'reported', 'delivered', 'given_up')),
  attempts integer NOT NULL DEFAULT 0,
  rung integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  lease_until timestamptz,
  lease_token text,
  accepted text NOT NULL DEFAULT '[]',
  failure_kind text,
  failure_reason text,
  failure_text text,
  created_at timestamptz NOT NULL,
  first_tried_at timestamptz,
  reported_at timestamptz,
  settled_at timestamptz
);

CREATE INDEX delivery_due ON spendwatch.delivery (channel, next_at) WHERE state IN ('queued', 'reported');

CREATE INDEX delivery_settled ON spendwatch.delivery (settled_at) WHERE settled_at IS NOT NULL;
