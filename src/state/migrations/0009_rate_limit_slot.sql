-- When the next send to a channel with a limited rate may begin. This is a migration of its own because claims lock this
-- table before the deliveries, and settlements after them: to lock both here could deadlock with either.
ALTER TABLE spendwatch.channel_turn RENAME TO rate_limit_slot;
ALTER INDEX spendwatch.channel_turn_pkey RENAME TO rate_limit_slot_pkey;
