-- match: blocking, the choice of the pairs that are compared at all. Training chooses
-- rules by itself; a user may add rules and look at what each finds.

CREATE OR REPLACE FUNCTION cdp_internal.measure_keys(measure text)
RETURNS SETOF text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'cdp_measure_keys';
REVOKE ALL ON FUNCTION cdp_internal.measure_keys(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.measure_keys(text) IS
'What the blocking keys of a measure (null: of SQL conditions) are called after the name of their comparison, such as " exact" or ".family sound".';

CREATE OR REPLACE FUNCTION cdp_internal.require_rules(space regnamespace, model_id int)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing boolean;
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.match_rule r WHERE r.model_id = $1)', space) INTO missing USING model_id;
    IF missing AND cdp_internal.choose_rules(space, model_id) = 0 THEN
        RAISE WARNING 'no blocking rule finds pairs of one person often enough by model % to be worth its comparisons: nothing is compared', model_id
            USING HINT = 'Import it with a list "rules", or add rules with cdp.add_blocking_rule.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.require_rules(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.require_rules(regnamespace, int) IS
'Sees to it that a model has blocking rules: an imported one may have none, and gets them at its first use.';

CREATE OR REPLACE FUNCTION cdp.blocking_keys(space regnamespace)
RETURNS TABLE (key text, comparison text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    RETURN QUERY SELECT c.comparison || k.name, c.comparison
                   FROM cdp_internal.comparisons(space) c CROSS JOIN LATERAL cdp_internal.measure_keys(c.measure) WITH ORDINALITY k(name, i)
                  ORDER BY c.position, k.i;
END
$$;
REVOKE ALL ON FUNCTION cdp.blocking_keys(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.blocking_keys(regnamespace) IS
'The keys of which blocking rules are made: forms and parts of the compared values on which records can agree exactly, such as "email exact", "birth_date year" or "name.family sound".
Example: SELECT * FROM cdp.blocking_keys(''customer'');';

CREATE OR REPLACE FUNCTION cdp.add_blocking_rule(space regnamespace, rule text, keys text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF coalesce(rule, '') = '' OR keys IS NULL OR cardinality(keys) = 0 OR array_position(keys, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a blocking rule needs a name and at least one key' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.add_blocking_rule(space, ''street and year'', ''{street number,birth_date year}'').';
    END IF;
    SELECT min(u.key) INTO unknown FROM unnest(keys) u(key) WHERE u.key NOT IN (SELECT k.key FROM cdp.blocking_keys(space) k);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'space % has no blocking key "%"', space, unknown USING ERRCODE = 'CDP23',
            HINT = format('SELECT key FROM cdp.blocking_keys(%L) lists them.', space);
    END IF;
    BEGIN
        EXECUTE format('INSERT INTO %s.match_user_rule (rule, keys) VALUES ($1, $2)', space) USING rule, keys;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'space % has a blocking rule "%"', space, rule USING ERRCODE = 'CDP45', HINT = 'Drop it first with cdp.drop_blocking_rule.';
    END;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.add_blocking_rule(regnamespace, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_blocking_rule(regnamespace, text, text[]) IS
'Adds a blocking rule to those that training chooses: records that agree on all these keys (cdp.blocking_keys lists them) are compared, besides the budget of pairs. Blocks of too many records are divided by a further key, as always. Takes effect at the next cdp.resolve.
Errors: CDP23 no name or unknown key, CDP45 name taken, CDP22 while the space is being resolved.
Example: SELECT cdp.add_blocking_rule(''customer'', ''street and year'', ''{street number,birth_date year}'');';

CREATE OR REPLACE FUNCTION cdp.drop_blocking_rule(space regnamespace, rule text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    EXECUTE format('DELETE FROM %s.match_user_rule r WHERE r.rule = $1 RETURNING r.rule', space) INTO gone USING rule;
    IF gone IS NULL THEN
        RAISE EXCEPTION 'space % has no blocking rule "%" of its own', space, rule USING ERRCODE = 'CDP23', HINT = format('See the table %s.match_user_rule.', space);
    END IF;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_blocking_rule(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_blocking_rule(regnamespace, text) IS
'Takes back cdp.add_blocking_rule. CDP23 when there is no such rule, CDP22 while the space is being resolved.
Example: SELECT cdp.drop_blocking_rule(''customer'', ''street and year'');';

CREATE OR REPLACE FUNCTION cdp.blocking_report(space regnamespace, model_id int DEFAULT NULL)
RETURNS TABLE (rule int, keys text[], is_own boolean, pairs bigint, new_pairs bigint, blocks bigint, largest bigint, refined bigint, gain double precision)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id int := cdp_internal.require_model(space, model_id);
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT b.rule, b.keys, r.rule IS NULL, b.pairs, b.new_pairs, b.blocks, b.largest, b.refined, r.gain
          FROM cdp_internal.block_sizes($1, $2) b
          LEFT JOIN %s.match_rule r ON r.model_id = $2 AND r.keys @> b.keys AND r.keys <@ b.keys
         ORDER BY b.rule
    $sql$, space) USING space, id;
END
$$;
REVOKE ALL ON FUNCTION cdp.blocking_report(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.blocking_report(regnamespace, int) IS
'What the blocking rules find on the records as they are now, counted without comparing any pair: those of a model (by default the active one) and those of the user''s own (is_own). pairs: in the rule''s blocks. new_pairs: those that no earlier rule finds; their sum is what a full run compares. blocks, and the records in the largest. refined: blocks of too many records, which are divided by a further key. gain: expected share of the true pairs that no earlier rule finds, null for rules of the user''s own.
Errors: CDP64 no model.
Example: SELECT * FROM cdp.blocking_report(''customer'');';
