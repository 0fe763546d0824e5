-- Of which file the rule is (a hash of its name, its path and its audit store), so that a report has the incidents of its own file.
-- Null: not known, for what was notified before, and for messages that no incident has.
ALTER TABLE spendwatch.notification ADD COLUMN file text;
