-- Incidents: what goes wrong, from its first alert until none of its alerts holds. One of each subject can be open.
CREATE TABLE spendwatch.incident (
  id text PRIMARY KEY,
  -- JSON: a dimension and its value, or null and a rule's name.
  subject text NOT NULL,
  -- The highest step that was notified.
  step smallint NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz
);
CREATE UNIQUE INDEX incident_open ON spendwatch.incident (subject) WHERE closed_at IS NULL;

-- Alerts that were notified, until their incident is closed.
CREATE TABLE spendwatch.alert (
  fingerprint text NOT NULL,
  group_id text NOT NULL,
  incident text NOT NULL,
  -- Of the latest notification.
  period text NOT NULL,
  -- What its end needs of the latest notification: JSON.
  told text NOT NULL,
  -- When it did not hold any more, and how it ended: JSON. Null while it holds.
  closed_at timestamptz,
  ended text,
  PRIMARY KEY (fingerprint, group_id)
);
CREATE INDEX alert_by_incident ON spendwatch.alert (incident);

-- When people were told that the alert is over; null again when it is notified after that.
ALTER TABLE spendwatch.notification ADD COLUMN resolved_at timestamptz, ADD COLUMN incident text;

ALTER TABLE spendwatch.delivery
  -- The incidents that the message is about.
  ADD COLUMN incidents text[],
  -- What it tells: JSON, so that later news can be told in the same message as long as that was not tried.
  ADD COLUMN notices text,
  -- The first delivery of its thread.
  ADD COLUMN thread text,
  -- The receiver's own name of the message.
  ADD COLUMN ref text;
CREATE INDEX delivery_by_incident ON spendwatch.delivery USING gin (incidents);
CREATE INDEX delivery_by_thread ON spendwatch.delivery (thread) WHERE thread IS NOT NULL;
