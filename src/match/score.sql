-- match: weights of pairs from their arguments alone, for any join.

CREATE OR REPLACE FUNCTION cdp.pair_weight(model jsonb, a jsonb, b jsonb, levels jsonb DEFAULT '{}')
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_pair_weight';
COMMENT ON FUNCTION cdp.pair_weight(jsonb, jsonb, jsonb, jsonb) IS
'How strongly two people''s values speak for one person: log2 of the odds, 0 is even, 10 a thousand to one for. Symmetric. Looks nothing up, so it runs over any join and gives the engine''s numbers to the last bit.
model: as cdp.export_model gives it. a and b: per comparison a list with one entry per input, null, "key", ["key", rarity], of names ["key", rarity, origins] or of several values [["key", rarity], ...], as cdp.match_values gives them. levels: names of the levels of comparisons that are known already; of comparisons by SQL conditions they must be given, else these count as missing.
Errors: CDP65 a model that cannot be used, CDP23 a person or level that cannot be read.
Give the model as a scalar subquery, as below, so that it is read once and not for every pair.
Example: SELECT cdp.pair_weight((SELECT cdp.export_model(''customer'', frequencies => false)), a.keys, b.keys) FROM cdp.match_values(''customer'', record_ids => ''{17}'') a, cdp.match_values(''customer'', record_ids => ''{42}'') b;';

CREATE OR REPLACE FUNCTION cdp.pair_levels(model jsonb, a jsonb, b jsonb, levels jsonb DEFAULT '{}')
RETURNS TABLE (step int, comparison text, level int, name text, description text, m double precision, u double precision,
               weight double precision, rarity double precision, running_total double precision, probability double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 12
AS 'MODULE_PATHNAME', 'cdp_pair_levels';
COMMENT ON FUNCTION cdp.pair_levels(jsonb, jsonb, jsonb, jsonb) IS
'How cdp.pair_weight comes about, with the same arguments: step 0 the prior, then one row per comparison in the order of the sum. level and name: how the values agree (null and missing where one is not there). m: how often two records of one person agree so. u: how often two people do who agree as these two in the comparisons before, and on values as rare. weight: log2(m/u), in bits; rarity: the part of it that the rarity of the value adds. running_total: the sum so far, the last one is the weight of the pair; probability: what it means.
Errors: CDP65 a model that cannot be used, CDP23 a person or level that cannot be read.
Example: SELECT l.* FROM cdp.match_values(''customer'', record_ids => ''{17}'') a, cdp.match_values(''customer'', record_ids => ''{42}'') b, cdp.pair_levels((SELECT cdp.export_model(''customer'', frequencies => false)), a.keys, b.keys) l;';

CREATE OR REPLACE FUNCTION cdp.levels_weight(model jsonb, levels jsonb, rarities jsonb DEFAULT '{}')
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_levels_weight';
COMMENT ON FUNCTION cdp.levels_weight(jsonb, jsonb, jsonb) IS
'The weight (log2 of the odds) of a pair whose levels of agreement are known: levels gives per comparison the name or number of the level, null or nothing where a value is missing. rarities gives per comparison how much rarer (below 1) or more common two people share this value than values in general: a number, or a list with one per input; it multiplies u.
Errors: CDP65 a model that cannot be used, CDP23 a level or rarity that cannot be read.
Example: SELECT cdp.levels_weight(''{"lambda": 0.01, "comparisons": [{"comparison": "email", "levels": [{"name": "same", "m": 0.9, "u": 0.01}, {"name": "other", "m": 0.1, "u": 0.99}]}]}'', ''{"email": "same"}'');';

CREATE OR REPLACE FUNCTION cdp_internal.names_together(given bigint, family bigint)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_names_together';
REVOKE ALL ON FUNCTION cdp_internal.names_together(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.names_together(bigint, bigint) IS
'How much more often than their rarities let expect two people share both of two names with these match_frequency.origins; null: nobody else has the name. The rarity of the given name is multiplied by it where both names agree.';
