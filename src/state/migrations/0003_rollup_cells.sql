-- Cells of the rollup are kept by the hour or by the day (of UTC), so the tables of 0002 are made anew: nothing in them
-- is needed to know what was said, and what they held is read from the audit store again.
DROP TABLE spendwatch.rollup_hour, spendwatch.rollup_progress;

CREATE TABLE spendwatch.rollup_cells (
  basis text NOT NULL,
  cube text NOT NULL,
  -- How long the cells are: 1 or 24.
  hours smallint NOT NULL,
  begins timestamptz NOT NULL,
  cells text NOT NULL,
  PRIMARY KEY (basis, cube, hours, begins)
);

-- How far the cells above have seen: hours before sealed_to are whole; newest_id and gaps follow the insert order.
-- generation counts the times that they were kept: who did not keep them last must read them before keeping any.
CREATE TABLE spendwatch.rollup_progress (
  basis text PRIMARY KEY,
  generation bigint NOT NULL,
  sealed_to timestamptz NOT NULL,
  newest_id text,
  gaps text NOT NULL
);
