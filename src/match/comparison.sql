-- match: which attributes are compared, and how. The defaults follow from the kinds of
-- the attributes in use; a user's comparison of the same name takes the place of a default.

CREATE OR REPLACE FUNCTION cdp_internal.given_part(full_name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_given_part';
REVOKE ALL ON FUNCTION cdp_internal.given_part(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.given_part(text) IS
'The given name in a cleaned whole name: the first word, or the first after a comma; null when there is none.';

CREATE OR REPLACE FUNCTION cdp_internal.family_part(full_name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_family_part';
REVOKE ALL ON FUNCTION cdp_internal.family_part(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.family_part(text) IS
'The family name in a cleaned whole name: the last word with the particles before it, or what stands before a comma; null when there is none.';

CREATE OR REPLACE FUNCTION cdp_internal.without_suffix(name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_without_suffix';
REVOKE ALL ON FUNCTION cdp_internal.without_suffix(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.without_suffix(text) IS
'A name, or its matching key, without the generation (Jr, III) and the degree behind it; a name of one word stays.';

CREATE OR REPLACE FUNCTION cdp_internal.generation(name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_generation';
REVOKE ALL ON FUNCTION cdp_internal.generation(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.generation(text) IS
'The generation that stands behind a name: 1 for Sr, 2 for Jr and II, 3 for III, 4 for IV; null when none does.';

CREATE OR REPLACE FUNCTION cdp_internal.kind_measure(kind text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN kind IN ('gender', 'state', 'country') THEN 'code' WHEN kind = 'reference' THEN NULL ELSE kind END
$$;
REVOKE ALL ON FUNCTION cdp_internal.kind_measure(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.kind_measure(text) IS 'The measure by which values of a kind are compared; null when they are not.';

CREATE OR REPLACE FUNCTION cdp_internal.max_list()
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'SELECT 8';
REVOKE ALL ON FUNCTION cdp_internal.max_list() FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.max_list() IS 'How many values of an attribute of a record are compared, the first ones (CDP_MAX_LIST).';

CREATE OR REPLACE FUNCTION cdp_internal.input_sql(space regnamespace, measure text, attributes text[])
RETURNS text[]
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    keys text[];
    used text[];
    column_sql text[];
    list text;
BEGIN
    -- what identifies nobody by its shape (a role mailbox) says nothing of two people either
    EXECUTE format($sql$
        SELECT array_agg(CASE WHEN a.in_use THEN format('NULLIF(%%s, '''')', replace(k.compared_sql, '{v}', format('r.%%I', u.attribute))) ELSE 'NULL::text' END ORDER BY u.i),
               array_agg(CASE WHEN a.in_use THEN format('r.%%I', u.attribute) END ORDER BY u.i),
               (array_agg(CASE WHEN a.is_multiple THEN
                              format('(SELECT string_agg(NULLIF(%%s, ''''), chr(31) ORDER BY u.i) FROM unnest(r.%%I[:%%s]) WITH ORDINALITY u(v, i))',
                                     replace(k.compared_sql, '{v}', 'u.v'), a.attribute || '_all', cdp_internal.max_list()) END ORDER BY u.i))[1]
          FROM unnest($1) WITH ORDINALITY u(attribute, i)
          LEFT JOIN %1$s.attribute a ON a.attribute = u.attribute LEFT JOIN cdp_internal.kinds() k ON k.kind = a.kind
    $sql$, space) INTO keys, column_sql, list USING attributes;
    IF measure IS NULL THEN
        -- conditions see typed values again: all of them make one text
        used := array_remove(column_sql, NULL);
        RETURN ARRAY[CASE WHEN cardinality(used) = 0 THEN 'NULL::text'
                     ELSE format('CASE WHEN num_nonnulls(%s) > 0 THEN jsonb_build_array(%s)::text END', array_to_string(used, ', '),
                                 (SELECT string_agg(coalesce(c.x || '::text', 'NULL::text'), ', ' ORDER BY c.i) FROM unnest(column_sql) WITH ORDINALITY c(x, i))) END];
    ELSIF measure = 'generation' THEN
        RETURN ARRAY[(SELECT format('coalesce(%s)', string_agg(format('cdp_internal.generation(%s::text)', c.x), ', ' ORDER BY c.i))
                        FROM unnest(column_sql) WITH ORDINALITY c(x, i) WHERE c.x IS NOT NULL)];
    ELSIF measure = 'person_name' THEN
        keys[1] := format('cdp_internal.without_suffix(%s)', keys[1]);
        keys[2] := format('cdp_internal.without_suffix(%s)', keys[2]);
        IF column_sql[3] IS NOT NULL THEN
            keys[1] := format('coalesce(%s, NULLIF(cdp.name_key(cdp_internal.given_part(%s::text)), ''''))', keys[1], column_sql[3]);
            keys[2] := format('coalesce(%s, NULLIF(cdp.name_key(cdp_internal.family_part(%s::text)), ''''))', keys[2], column_sql[3]);
        END IF;
        -- who has no name at all may have a mailbox that spells it
        IF column_sql[4] IS NOT NULL THEN
            keys[2] := format('coalesce(%s, CASE WHEN %s IS NULL THEN ''@'' || split_part(%s, ''@'', 1) END)', keys[2], keys[1], keys[4]);
        END IF;
        RETURN keys[:2];
    ELSIF list IS NOT NULL THEN
        RETURN ARRAY[format('CASE WHEN cardinality(r.%I) > 1 THEN %s ELSE %s END', attributes[1] || '_all', list, keys[1])];
    END IF;
    RETURN keys[:1];
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.input_sql(regnamespace, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.input_sql(regnamespace, text, text[]) IS
'Per input of a comparison, the SQL over record r that gives its text: the matching key, or for a comparison by conditions (measure null) a JSON array of the attributes'' values. Attributes: of person_name the given, the family and perhaps the whole name and an e-mail address, whose local part after "@" stands for the family name of a record without any name; of generation up to three names; of other measures one, of which several values make one text with chr(31) between them. Run it under datestyle ISO.';

CREATE OR REPLACE FUNCTION cdp_internal.comparisons(space regnamespace)
RETURNS TABLE ("position" int, comparison text, measure text, attributes text[], conditions jsonb, is_place boolean, input_sql text[])
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        -- the text of a company is its name: words count, not how much of it is the same
        WITH a AS (SELECT a.attribute, a.kind, CASE WHEN a.attribute = 'company' AND a.kind = 'text' THEN 'name' ELSE cdp_internal.kind_measure(a.kind) END AS measure, a.is_identifier
                     FROM %1$s.attribute a WHERE a.in_use),
        d AS (
            SELECT 'name' COLLATE "C" AS comparison, 'person_name' AS measure, '{given_name,family_name,full_name}'::text[]
                   || ARRAY(SELECT a.attribute::text FROM a WHERE a.kind = 'email' ORDER BY a.is_identifier DESC, a.attribute <> 'email', a.attribute LIMIT 1) AS attributes, false AS is_identifier
             WHERE EXISTS (SELECT FROM a WHERE a.attribute IN ('given_name', 'family_name', 'full_name') AND a.kind = 'name')
            UNION ALL
            SELECT 'generation', 'generation', '{given_name,family_name,full_name}', false
             WHERE EXISTS (SELECT FROM a WHERE a.attribute IN ('given_name', 'family_name', 'full_name') AND a.kind = 'name')
            UNION ALL
            -- two comparisons cannot have one name
            SELECT CASE WHEN a.attribute IN ('name', 'generation') THEN 'attribute ' || a.attribute ELSE a.attribute END, a.measure, ARRAY[a.attribute::text], a.is_identifier
              FROM a WHERE a.measure IS NOT NULL AND a.attribute NOT IN ('given_name', 'family_name', 'full_name', 'language')),
        e AS (
            SELECT d.comparison, d.measure, d.attributes, NULL::jsonb AS conditions FROM d
             WHERE NOT EXISTS (SELECT FROM %1$s.match_comparison c WHERE c.comparison = d.comparison)
            UNION ALL
            SELECT c.comparison, c.measure, c.attributes, c.conditions FROM %1$s.match_comparison c WHERE c.enabled)
        SELECT row_number() OVER (ORDER BY e.measure IS DISTINCT FROM 'person_name', NOT EXISTS (SELECT FROM a WHERE a.attribute = ANY (e.attributes) AND a.is_identifier),
                                           array_position('{id,birth_date,email,phone,street,postal_code,name,city,code,date,number,text,generation}', e.measure), e.comparison)::int,
               e.comparison::text, e.measure, e.attributes, e.conditions,
               coalesce(e.measure = 'code' AND EXISTS (SELECT FROM a WHERE a.attribute = e.attributes[1] AND a.kind IN ('state', 'country')), false),
               cdp_internal.input_sql($1, e.measure, e.attributes)
          FROM e ORDER BY 1
    $sql$, space) USING space;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.comparisons(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.comparisons(regnamespace) IS
'The comparisons of a space, in order: names, then identifiers, then the rest by measure and name. input_sql: cdp_internal.input_sql.
By default given, family and whole name and the mailbox of who has none make one comparison, the generation behind the names (Sr, Jr, III) another, and every other attribute in use makes one of its own by the measure of its kind; references and the language make none.';

CREATE OR REPLACE FUNCTION cdp_internal.model_comparisons(space regnamespace, model_id int)
RETURNS TABLE ("position" int, comparison text, measure text, attributes text[], conditions jsonb, is_place boolean, input_sql text[])
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT l.position, l.comparison::text, l.measure, l.attributes, l.conditions, l.is_place, cdp_internal.input_sql($1, l.measure, l.attributes)
          FROM %1$s.match_level l WHERE l.model_id = $2 AND l.level = 1 ORDER BY l.position
    $sql$, space) USING space, model_id;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.model_comparisons(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.model_comparisons(regnamespace, int) IS
'The comparisons of a model, as cdp_internal.comparisons gives those of the space: what is to be compared when the model is used, whatever was set since.';

CREATE OR REPLACE FUNCTION cdp_internal.check_comparison(space regnamespace, comparison text, attributes text[], measure text, conditions jsonb)
RETURNS void
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown text;
    mailbox text;
    one     record;
BEGIN
    EXECUTE format('SELECT min(u.name) FROM unnest($1) u(name) WHERE NOT EXISTS (SELECT FROM %s.attribute a WHERE a.attribute = u.name)', space)
       INTO unknown USING attributes;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'space % has no attribute "%"', space, unknown USING ERRCODE = 'CDP50',
            HINT = format('Declare it with cdp.add_attribute, or use one of the table %s.attribute.', space);
    END IF;
    IF measure IS NOT NULL THEN
        PERFORM FROM cdp.comparison_levels(measure);
        EXECUTE format('SELECT a.kind FROM %s.attribute a WHERE a.attribute = $1', space) INTO mailbox USING attributes[4];
        IF NOT (CASE measure WHEN 'person_name' THEN cardinality(attributes) IN (2, 3) OR (cardinality(attributes) = 4 AND mailbox = 'email')
                            WHEN 'generation' THEN cardinality(attributes) BETWEEN 1 AND 3
                            ELSE cardinality(attributes) = 1 END) THEN
            RAISE EXCEPTION 'the measure % of comparison "%" does not compare % attributes at once', measure, comparison, cardinality(attributes) USING ERRCODE = 'CDP23',
                HINT = 'person_name compares a given name, a family name and perhaps the whole name and an e-mail address, generation what stands behind up to three names; every other measure compares one attribute.';
        END IF;
        RETURN;
    END IF;
    IF jsonb_typeof(conditions) IS DISTINCT FROM 'array' OR jsonb_array_length(conditions) NOT BETWEEN 1 AND 23 OR cardinality(attributes) > 8 THEN
        RAISE EXCEPTION 'comparison "%" needs a measure, or 1 to 23 conditions over at most 8 attributes', comparison USING ERRCODE = 'CDP23',
            HINT = 'Conditions are a JSON array, best level first: [{"name": "exact", "condition": "a.email = b.email"}]; the level "else" is added.';
    END IF;
    FOR one IN SELECT c.x ->> 'name' AS name, c.x ->> 'condition' AS condition, count(*) OVER (PARTITION BY c.x ->> 'name') AS n
                 FROM jsonb_array_elements(conditions) WITH ORDINALITY c(x, i) ORDER BY c.i LOOP
        IF coalesce(one.name, '') = '' OR one.condition IS NULL OR one.n > 1 OR one.name = 'else' THEN
            RAISE EXCEPTION 'comparison "%": every level has a condition and a name of its own, and "else" is added to them', comparison USING ERRCODE = 'CDP23',
                HINT = 'Give [{"name": "exact", "condition": "a.email = b.email"}, …], best level first.';
        END IF;
        PERFORM cdp_internal.check_pair_condition(space, one.condition, format('comparison "%s", level "%s"', comparison, one.name), attributes);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.check_comparison(regnamespace, text, text[], text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.check_comparison(regnamespace, text, text[], text, jsonb) IS
'Raises what is wrong with a comparison: CDP50 unknown attribute, CDP23 unknown measure or wrong number of attributes or levels, and what cdp_internal.check_pair_condition raises.';

CREATE OR REPLACE FUNCTION cdp.set_comparison(space regnamespace, comparison text, attributes text[] DEFAULT NULL, measure text DEFAULT NULL,
    conditions jsonb DEFAULT NULL, enabled boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known record;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF coalesce(comparison, '') = '' OR enabled IS NULL OR array_position(attributes, NULL) IS NOT NULL OR attributes = '{}' THEN
        RAISE EXCEPTION 'a comparison needs a name, attributes and a measure or conditions' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.set_comparison(space, ''maiden name'', ''{maiden_name}'', ''name''), or with enabled => false to leave one out.';
    END IF;
    SELECT c.* INTO known FROM cdp.comparisons(space) c WHERE c.comparison = set_comparison.comparison;
    -- what is not said stays as it is
    attributes := coalesce(attributes, known.attributes);
    IF measure IS NULL AND conditions IS NULL THEN
        measure := known.measure;
        conditions := known.conditions;
    END IF;
    IF attributes IS NULL AND NOT enabled OR measure IS NULL AND conditions IS NULL AND NOT enabled THEN
        RAISE EXCEPTION 'space % has no comparison "%"', space, comparison USING ERRCODE = 'CDP63',
            HINT = format('SELECT comparison FROM cdp.comparisons(%L) lists them.', space);
    END IF;
    IF attributes IS NULL OR (measure IS NULL) = (conditions IS NULL) THEN
        RAISE EXCEPTION 'a comparison needs attributes, and either a measure or conditions' USING ERRCODE = 'CDP23',
            HINT = 'SELECT DISTINCT measure FROM cdp.comparison_levels() lists the measures; conditions are SQL over a.<attribute> and b.<attribute>.';
    END IF;
    PERFORM cdp_internal.check_comparison(space, comparison, attributes, measure, conditions);
    EXECUTE format('INSERT INTO %s.match_comparison (comparison, attributes, measure, conditions, enabled) VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (comparison) DO UPDATE SET attributes = excluded.attributes, measure = excluded.measure, conditions = excluded.conditions,
                        enabled = excluded.enabled, set_by = excluded.set_by, set_at = excluded.set_at', space)
      USING comparison, attributes, measure, conditions, enabled;
END
$$;
REVOKE ALL ON FUNCTION cdp.set_comparison(regnamespace, text, text[], text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp.set_comparison(regnamespace, text, text[], text, jsonb, boolean) IS
'Changes a comparison of the space (cdp.comparisons lists them), or adds one. measure: how values agree (cdp.comparison_levels lists the measures and their levels); person_name compares two attributes, a given and a family name, and perhaps a third, the whole name, and a fourth, an e-mail address whose mailbox may spell the name of who has none; generation reads what stands behind up to three names (Sr, Jr, III); the others compare one. conditions, instead of a measure: a JSON array of levels, best first, {"name": ..., "condition": a boolean SQL expression over a.<attribute> and b.<attribute>, "description": ...}; what meets none is at the level else, a null is not true. A pair in which one record has none of the attributes is not compared. Conditions need not be symmetric: the record whose values come first is a. enabled => false leaves the comparison out. What is not said stays as it is.
An attribute that several comparisons read counts several times: disable the others. Takes effect at the next cdp.train; cdp.drop_comparison returns to the default.
Errors: CDP50 unknown attribute, CDP63 no such comparison, CDP23 bad argument or unknown measure, CDP30 to CDP32, 42703 and 42883 conditions that cannot be used, CDP22 while the space is being resolved.
Example: SELECT cdp.set_comparison(''customer'', ''company'', ''{company}'', conditions => ''[{"name": "same", "condition": "lower(a.company) = lower(b.company)"}]'');';

CREATE OR REPLACE FUNCTION cdp.drop_comparison(space regnamespace, comparison text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    EXECUTE format('DELETE FROM %s.match_comparison c WHERE c.comparison = $1 RETURNING c.comparison', space) INTO gone USING comparison;
    IF gone IS NULL THEN
        RAISE EXCEPTION 'no comparison "%" was set in space %', comparison, space USING ERRCODE = 'CDP63',
            HINT = format('See the table %s.match_comparison; a default comparison is left out by cdp.set_comparison with enabled => false.', space);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_comparison(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_comparison(regnamespace, text) IS
'Takes back cdp.set_comparison: the attribute is compared by default again, or the added comparison goes. Takes effect at the next cdp.train.
Errors: CDP63 nothing was set under that name, CDP22 while the space is being resolved.
Example: SELECT cdp.drop_comparison(''customer'', ''company'');';

CREATE OR REPLACE FUNCTION cdp.comparisons(space regnamespace)
RETURNS TABLE ("position" int, comparison text, measure text, attributes text[], conditions jsonb, is_default boolean, enabled boolean)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    RETURN QUERY EXECUTE format($sql$
        SELECT c.position, c.comparison, c.measure, c.attributes, c.conditions, NOT EXISTS (SELECT FROM %1$s.match_comparison u WHERE u.comparison = c.comparison), true
          FROM cdp_internal.comparisons($1) c
        UNION ALL
        SELECT NULL, u.comparison, u.measure, u.attributes, u.conditions, false, false FROM %1$s.match_comparison u WHERE NOT u.enabled
         ORDER BY 1, 2
    $sql$, space) USING space;
END
$$;
REVOKE ALL ON FUNCTION cdp.comparisons(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.comparisons(regnamespace) IS
'What matching compares: one row per comparison in the order in which it counts, with the measure of its values or its SQL conditions. is_default: it follows from the kinds of the attributes in use; else cdp.set_comparison set it. enabled false: left out.
Example: SELECT comparison, measure, attributes FROM cdp.comparisons(''customer'');';

CREATE OR REPLACE FUNCTION cdp.add_nickname(space regnamespace, name text, other text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a text COLLATE "C" := cdp.name_key(name);
    b text COLLATE "C" := cdp.name_key(other);
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF coalesce(a, '') = '' OR coalesce(b, '') = '' OR a = b THEN
        RAISE EXCEPTION 'a nickname needs two different names' USING ERRCODE = 'CDP23', HINT = 'Call cdp.add_nickname(space, ''Kalle'', ''Karl'').';
    END IF;
    EXECUTE format('INSERT INTO %s.match_nickname (name, other) VALUES ($1, $2) ON CONFLICT DO NOTHING', space) USING least(a, b), greatest(a, b);
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.add_nickname(regnamespace, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_nickname(regnamespace, text, text) IS
'Says that two given names stand for one another in this space, beside the built-in list (cdp.are_nicknames). To take it back, delete the row of the table match_nickname. Takes effect at the next cdp.train or cdp.resolve.
Errors: CDP23 no name, or the same twice, CDP22 while the space is being resolved.
Example: SELECT cdp.add_nickname(''customer'', ''Kalle'', ''Karl'');';

CREATE OR REPLACE FUNCTION cdp_internal.check_pair_condition(space regnamespace, condition text, what text, attributes text[])
RETURNS void
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_check_pair_condition';
REVOKE ALL ON FUNCTION cdp_internal.check_pair_condition(regnamespace, text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.check_pair_condition(regnamespace, text, text, text[]) IS
'Checks a condition over two records a and b as cdp_internal.check_expression does over one row: boolean, no subquery, nothing volatile, and only the listed attributes (else CDP32; CDP50 for one that no source fills). what starts every message.';

CREATE OR REPLACE FUNCTION cdp_internal.condition_level(space regnamespace, comparison text, attributes text[], conditions jsonb, a text, b text,
    record_a bigint, record_b bigint)
RETURNS int
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_condition_level';
REVOKE ALL ON FUNCTION cdp_internal.condition_level(regnamespace, text, text[], jsonb, text, text, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.condition_level(regnamespace, text, text[], jsonb, text, text, bigint, bigint) IS
'The level of two values of a comparison by conditions, as cdp_internal.input_sql gives them. CDP66 with the record ids when a condition fails.';
