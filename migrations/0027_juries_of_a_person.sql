-- Jurors are shown the campaigns on whose jury they sit, the latest first.
CREATE INDEX jurors_seated ON jurors (account_id, campaign_id DESC) WHERE removed_at IS NULL;
