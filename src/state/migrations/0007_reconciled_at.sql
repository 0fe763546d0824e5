-- Since when kept sums are known to equal the store: each bucket was read or compared with it at or after this instant.
-- Null for sums of before, until they have all been compared once.
ALTER TABLE spendwatch.aggregate_watermark ADD COLUMN reconciled_at timestamptz;
