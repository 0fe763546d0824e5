-- An episode goes on through dips that are shorter than its rule's resolve_after. `began` is since when it has held without any
-- break, held_to until when it held, quiet_since since when it does not, unseen_since since when there was no data to judge it.
ALTER TABLE spendwatch.episode
  ADD COLUMN began timestamptz,
  ADD COLUMN held_to timestamptz,
  ADD COLUMN quiet_since timestamptz,
  ADD COLUMN unseen_since timestamptz;
UPDATE spendwatch.episode SET began = since;
ALTER TABLE spendwatch.episode ALTER COLUMN began SET NOT NULL;
