-- match: who is this? One person's values against the space, through an index that
-- cdp.resolve keeps while a model is active.

CREATE OR REPLACE FUNCTION cdp_internal.lookup_sql(space regnamespace, model_id int,
    OUT attributes text[], OUT in_use boolean[], OUT person_sql text, OUT identifier_sql text, OUT value_sql text, OUT reason_sql text)
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    cleaned text;
    refused text;
    reasons text;
    used    text[];
    ties    text;
    inputs  text[];
BEGIN
    EXECUTE format($sql$
        SELECT array_agg(a.attribute::text ORDER BY a.attribute), array_agg(a.in_use ORDER BY a.attribute),
               coalesce(array_agg(a.attribute::text) FILTER (WHERE a.in_use), '{}'),
               -- the person's values are tried one after the other: it has no lists
               string_agg(format('%%s AS %%I', replace(replace(replace(k.clean_sql, '{o}', '''YMD'''), '{r}', quote_literal(i.region)), '{v}', format('($1)[%%s]', a.n)), a.attribute)
                          || CASE WHEN a.is_multiple THEN format(', NULL::%%s[] AS %%I', k.storage_type, a.attribute || '_all') ELSE '' END, ', ')
                   FILTER (WHERE a.in_use),
               string_agg(CASE WHEN a.in_use THEN format('r.%%I IS NOT NULL', a.attribute) ELSE 'false' END, ', ' ORDER BY a.attribute),
               string_agg(CASE WHEN a.in_use THEN replace(replace(replace(k.problem_sql, '{o}', '''YMD'''), '{r}', quote_literal(i.region)), '{v}', format('($1)[%%s]', a.n)) ELSE 'NULL' END, ', ' ORDER BY a.attribute)
          FROM (SELECT a.*, row_number() OVER (ORDER BY a.attribute) AS n FROM %1$s.attribute a) a
          JOIN cdp_internal.kinds() k ON k.kind = a.kind CROSS JOIN %1$s.space_info i
    $sql$, space) INTO attributes, in_use, used, cleaned, refused, reasons;
    SELECT array_agg(u.sql ORDER BY c.position, u.i) INTO inputs
      FROM cdp_internal.model_comparisons(space, model_id) c CROSS JOIN LATERAL unnest(c.input_sql) WITH ORDINALITY u(sql, i);
    cleaned := format('(SELECT 0::bigint AS record_id%s OFFSET 0)', ', ' || cleaned);

    person_sql := format('SELECT ARRAY[%s]::boolean[], ARRAY[%s]::text[] FROM %s r', refused, array_to_string(inputs, ', '), cleaned);

    SELECT string_agg(format('(%L, %s, %s)', k.kind, k.ties::text, CASE WHEN k.common_limit = 0 THEN 'NULL::int' ELSE '$2' END), ', ') INTO ties
      FROM cdp_internal.evidence_kinds(space, 1) k;
    identifier_sql := format($sql$
        SELECT m.members, k.ties FROM (%2$s) AS x(kind, value, record_id, blocked)
          JOIN (VALUES %3$s) AS k(kind, ties, common) ON k.kind = x.kind AND (k.ties OR $3)
         CROSS JOIN LATERAL (SELECT array_agg(c.record_id) AS members FROM (
               SELECT i.record_id FROM %1$s.identifier i WHERE i.kind = x.kind AND i.value = x.value AND NOT i.blocked LIMIT coalesce(k.common + 1, 1000)) c) m
         WHERE cardinality(m.members) <= coalesce(k.common, 1000)
    $sql$, space, cdp_internal.explode_sql(space, cleaned || ' d', used, NULL, NULL, used), coalesce(ties, '(NULL::text, false, 0)'));

    reason_sql := format('SELECT ARRAY[%s]::text[]', reasons);

    value_sql := format('SELECT r.record_id%s FROM %s.record r WHERE r.record_id = ANY ($1)', coalesce(', ' || array_to_string(inputs, ', '), ''), space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.lookup_sql(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.lookup_sql(regnamespace, int) IS
'The statements of cdp.lookup for a space and model (0: none). attributes: of the space, in the order in which $1, a text[], holds the person''s values; in_use: has it a column. person_sql: which values cleaning accepts, and the keys of the comparisons'' inputs. identifier_sql: per identifier the records that share it and whether it ties, with $2 the limit of records per value and $3 whether kinds that tie nobody count. value_sql: the keys of the records $1. reason_sql: why cleaning refuses values, null where it does not.';

CREATE OR REPLACE FUNCTION cdp_internal.write_match_keys(space regnamespace, model_id int)
RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
AS 'MODULE_PATHNAME', 'cdp_write_match_keys';
REVOKE ALL ON FUNCTION cdp_internal.write_match_keys(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.write_match_keys(regnamespace, int) IS
'Writes the index of cdp.lookup (match_key) anew, under a model. Returns the number of entries. cdp.resolve does without: clustering keeps the index. The caller holds the lock of the space.';

CREATE OR REPLACE FUNCTION cdp_internal.match_key_entries(entries bytea)
RETURNS TABLE (key int, record_id bigint)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
AS 'MODULE_PATHNAME', 'cdp_match_key_entries';
REVOKE ALL ON FUNCTION cdp_internal.match_key_entries(bytea) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.match_key_entries(bytea) IS
'The entries of a row of match_key: the hash of a blocking rule''s keys, and a record that has it (0: more records than are looked at).';

CREATE OR REPLACE FUNCTION cdp_internal.drop_match_keys(space regnamespace)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DELETE FROM %s.match_key', space);
    EXECUTE format('DELETE FROM %s.match_key_rule', space);
    EXECUTE format('DELETE FROM %s.match_key_info', space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.drop_match_keys(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.drop_match_keys(regnamespace) IS
'Empties the index of cdp.lookup: no model is active.';

CREATE OR REPLACE FUNCTION cdp.lookup(space regnamespace, person jsonb, n int DEFAULT 10)
RETURNS TABLE (profile_id bigint, record_id bigint, weight double precision, probability double precision)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS 'MODULE_PATHNAME', 'cdp_lookup';
REVOKE ALL ON FUNCTION cdp.lookup(regnamespace, jsonb, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.lookup(regnamespace, jsonb, int) IS
'Who is this? The profiles that one person''s values may belong to, best first, at most n; nothing is written. person: attributes and their values as people write them, a text, a number or a list of them; they are cleaned as a source''s are, dates as year-month-day, phone numbers by the region of the space. Of lists each value is tried, the first ones together, then the second ones, and so on, an attribute without so many with its first; whoever agrees best in one of these counts. A value that cleaning refuses, or that no source gives, is left aside with a NOTICE that says why.
Under a model: record_id is the profile''s record that agrees best, weight the log2 odds that cdp.explain_pair would give for it and a record with these values, probability that it is this profile and none of the others found (of two that are equally good neither is above 0.5); who for its weight alone is less likely than one in a thousand is left out, unless an identifier that ties records is the same. Records are found by the model''s blocking rules and by shared identifiers, and only when that finds nobody by one name alone, or a name that sounds like it; of a value or rule that very many records share none is looked at for it alone. As of the last cdp.resolve.
Without a model: who shares an identifier or fulfils a rule, with weight infinity and probability 1.
Errors: CDP20 no space, CDP23 no person, or a value that cannot be read, CDP50 unknown attribute, CDP68 a model was activated and the space not resolved since, CDP80 cleaning refuses every value (the detail says why), CDP66 a condition of a comparison fails on these values.
Example: SELECT * FROM cdp.lookup(''customer'', ''{"given_name": "Bob", "family_name": "Smith", "birth_date": "1980-02-17"}'');';
