-- Tables and columns get the field's words, and each rule has a watermark of its own again. Nothing is lost: rows keep
-- what they hold. A worker of the version before cannot go on beside this schema: its polls fail and record nothing, and
-- nothing that it says is half recorded.

-- No poll of such a worker may be half way through: this is the lock under which it moves its watermarks, and then the tables.
SELECT pg_advisory_xact_lock(7330178215);
LOCK TABLE spendwatch.pace, spendwatch.rule_progress, spendwatch.said, spendwatch.rollup_progress,
  spendwatch.rollup_cells IN ACCESS EXCLUSIVE MODE;

-- Notifications: one row per rule, group and dedupe period.
ALTER TABLE spendwatch.said RENAME TO notification;
ALTER TABLE spendwatch.notification RENAME COLUMN said_at TO notified_at;
ALTER INDEX spendwatch.said_pkey RENAME TO notification_pkey;
ALTER INDEX spendwatch.said_by_time RENAME TO notification_by_time;

-- Watermarks: up to which evaluation time a rule's findings have been recorded. Where rules shared one, each gets its value.
DROP VIEW spendwatch.progress;
UPDATE spendwatch.rule_progress AS rule SET last_good = pace.last_good
  FROM spendwatch.pace AS pace WHERE pace.id = rule.pace;
DELETE FROM spendwatch.rule_progress WHERE last_good IS NULL;
DROP TABLE spendwatch.pace;
ALTER TABLE spendwatch.rule_progress DROP COLUMN pace;
ALTER TABLE spendwatch.rule_progress RENAME TO rule_watermark;
ALTER TABLE spendwatch.rule_watermark RENAME COLUMN last_good TO evaluated_to;
ALTER TABLE spendwatch.rule_watermark ALTER COLUMN evaluated_to SET NOT NULL;
ALTER INDEX spendwatch.rule_progress_pkey RENAME TO rule_watermark_pkey;
-- Every row is updated at every poll. With room in each page the new versions stay there and need no new index entries.
ALTER TABLE spendwatch.rule_watermark SET (fillfactor = 50);

-- Kept sums: `dimensions` is what they are split by, `hours` how long the bucket is (1 or 24), `sums` the packed text.
ALTER TABLE spendwatch.rollup_cells RENAME TO aggregate_bucket;
ALTER TABLE spendwatch.aggregate_bucket RENAME COLUMN cube TO dimensions;
ALTER TABLE spendwatch.aggregate_bucket RENAME COLUMN cells TO sums;
ALTER INDEX spendwatch.rollup_cells_pkey RENAME TO aggregate_bucket_pkey;

-- Up to where buckets are closed: those that end by closed_to are complete.
ALTER TABLE spendwatch.rollup_progress RENAME TO aggregate_watermark;
ALTER TABLE spendwatch.aggregate_watermark RENAME COLUMN sealed_to TO closed_to;
ALTER INDEX spendwatch.rollup_progress_pkey RENAME TO aggregate_watermark_pkey;
