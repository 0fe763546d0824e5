-- Which worker polls: one row for each set of workers that do the same polls. `held_until` follows the database's
-- clock. It only saves work; that a thing is said once does not rest on it.
CREATE TABLE spendwatch.leader (
  scope text PRIMARY KEY,
  token text NOT NULL,
  held_until timestamptz NOT NULL
);

-- When the next send to a channel with a limited rate may begin, by the database's clock. `token` is that of the
-- delivery that is being sent, and `spacing` what must pass after its end.
CREATE TABLE spendwatch.channel_turn (
  channel text PRIMARY KEY,
  token text,
  free_at timestamptz NOT NULL,
  spacing interval NOT NULL
);
