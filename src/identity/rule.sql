-- identity: rules, blocked values, rulings.

CREATE OR REPLACE FUNCTION cdp.add_rule(space regnamespace, rule text, attributes text[], priority int DEFAULT 200)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF rule IS NULL OR rule = '' OR attributes IS NULL OR cardinality(attributes) = 0 OR priority IS NULL
       OR array_position(attributes, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a rule needs a name and at least one attribute' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.add_rule(space, ''name and birth date'', ''{given_name,family_name,birth_date}'').';
    END IF;
    EXECUTE format('SELECT min(u.name) FROM unnest($1) AS u(name) WHERE NOT EXISTS (SELECT FROM %s.attribute a WHERE a.attribute = u.name)', space)
       INTO unknown USING attributes;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'space % has no attribute "%"', space, unknown USING ERRCODE = 'CDP50',
            HINT = format('Declare it with cdp.add_attribute, or use one of the table %s.attribute.', space);
    END IF;
    PERFORM cdp_internal.require_relation_name(space, rule);
    EXECUTE format('INSERT INTO %s.rule (rule, attributes, priority) VALUES ($1, $2, $3)', space)
      USING rule, attributes, priority;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.add_rule(regnamespace, text, text[], int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_rule(regnamespace, text, text[], int) IS
'Adds a deterministic rule: records in which all these attributes are present and equal (as matching keys: case, accents and spelling of punctuation do not count) are one person, unless a constraint forbids it. Lower priority numbers are used first. Takes effect at the next cdp.resolve.
Errors: CDP50 unknown attribute, CDP45 name taken, CDP23 bad argument.
Example: SELECT cdp.add_rule(''customer'', ''name and birth date'', ''{given_name,family_name,birth_date}'');';

CREATE OR REPLACE FUNCTION cdp.drop_rule(space regnamespace, rule text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    EXECUTE format('DELETE FROM %s.rule r WHERE r.rule = $1 RETURNING r.rule', space) INTO gone USING rule;
    IF gone IS NULL THEN
        RAISE EXCEPTION 'space % has no rule "%"', space, rule USING ERRCODE = 'CDP23', HINT = format('See the table %s.rule.', space);
    END IF;
    EXECUTE format('DELETE FROM %s.identifier WHERE kind = $1', space) USING rule;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_rule(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_rule(regnamespace, text) IS
'Drops a deterministic rule; profiles that it alone held together split at the next cdp.resolve. CDP23 when there is no such rule.
Example: SELECT cdp.drop_rule(''customer'', ''name and birth date'');';

CREATE OR REPLACE FUNCTION cdp_internal.blocked_sql(space regnamespace)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    has_values   boolean;
    has_patterns boolean;
BEGIN
    EXECUTE format('SELECT coalesce(bool_or(b.value IS NOT NULL), false), coalesce(bool_or(b.pattern IS NOT NULL), false) FROM %s.blocked_value b', space)
       INTO has_values, has_patterns;
    RETURN CASE WHEN has_values THEN format('(x.kind, x.value) IN (SELECT b.kind, b.value FROM %s.blocked_value b WHERE b.value IS NOT NULL)', space) ELSE 'false' END
        || CASE WHEN has_patterns THEN format(' OR EXISTS (SELECT FROM %s.blocked_value b WHERE b.pattern IS NOT NULL AND b.kind = x.kind AND x.value ~ b.pattern)', space) ELSE '' END;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.blocked_sql(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.blocked_sql(regnamespace) IS
'A condition over x(kind, value): is the value blocked in this space.';

CREATE OR REPLACE FUNCTION cdp_internal.mark_blocked(space regnamespace, kind text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    own_sql text;
BEGIN
    EXECUTE format('SELECT replace(k.blocked_sql, ''{v}'', ''x.value'') FROM %s.attribute a JOIN cdp_internal.kinds() k ON k.kind = a.kind WHERE a.attribute = $1', space)
       INTO own_sql USING kind;
    EXECUTE format('UPDATE %1$s.identifier x SET blocked = (%2$s) WHERE x.kind = $1 AND x.blocked IS DISTINCT FROM (%2$s)', space,
                   coalesce(own_sql, 'false') || ' OR ' || cdp_internal.blocked_sql(space)) USING kind;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.mark_blocked(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.mark_blocked(regnamespace, text) IS 'Brings identifier.blocked of one kind up to date.';

CREATE OR REPLACE FUNCTION cdp.block_value(space regnamespace, kind text, value text DEFAULT NULL, why text DEFAULT NULL, pattern text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF kind IS NULL OR (value IS NULL) = (pattern IS NULL) OR coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'block_value needs a kind, a value or a pattern, and why' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.block_value(space, ''phone'', ''+1 212 555 0100'', why => ''switchboard'').';
    END IF;
    IF value IS NOT NULL THEN
        key := cdp_internal.identifier_key(space, kind, value);
        IF key IS NULL THEN
            RAISE EXCEPTION 'the value is refused by cleaning, so no record can have it' USING ERRCODE = 'CDP80',
                HINT = 'Ask the *_problem function of its kind why.';
        END IF;
    ELSE
        PERFORM cdp_internal.identifier_key(space, kind, 'x');
        PERFORM '' ~ pattern;
    END IF;
    EXECUTE format('INSERT INTO %s.blocked_value (kind, value, pattern, why) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (kind, value, pattern) DO UPDATE SET why = excluded.why', space)
      USING kind, key, pattern, why;
    PERFORM cdp_internal.mark_blocked(space, kind);
END
$$;
REVOKE ALL ON FUNCTION cdp.block_value(regnamespace, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.block_value(regnamespace, text, text, text, text) IS
'Blocks an identifier value, or all that match a regular expression (over the matching key), from tying records: it identifies nobody. Consent recorded for it still counts. Takes effect at the next cdp.resolve; cdp.unblock_value takes it back.
Errors: CDP50 unknown identifier kind, CDP80 value refused by cleaning, CDP23 bad arguments, 2201B bad pattern.
Example: SELECT cdp.block_value(''customer'', ''email'', ''office@example.com'', why => ''shared mailbox'');';

CREATE OR REPLACE FUNCTION cdp.unblock_value(space regnamespace, kind text, value text DEFAULT NULL, pattern text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n int;
BEGIN
    PERFORM cdp_internal.require_space(space);
    EXECUTE format('DELETE FROM %s.blocked_value b WHERE b.kind = $1 AND (b.value = $2 OR b.pattern = $3)', space)
      USING kind, CASE WHEN value IS NOT NULL THEN cdp_internal.identifier_key(space, kind, value) END, pattern;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n = 0 THEN
        RAISE EXCEPTION 'that value is not blocked' USING ERRCODE = 'CDP23', HINT = format('See the table %s.blocked_value.', space);
    END IF;
    PERFORM cdp_internal.mark_blocked(space, kind);
END
$$;
REVOKE ALL ON FUNCTION cdp.unblock_value(regnamespace, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.unblock_value(regnamespace, text, text, text) IS
'Takes back cdp.block_value. CDP23 when the value is not blocked.
Example: SELECT cdp.unblock_value(''customer'', ''email'', ''office@example.com'');';

CREATE OR REPLACE FUNCTION cdp_internal.add_ruling(space regnamespace, a bigint, b bigint, weight double precision, why text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing bigint;
    was     double precision;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF a IS NULL OR b IS NULL OR a = b OR coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'a ruling needs two different records and why' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.rule_same(space, 17, 42, ''confirmed by phone'').';
    END IF;
    EXECUTE format('SELECT min(u.id) FROM unnest($1) u(id) WHERE NOT EXISTS (SELECT FROM %s.record r WHERE r.record_id = u.id)', space)
       INTO missing USING ARRAY[a, b];
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'space % has no record %', space, missing USING ERRCODE = 'CDP60', HINT = 'A ruling is about record ids, not profile ids.';
    END IF;
    EXECUTE format('SELECT l.weight FROM %s.link l WHERE l.record_a = $1 AND l.record_b = $2 AND l.origin = ''ruling''', space)
       INTO was USING least(a, b), greatest(a, b);
    IF was <> weight THEN
        RAISE EXCEPTION 'records % and % are under the opposite ruling', a, b USING ERRCODE = 'CDP62',
            HINT = 'Take it back first with cdp.withdraw_ruling.';
    END IF;
    EXECUTE format('INSERT INTO %s.link (record_a, record_b, origin, weight, why) VALUES ($1, $2, ''ruling'', $3, $4)
                    ON CONFLICT (record_a, record_b, origin) DO UPDATE SET why = excluded.why, made_by = excluded.made_by, made_at = excluded.made_at', space)
      USING least(a, b), greatest(a, b), weight, why;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.add_ruling(regnamespace, bigint, bigint, double precision, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.add_ruling(regnamespace, bigint, bigint, double precision, text) IS 'Records a ruling as a link of weight plus or minus infinity.';

CREATE OR REPLACE FUNCTION cdp.rule_same(space regnamespace, a bigint, b bigint, why text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT cdp_internal.add_ruling(space, a, b, 'infinity', why) $$;
REVOKE ALL ON FUNCTION cdp.rule_same(regnamespace, bigint, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.rule_same(regnamespace, bigint, bigint, text) IS
'A person''s decision that two records are one person. Used before all other evidence at the next cdp.resolve; only a constraint can refuse it (listed in refused_merge).
Errors: CDP60 unknown record, CDP62 under the opposite ruling, CDP23 bad argument.
Example: SELECT cdp.rule_same(''customer'', 17, 42, ''confirmed by phone'');';

CREATE OR REPLACE FUNCTION cdp.rule_different(space regnamespace, a bigint, b bigint, why text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT cdp_internal.add_ruling(space, a, b, '-infinity', why) $$;
REVOKE ALL ON FUNCTION cdp.rule_different(regnamespace, bigint, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.rule_different(regnamespace, bigint, bigint, text) IS
'A person''s decision that two records are two persons: they never end in one profile again. Takes effect at the next cdp.resolve.
Errors: CDP60 unknown record, CDP62 under the opposite ruling, CDP23 bad argument.
Example: SELECT cdp.rule_different(''customer'', 17, 42, ''father and son'');';

CREATE OR REPLACE FUNCTION cdp.withdraw_ruling(space regnamespace, a bigint, b bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n int;
BEGIN
    PERFORM cdp_internal.require_space(space);
    EXECUTE format('DELETE FROM %s.link l WHERE l.record_a = $1 AND l.record_b = $2 AND l.origin = ''ruling''', space)
      USING least(a, b), greatest(a, b);
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n = 0 THEN
        RAISE EXCEPTION 'there is no ruling on records % and %', a, b USING ERRCODE = 'CDP60', HINT = format('See the table %s.link, origin ruling.', space);
    END IF;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.withdraw_ruling(regnamespace, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp.withdraw_ruling(regnamespace, bigint, bigint) IS
'Takes back cdp.rule_same or cdp.rule_different; the next cdp.resolve decides by evidence alone. CDP60 when there is no ruling.
Example: SELECT cdp.withdraw_ruling(''customer'', 17, 42);';
