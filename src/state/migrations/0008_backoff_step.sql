-- How many waits of the backoff a delivery has behind it. Rows keep what they hold. A worker of the version before cannot
-- go on beside this schema: its claims and settlements fail, and what it was sending is sent again under the same id when
-- its lease has ended.
ALTER TABLE spendwatch.delivery RENAME COLUMN rung TO backoff_step;
