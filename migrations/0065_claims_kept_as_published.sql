-- The published rules say for how many days claims are kept, so a later setting of the site must not change it: this view has their days, null where rules of earlier versions name none.
CREATE VIEW claim_retention AS
SELECT campaigns.id AS campaign_id,
    (campaign_rules.rules ->> 'claims_kept_days')::integer AS kept_days,
    (campaign_rules.rules ->> 'claims_kept_at_most_days')::integer AS kept_at_most_days
FROM campaigns
LEFT JOIN campaign_rules
    ON campaign_rules.campaign_id = campaigns.id AND campaign_rules.version = campaigns.rules_version;
