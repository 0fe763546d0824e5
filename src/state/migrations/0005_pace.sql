-- Rules that were recorded together move on together: one row for all of them, instead of a row for each at every poll. `id` is
-- a hash of which rules they are.
CREATE TABLE spendwatch.pace (
  id text PRIMARY KEY,
  last_good timestamptz NOT NULL
) WITH (fillfactor = 10);

-- The pace that a rule keeps. Its own last_good is that of when it fell in.
ALTER TABLE spendwatch.rule_progress ADD COLUMN pace text;

-- Up to which scheduled instant a rule's findings have been recorded, whether it keeps pace with others or goes by itself.
CREATE VIEW spendwatch.progress AS
  SELECT fingerprint, rule_name, COALESCE(pace.last_good, rule.last_good) AS last_good
  FROM spendwatch.rule_progress AS rule LEFT JOIN spendwatch.pace ON pace.id = rule.pace;
