-- Drafts could contain zeros with any exponent (`0E-9999999999999`), `-0`, and any number of trailing zeros; such drafts could not be
-- read any more. Decimals are bounded when they are read now. Each of these is written in its short form: zero as `0`, others without
-- trailing zeros. Only members that are decimals are matched: within a text the quotes around their names would be escaped.
UPDATE campaigns
SET draft = short.draft::jsonb
FROM (
    SELECT
        id,
        regexp_replace(
            regexp_replace(
                draft::text,
                '("(?:value_cny|weight|quality|likes|comments)": ")-?0+(?:\.0+)?(?:E[-+]?[0-9]+)?"',
                '\1' || '0"',
                'g'
            ),
            '("(?:value_cny|weight|quality|likes|comments)": "-?[0-9]+)(?:(\.[0-9]*[1-9])|\.)0+((?:E[-+]?[0-9]+)?")',
            '\1\2\3',
            'g'
        ) AS draft
    FROM campaigns
) AS short
WHERE campaigns.id = short.id AND campaigns.draft <> short.draft::jsonb;
