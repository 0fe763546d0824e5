-- How often the rules of a file were evaluated on a local day, and how near they came to their limits. Each worker keeps a row
-- of its own, so that what is written twice counts once.
CREATE TABLE spendwatch.evaluation_count (
  -- A hash of its name, its path and its audit store.
  file text NOT NULL,
  -- The first instant of the day.
  day timestamptz NOT NULL,
  counter text NOT NULL,
  evaluations bigint NOT NULL,
  -- Whether a rule fired, told or silenced.
  has_fired boolean NOT NULL,
  -- The rule that came nearest to its limit, and the part of it that it reached: 0.83 for 83 %.
  nearest_rule text,
  nearest_share double precision,
  PRIMARY KEY (file, day, counter)
);
