-- Silences that people add by command. It covers [silent_from, silent_until), or less where somebody ended it before.
-- `match` is as in alerts.yaml: what must fit, by name.
CREATE TABLE spendwatch.silence (
  id text PRIMARY KEY,
  match json NOT NULL,
  silent_from timestamptz NOT NULL,
  silent_until timestamptz NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  ended_at timestamptz
);
