-- Of which file an alert is, and for which file a lease is held (a hash of its name, its path and its audit store).
-- Alerts of rules that this file does not have any more are over.
ALTER TABLE spendwatch.alert ADD COLUMN file text;
ALTER TABLE spendwatch.leader ADD COLUMN file text;
CREATE INDEX alert_open ON spendwatch.alert (fingerprint) WHERE closed_at IS NULL;

-- Null: it has joined an incident that is silenced, and nobody was told.
ALTER TABLE spendwatch.alert ALTER COLUMN told DROP NOT NULL;

-- The silences of which people who know the incident were told, by the key of each of their occurrences.
ALTER TABLE spendwatch.incident ADD COLUMN silences text[] NOT NULL DEFAULT '{}';
