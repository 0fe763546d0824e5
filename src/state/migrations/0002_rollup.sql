-- Sealed hours of the rollup: an hour of a cube in one row. `basis` names what the cells depend on beside the rows:
-- the table, its mapping and the price list. Nothing here is needed to know what was said; it can be made again.
CREATE TABLE spendwatch.rollup_hour (
  basis text NOT NULL,
  cube text NOT NULL,
  hour timestamptz NOT NULL,
  cells text NOT NULL,
  PRIMARY KEY (basis, cube, hour)
);

-- How far the rollup has seen: hours before sealed_to are kept above; newest_id and gaps follow the insert order.
CREATE TABLE spendwatch.rollup_progress (
  basis text PRIMARY KEY,
  sealed_to timestamptz NOT NULL,
  newest_id text,
  gaps text NOT NULL,
  seen_at timestamptz NOT NULL
);
