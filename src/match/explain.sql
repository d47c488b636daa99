-- match: why two records are, or are not, taken for one person.

CREATE OR REPLACE FUNCTION cdp.match_values(space regnamespace, model_id int DEFAULT NULL, record_ids bigint[] DEFAULT NULL)
RETURNS TABLE (record_id bigint, keys jsonb)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET extra_float_digits = 1
SET jit = off
AS $$
DECLARE
    id     int := cdp_internal.require_model(space, model_id);
    c      record;
    keys   text;
    joins  text := '';
    pairs  text;
    inputs text;
    n      int := 0;
BEGIN
    -- only the text of an attribute with several values has them to be taken apart (input_sql)
    FOR c IN SELECT x.comparison, x.input_sql, cardinality(x.input_sql) = 1 AND strpos(x.input_sql[1], 'chr(31)') > 0 AS multiple
               FROM cdp_internal.model_comparisons(space, id) x ORDER BY x.position LOOP
        inputs := NULL;
        FOR i IN 1 .. cardinality(c.input_sql) LOOP
            n := n + 1;
            keys := concat_ws(', ', keys, format('%s AS k%s', c.input_sql[i], n));
            joins := joins || format(' LEFT JOIN %1$s.match_frequency f%2$s ON f%2$s.model_id = $1 AND f%2$s.comparison = %3$L AND f%2$s.input = %4$s AND f%2$s.value = k.k%2$s'
                                     ' LEFT JOIN %1$s.match_input i%2$s ON i%2$s.model_id = $1 AND i%2$s.comparison = %3$L AND i%2$s.input = %4$s',
                                     space, n, c.comparison, i - 1);
            inputs := concat_ws(', ', inputs, format(
                CASE WHEN c.multiple THEN
                    'CASE WHEN strpos(k.k%1$s, chr(31)) > 0 THEN'
                    '          (SELECT jsonb_agg(jsonb_build_array(u.v, coalesce((SELECT f.rarity FROM %2$s.match_frequency f WHERE f.model_id = $1 AND f.comparison = %3$L AND f.input = %4$s AND f.value = u.v), i%1$s.rarity_unseen, 1)) ORDER BY u.i)'
                    '             FROM string_to_table(k.k%1$s, chr(31)) WITH ORDINALITY u(v, i))'
                ELSE 'CASE' END
                || ' WHEN k.k%1$s IS NOT NULL THEN jsonb_build_array(k.k%1$s, coalesce(f%1$s.rarity, i%1$s.rarity_unseen, 1)) || coalesce(to_jsonb(f%1$s.origins), ''[]'') END',
                n, space, c.comparison, i - 1));
        END LOOP;
        pairs := concat_ws(', ', pairs, format('%L, jsonb_build_array(%s)', c.comparison, inputs));
    END LOOP;
    RETURN QUERY EXECUTE format('SELECT k.record_id, jsonb_build_object(%s) FROM (SELECT r.record_id, %s FROM %s.record r WHERE %s OFFSET 0) k %s',
                                pairs, keys, space, CASE WHEN record_ids IS NULL THEN 'true' ELSE 'r.record_id = ANY ($2)' END, joins)
      USING id, record_ids;
END
$$;
REVOKE ALL ON FUNCTION cdp.match_values(regnamespace, int, bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp.match_values(regnamespace, int, bigint[]) IS
'What cdp.pair_weight compares: per record (of record_ids, or all) and comparison of a model (by default the active one) a list with one entry per input, null or [matching key, rarity], of names [matching key, rarity, origins], of several values [[matching key, rarity], ...], of which those two are compared that agree best. rarity: how much more (above 1) or less often two people share this value than values in general; origins: where the name comes from, from which follows how often a given and a family name go together.
Errors: CDP64 no such model.
Example: SELECT * FROM cdp.match_values(''customer'', record_ids => ''{17,42}'');';

CREATE OR REPLACE FUNCTION cdp_internal.condition_levels(space regnamespace, model_id int, record_a bigint, record_b bigint, a jsonb, b jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    levels jsonb;
BEGIN
    SELECT jsonb_object_agg(c.comparison, cdp_internal.condition_level(space, c.comparison, c.attributes, c.conditions,
                                                                      a -> c.comparison -> 0 ->> 0, b -> c.comparison -> 0 ->> 0, record_a, record_b))
      INTO levels FROM cdp_internal.model_comparisons(space, model_id) c WHERE c.measure IS NULL;
    RETURN coalesce(levels, '{}');
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.condition_levels(regnamespace, int, bigint, bigint, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.condition_levels(regnamespace, int, bigint, bigint, jsonb, jsonb) IS
'The levels of the comparisons by conditions for two records'' values (cdp.match_values), as cdp.pair_weight takes them.';

CREATE OR REPLACE FUNCTION cdp_internal.pair_decisions(space regnamespace, record_a bigint, record_b bigint)
RETURNS TABLE (decision text, value_a text, value_b text, level text, description text)
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH m AS (SELECT u.record_id, i.profile_id, u.record_id IN ($1, $2) AS own
                     FROM (SELECT $1 AS record_id UNION SELECT $2 UNION
                           SELECT o.record_id FROM %1$s.identity i JOIN %1$s.identity o USING (profile_id) WHERE i.record_id IN ($1, $2)) u
                     LEFT JOIN %1$s.identity i USING (record_id)),
        rulings AS (SELECT a.own AND b.own AS own, l.*
                      FROM m a JOIN %1$s.link l ON l.record_a = a.record_id AND l.origin = 'ruling' JOIN m b ON b.record_id = l.record_b
                     WHERE a.own AND b.own OR l.weight < 0 AND a.profile_id <> b.profile_id),
        limits AS (SELECT k.kind, k.max_per_profile, count(DISTINCT h.value) FILTER (WHERE m.own) AS own, count(DISTINCT h.value) AS n,
                          string_agg(cdp_internal.show_value(h.value), ', ' ORDER BY h.value) FILTER (WHERE m.record_id = $1) AS value_a,
                          string_agg(cdp_internal.show_value(h.value), ', ' ORDER BY h.value) FILTER (WHERE m.record_id = $2) AS value_b
                     FROM cdp_internal.evidence_kinds(%1$L, 1) k JOIN %1$s.identifier h ON h.kind = k.kind AND NOT h.blocked JOIN m USING (record_id)
                    WHERE k.max_per_profile IS NOT NULL GROUP BY 1, 2)
        SELECT 'ruling', NULL, NULL, CASE WHEN r.weight > 0 THEN 'same' ELSE 'different' END,
               format('%%sruled %%s by %%s on %%s: %%s', CASE WHEN NOT r.own THEN format('records %%s and %%s of their profiles: ', r.record_a, r.record_b) END,
                      CASE WHEN r.weight > 0 THEN 'one person' ELSE 'two people' END, r.made_by, to_char(r.made_at, 'YYYY-MM-DD'), r.why)
          FROM (SELECT r.*, row_number() OVER (PARTITION BY r.weight ORDER BY NOT r.own, r.record_a, r.record_b) AS i FROM rulings r) r WHERE r.i = 1
        UNION ALL
        (SELECT 'limit', l.value_a, l.value_b, l.kind,
                format('at most %%s %%s in a profile, %%s', l.max_per_profile, l.kind,
                       CASE WHEN l.own > l.max_per_profile THEN format('and these two have %%s', l.own) ELSE format('and their profiles together have %%s', l.n) END)
           FROM limits l WHERE l.n > l.max_per_profile AND (SELECT count(DISTINCT m.profile_id) FROM m) > 1 OR l.own > l.max_per_profile
          ORDER BY l.own <= l.max_per_profile, l.kind)
    $sql$, space) USING record_a, record_b;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.pair_decisions(regnamespace, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.pair_decisions(regnamespace, bigint, bigint) IS
'What decides about two records whatever their weight is, in order: the ruling on them, and else one that keeps their profiles apart; each limit on an attribute that they, or their profiles together, would break.';

CREATE OR REPLACE FUNCTION cdp.explain_pair(space regnamespace, record_a bigint, record_b bigint, model_id int DEFAULT NULL)
RETURNS TABLE (step int, comparison text, value_a text, value_b text, level text, description text, m double precision, u double precision,
               weight double precision, rarity double precision, running_total double precision, probability double precision)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS $$
DECLARE
    id      int := cdp_internal.require_model(space, model_id);
    missing bigint;
    shown   text;
    a       jsonb;
    b       jsonb;
BEGIN
    EXECUTE format('SELECT min(u.id) FROM unnest($1) u(id) WHERE NOT EXISTS (SELECT FROM %s.record r WHERE r.record_id = u.id)', space)
       INTO missing USING ARRAY[record_a, record_b];
    IF record_a IS NULL OR record_b IS NULL OR record_a = record_b THEN
        RAISE EXCEPTION 'a pair is two different records' USING ERRCODE = 'CDP23', HINT = 'Call cdp.explain_pair(space, 17, 42).';
    ELSIF missing IS NOT NULL THEN
        RAISE EXCEPTION 'space % has no record %', space, missing USING ERRCODE = 'CDP60', HINT = 'A pair is two record ids, not profile ids.';
    END IF;
    SELECT v.keys INTO a FROM cdp.match_values(space, id, ARRAY[record_a]) v;
    SELECT v.keys INTO b FROM cdp.match_values(space, id, ARRAY[record_b]) v;

    -- values as people write them, not as matching keys
    EXECUTE format($sql$
        SELECT string_agg(format('%%L, nullif(%%s, '''')', c.comparison, CASE WHEN c.measure IN ('person_name', 'generation') AND cardinality(x.columns) > 2
                              THEN format('coalesce(nullif(concat_ws('' '', %%s, %%s), ''''), %%s::text, %%s::text)', x.columns[1], x.columns[2], x.columns[3], coalesce(x.columns[4], 'NULL'))
                              ELSE format('concat_ws(%%L, %%s)', CASE WHEN c.measure IS NULL THEN ', ' ELSE ' ' END, array_to_string(x.columns, ', ')) END), ', ')
          FROM cdp_internal.model_comparisons($1, $2) c
         CROSS JOIN LATERAL (SELECT array_agg(CASE WHEN t.is_multiple AND c.measure NOT IN ('person_name', 'generation') THEN format('array_to_string(r.%%I[:%%s], '', '')', u.attribute || '_all', cdp_internal.max_list())
                                                      WHEN t.in_use THEN format('r.%%I', u.attribute) ELSE 'NULL' END ORDER BY u.i) AS columns
                               FROM unnest(c.attributes) WITH ORDINALITY u(attribute, i) LEFT JOIN %s.attribute t ON t.attribute = u.attribute) x
    $sql$, space) INTO shown USING space, id;
    RETURN QUERY EXECUTE format($sql$
        SELECT l.step, l.comparison, v.a ->> l.comparison, v.b ->> l.comparison, l.name, l.description,
               l.m, l.u, l.weight, l.rarity, l.running_total, l.probability
          FROM (SELECT (SELECT jsonb_build_object(%2$s) FROM %1$s.record r WHERE r.record_id = $1) AS a,
                       (SELECT jsonb_build_object(%2$s) FROM %1$s.record r WHERE r.record_id = $2) AS b) v
         CROSS JOIN LATERAL cdp.pair_levels($3, $4, $5, $6) l
        UNION ALL
        SELECT (d.i - 1 - count(*) OVER ())::int, d.decision, d.value_a, d.value_b, d.level, d.description, NULL, NULL, NULL, NULL, NULL, NULL
          FROM cdp_internal.pair_decisions(%1$L, $1, $2) WITH ORDINALITY d(decision, value_a, value_b, level, description, i)
         ORDER BY 1
    $sql$, space, shown) USING record_a, record_b, cdp.export_model(space, id, false), a, b, cdp_internal.condition_levels(space, id, record_a, record_b, a, b);
END
$$;
REVOKE ALL ON FUNCTION cdp.explain_pair(regnamespace, bigint, bigint, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.explain_pair(regnamespace, bigint, bigint, int) IS
'How the weight of two records comes about, as a waterfall: step 0 is what any two records start with, then one row per comparison with both cleaned values, the level at which they agree and what it says in words. m: how often two records of one person agree so. u: how often two people do who agree as these two in the steps before, and on values as rare as these. weight: log2(m/u), in bits; rarity: the part of it that the rarity of the value adds or takes. running_total: the sum so far, the last one is exactly the weight that table link holds for the pair; probability: what it means. A value that is missing weighs nothing. By default with the active model.
What decides whatever the weight is stands before step 0, without numbers: comparison ruling, with level same or different and who ruled when and why; comparison limit, with the attribute of which a profile may not have as many values as these two records, or their profiles together, have. A ruling counts from the next cdp.resolve on.
Errors: CDP60 no such record, CDP64 no such model, CDP66 a condition of a comparison fails on these records, CDP23 the same record twice.
Example: SELECT * FROM cdp.explain_pair(''customer'', 17, 42);';
