-- match: models as rows and as jsonb.

CREATE OR REPLACE FUNCTION cdp_internal.model_levels(model jsonb)
RETURNS TABLE ("position" int, comparison text, measure text, attributes text[], is_place boolean, level int, name text, description text,
               condition text, m double precision, u double precision[], pairs_m double precision, pairs_u double precision,
               inputs int, people double precision[], rarity_unseen double precision[])
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 80
AS 'MODULE_PATHNAME', 'cdp_model_levels';
REVOKE ALL ON FUNCTION cdp_internal.model_levels(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.model_levels(jsonb) IS
'A model, checked and taken apart: one row per level of each comparison. people (negative: not told) and rarity_unseen have an entry per input. CDP65 when the model cannot be used.';
