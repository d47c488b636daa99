-- identity: resolve, the set-based path from sources to profiles.
--
-- 1. Each source is read once, joined to its records by key; only rows whose hash of
--    raw values differs (new, changed, vanished) are cleaned, into pg_temp.cdp_delta.
--    Read and clean are one statement, so one snapshot.
-- 2. Records are written, refused values go to rejected_value, identifiers are
--    exploded; hubs whose membership changed go to pg_temp.cdp_touched.
-- 3. What is affected is closed over the evidence (pg_temp.cdp_affected with its hubs in
--    cdp_hub): a change can alter the partition only inside its connected component.
--    After a change of definitions, or when much changed, everything is clustered.
--    With an active matching model the pairs of what changed are scored into link before
--    that (score_changed); clustering everything scores everything itself.
-- 4. cdp_internal.cluster gives the records whose profile changes, and keeps the links and
--    the index for look-ups; identity, the log, aliases, weakest joins and the golden
--    records of those profiles follow.
--
-- All of it is the caller's one transaction: a failure leaves the former state.
-- One resolver per space: transaction-level advisory lock (1668313185, oid of the schema).

CREATE OR REPLACE FUNCTION cdp_internal.lock_space(space regnamespace)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(1668313185, space::oid::int) THEN
        RAISE EXCEPTION 'space % is being resolved or trained by another session', space USING ERRCODE = 'CDP22',
            HINT = 'Try again when it has finished; pg_stat_activity shows how far it is.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.lock_space(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.lock_space(regnamespace) IS
'Takes the resolver lock of a space until the transaction ends, or raises CDP22 at once.';

CREATE OR REPLACE FUNCTION cdp_internal.drop_work_tables(only_one text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text;
BEGIN
    -- by catalogue, not DROP IF EXISTS, which would tell the client of each that is not there; by name, because
    -- the session may have temporary tables of its own called cdp_something
    SELECT string_agg(format('pg_temp.%I', c.relname), ', ') INTO names FROM pg_class c
     WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind = 'r' AND c.relname = coalesce(only_one, c.relname)
       AND c.relname IN ('cdp_touched', 'cdp_changed', 'cdp_stale', 'cdp_delta', 'cdp_exploded', 'cdp_affected', 'cdp_hub', 'cdp_kind', 'cdp_moved', 'cdp_clustered', 'cdp_former', 'cdp_scored');
    IF names IS NOT NULL THEN
        EXECUTE 'DROP TABLE ' || names;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.drop_work_tables(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.drop_work_tables(text) IS
'Drops the work tables of a resolve in this session, or one of them. They go at commit anyway; this serves several runs in one transaction.';

CREATE OR REPLACE FUNCTION cdp_internal.make_work_tables()
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_temp.cdp_touched') IS NULL THEN
        CREATE TEMP TABLE cdp_touched (kind text COLLATE "C", value text COLLATE "C", change int) ON COMMIT DROP;
        CREATE TEMP TABLE cdp_changed (record_id bigint, is_read boolean DEFAULT true) ON COMMIT DROP;
        CREATE TEMP TABLE cdp_stale (profile_id bigint) ON COMMIT DROP;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.make_work_tables() FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.make_work_tables() IS
'Makes the work tables in which a run notes the hubs, records and profiles that change, unless this transaction has them.';

CREATE OR REPLACE FUNCTION cdp_internal.analyze_table(space regnamespace, relation text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = format('%s.%I', space, relation)::regclass AND pg_has_role(c.relowner, 'USAGE')) THEN
        EXECUTE format('ANALYZE %s.%I', space, relation);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.analyze_table(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.analyze_table(regnamespace, text) IS
'ANALYZE, where the caller owns the table; others would only get a warning.';

CREATE OR REPLACE FUNCTION cdp_internal.source_fields(space regnamespace, source_id int)
RETURNS TABLE (n bigint, attribute text, raw_sql text, raw_is_array boolean, n_listed int, is_multiple boolean, storage_type text, clean_sql text, problem_sql text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT row_number() OVER (ORDER BY f.key), f.key,
               CASE WHEN jsonb_typeof(f.value) = 'string' THEN f.value #>> '{}'
                    WHEN f.value ->> 1 = 'array' THEN f.value ->> 0
                    ELSE 'ARRAY[' || (SELECT string_agg(e.x, ', ' ORDER BY e.i) FROM jsonb_array_elements_text(f.value) WITH ORDINALITY e(x, i)) || ']' END,
               jsonb_typeof(f.value) = 'array', CASE WHEN jsonb_typeof(f.value) = 'array' AND f.value ->> 1 IS DISTINCT FROM 'array' THEN jsonb_array_length(f.value) END,
               a.is_multiple, a.storage_type,
               replace(replace(k.clean_sql, '{o}', quote_literal(s.date_order)), '{r}', quote_literal(coalesce(s.region, i.region))),
               replace(replace(k.problem_sql, '{o}', quote_literal(s.date_order)), '{r}', quote_literal(coalesce(s.region, i.region)))
          FROM %1$s.source s CROSS JOIN %1$s.space_info i
         CROSS JOIN LATERAL jsonb_each(s.fields) f
          JOIN %1$s.attribute a ON a.attribute = f.key
          JOIN cdp_internal.kinds() k ON k.kind = a.kind
         WHERE s.source_id = $1
    $sql$, space) USING source_id;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.source_fields(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.source_fields(regnamespace, int) IS
'The fields of a record source with the SQL that reads, cleans and explains each; {v} stands for the raw value. n_listed: how many values an array of listed expressions has.';

CREATE OR REPLACE FUNCTION cdp_internal.row_hash(seed bigint, VARIADIC "any")
RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_row_hash';
REVOKE ALL ON FUNCTION cdp_internal.row_hash(bigint, "any") FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.row_hash(bigint, "any") IS
'A 64-bit hash of values as they are stored, nulls included: what record.source_hash holds of a row''s raw values.';

CREATE OR REPLACE FUNCTION cdp_internal.count_from(first bigint)
RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_count_from';
REVOKE ALL ON FUNCTION cdp_internal.count_from(bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.count_from(bigint) IS
'first at the first call of a place in a statement, then one more at each.';

CREATE OR REPLACE FUNCTION cdp_internal.row_sums_add(sums bytea, key text, hash bigint)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_row_sums_add';
REVOKE ALL ON FUNCTION cdp_internal.row_sums_add(bytea, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.row_sums_add(bytea, text, bigint) IS
'The transition function of row_sums.';

CREATE OR REPLACE FUNCTION cdp_internal.row_sums_combine(sums bytea, more bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_row_sums_combine';
REVOKE ALL ON FUNCTION cdp_internal.row_sums_combine(bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.row_sums_combine(bytea, bytea) IS
'The combine function of row_sums.';

CREATE AGGREGATE cdp_internal.row_sums(key text, hash bigint) (
    SFUNC = cdp_internal.row_sums_add,
    STYPE = bytea,
    SSPACE = 524292,
    COMBINEFUNC = cdp_internal.row_sums_combine,
    PARALLEL = SAFE
);
REVOKE ALL ON FUNCTION cdp_internal.row_sums(text, bigint) FROM PUBLIC;
COMMENT ON AGGREGATE cdp_internal.row_sums(text, bigint) IS
'Sums of rows by 65,536 buckets of their keys, 64 bits each. Two sets of rows with equal sums are equal; null: no rows.';

CREATE OR REPLACE FUNCTION cdp_internal.sums_differ(a bytea, b bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_sums_differ';
REVOKE ALL ON FUNCTION cdp_internal.sums_differ(bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.sums_differ(bytea, bytea) IS
'Where two results of row_sums differ, a bit for each bucket; null: nowhere.';

CREATE OR REPLACE FUNCTION cdp_internal.in_sums(differ bytea, key text)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_in_sums';
REVOKE ALL ON FUNCTION cdp_internal.in_sums(bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.in_sums(bytea, text) IS
'Whether the row with this key is in a bucket where sums differ; differ is not null.';

CREATE OR REPLACE FUNCTION cdp_internal.delta_sql(space regnamespace, source_id int, first_id bigint, OUT sums text, OUT delta text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s       record;
    f       record;
    raw     text := '';
    hashed  text := '';
    cleaned text := '';
    kept    text := '';
    names   text := '';
    hashes  text;
    value   text;
    is_read boolean;
BEGIN
    EXECUTE format('SELECT s.* FROM %s.source s WHERE s.source_id = $1', space) INTO s USING source_id;
    -- in the order of the index, or the planner reads the table up to the first row
    EXECUTE format('SELECT (SELECT r.source_key FROM %s.record r WHERE r.source_id = $1 ORDER BY r.source_key LIMIT 1) IS NOT NULL', space) INTO is_read USING source_id;
    FOR f IN SELECT * FROM cdp_internal.source_fields(space, source_id) x ORDER BY x.n LOOP
        raw := raw || format(', %s AS %I', f.raw_sql, 'raw ' || f.n);
        hashed := hashed || format(', q.%I', 'raw ' || f.n);
        value := format('n.%I', 'raw ' || f.n);
        IF f.raw_is_array THEN
            -- workers do not run subqueries that depend on the row
            value := CASE WHEN f.n_listed IS NULL THEN
                         format('ARRAY(SELECT v.x FROM (SELECT %s AS x, u.i FROM unnest(%s) WITH ORDINALITY u(v, i)) v WHERE v.x IS NOT NULL ORDER BY v.i)',
                                replace(f.clean_sql, '{v}', 'u.v'), value)
                     ELSE (SELECT format('array_remove(ARRAY[%s], NULL)', string_agg(replace(f.clean_sql, '{v}', format('(%s)[%s]', value, i)), ', ' ORDER BY i))
                             FROM generate_series(1, f.n_listed) i) END;
            cleaned := cleaned || format(', NULLIF(%s, ''{}'') AS %I', value, f.attribute || '_all');
            kept := kept || format(', CASE WHEN cardinality(array_remove(e.%1$I, NULL)) > coalesce(cardinality(e.%2$I), 0) THEN e.%1$I END AS %1$I, e.%2$I',
                                   'raw ' || f.n, f.attribute || '_all');
            names := names || format(', d.%I, d.%I', 'raw ' || f.n, f.attribute || '_all');
        ELSE
            cleaned := cleaned || format(', %s AS %I', replace(f.clean_sql, '{v}', value), f.attribute);
            kept := kept || format(', CASE WHEN e.%2$I IS NULL THEN e.%1$I END AS %1$I, e.%2$I', 'raw ' || f.n, f.attribute);
            names := names || format(', d.%I, d.%I', 'raw ' || f.n, f.attribute);
        END IF;
    END LOOP;
    -- What workers can do is inside; the ids are given as the rows come out of it. Without former rows there is nothing to
    -- join, and a full join keeps workers out. OFFSET 0 would too: only a constant of type bigint is seen to leave nothing out.
    -- Of the raw values those are kept that did not all survive: they explain what was refused.
    hashes := format($sql$
        SELECT q.*, cdp_internal.row_hash(%s, q.observed_at %s) AS source_hash
          FROM (SELECT %s COLLATE "C" AS source_key, %s AS observed_at %s FROM %s AS s WHERE (%s)
    $sql$, hashtextextended(concat_ws(E'\x1f', s.fields::text, s.observed_at, s.date_order, s.region), 0), hashed,
        s.key, coalesce('(' || s.observed_at || ')::timestamptz', 'NULL::timestamptz'), raw, s.relation::regclass, coalesce(s.filter, 'true'));
    IF is_read THEN
        sums := format($sql$
            SELECT cdp_internal.sums_differ((SELECT cdp_internal.row_sums(n.source_key, n.source_hash) FROM (%s) n),
                                            (SELECT cdp_internal.row_sums(r.source_key, r.source_hash) FROM %s.record r WHERE r.source_id = %s))
        $sql$, hashes || 'OFFSET ''0'') q', space, source_id);
    END IF;
    delta := format($sql$
        SELECT coalesce(d.former_id, cdp_internal.count_from(%1$s)) AS record_id, d.former_id IS NULL AS is_new, d.is_gone, d.source_key,
               d.observed_at, d.source_hash %2$s
          FROM (SELECT e.former_id, e.is_gone, e.source_key, e.observed_at, e.source_hash %3$s
                  FROM (SELECT %4$s, n.observed_at, n.source_hash %5$s %6$s FROM (%7$s OFFSET '0') n %8$s OFFSET '0') e
                OFFSET '0') d
    $sql$, first_id, names, kept,
        CASE WHEN is_read THEN 'o.record_id AS former_id, n.source_key IS NULL AS is_gone, coalesce(n.source_key, o.source_key) AS source_key'
             ELSE 'NULL::bigint AS former_id, n.source_key IS NULL AS is_gone, n.source_key' END,
        replace(hashed, 'q.', 'n.'), cleaned,
        hashes || CASE WHEN is_read THEN format('AND cdp_internal.in_sums($1, %s) ', s.key) ELSE '' END || 'OFFSET ''0'') q',
        CASE WHEN is_read THEN format('FULL JOIN (SELECT r.record_id, r.source_key, r.source_hash FROM %s.record r
                                                   WHERE r.source_id = %s AND cdp_internal.in_sums($1, r.source_key)) o
                                       ON o.source_key = n.source_key WHERE n.source_hash IS DISTINCT FROM o.source_hash', space, source_id) ELSE '' END);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.delta_sql(regnamespace, int, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.delta_sql(regnamespace, int, bigint) IS
'The queries that read a source. sums, null before it was read once: where its rows and its records differ, for $1 of delta, or null when they do not. delta: its new, changed and vanished rows, cleaned: columns record_id (first_id and up for new ones), is_new, is_gone, source_key, observed_at, source_hash, "raw N" where cleaning refused a value, and one per attribute (or attribute_all).';

CREATE OR REPLACE FUNCTION cdp_internal.explode_sql(space regnamespace, rows_sql text, attributes text[], own_source text, only_kind text DEFAULT NULL,
    single text[] DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    k      record;
    a      record;
    parts  text[] := '{}';
    source text;
    value  text;
    blocked_values text := cdp_internal.blocked_sql(space);
BEGIN
    -- attributes, then rules: a kind is one list of attributes whose keys make the value
    FOR k IN EXECUTE format($sql$
            SELECT a.attribute AS kind, ARRAY[a.attribute::text] AS attributes, t.blocked_sql
              FROM %1$s.attribute a JOIN cdp_internal.kinds() t ON t.kind = a.kind WHERE a.is_identifier
            UNION ALL SELECT r.rule, r.attributes, 'false' FROM %1$s.rule r
        $sql$, space)
    LOOP
        CONTINUE WHEN NOT k.attributes <@ attributes OR k.kind <> only_kind;
        source := NULL;
        value := NULL;
        FOR a IN EXECUTE format('SELECT a.attribute, a.is_multiple AND a.attribute <> ALL ($2) AS is_multiple, u.i, t.key_sql FROM unnest($1) WITH ORDINALITY u(attribute, i)
                                   JOIN %s.attribute a ON a.attribute = u.attribute JOIN cdp_internal.kinds() t ON t.kind = a.kind ORDER BY u.i', space)
                 USING k.attributes, single
        LOOP
            IF a.is_multiple THEN
                source := coalesce(source || ' CROSS JOIN ', 'FROM ') || format('unnest(d.%I) AS %I(v)', a.attribute || '_all', 'u' || a.i);
            END IF;
            value := coalesce(value || E' || E''\\x1f'' || ', '')
                  || format('NULLIF(%s, '''')', replace(a.key_sql, '{v}', CASE WHEN a.is_multiple THEN format('%I.v', 'u' || a.i) ELSE format('d.%I', a.attribute) END));
        END LOOP;
        -- of several values two may have one key
        parts := parts || format('SELECT x.kind, x.value, %s FROM (SELECT %s %L::text COLLATE "C" AS kind, cdp_internal.hub_value(%s) COLLATE "C" AS value %s OFFSET 0) x WHERE x.value IS NOT NULL',
                                 replace(k.blocked_sql, '{v}', 'x.value') || ' OR ' || blocked_values, CASE WHEN source IS NOT NULL THEN 'DISTINCT' ELSE '' END, k.kind, value, source);
    END LOOP;
    IF own_source IS NOT NULL AND only_kind IS NULL THEN
        parts := parts || format('SELECT x.kind, x.value, %s FROM (SELECT %L::text COLLATE "C" AS kind, cdp_internal.hub_value(d.source_key) COLLATE "C" AS value OFFSET 0) x WHERE x.value IS NOT NULL',
                                 blocked_values, own_source);
    END IF;
    IF parts = '{}' THEN
        RETURN 'SELECT NULL::text, NULL::text, NULL::bigint, NULL::boolean WHERE false';
    END IF;
    -- row by row, so that the identifiers of a record lie together; a row that refers to its own source may refer to itself
    RETURN format('SELECT y.kind, y.value, d.record_id, y.blocked FROM %s CROSS JOIN LATERAL (%s) AS y(kind, value, blocked)', rows_sql,
                  array_to_string(parts, CASE WHEN own_source = ANY (attributes) THEN ' UNION ' ELSE ' UNION ALL ' END));
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.explode_sql(regnamespace, text, text[], text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.explode_sql(regnamespace, text, text[], text, text, text[]) IS
'The query that explodes rows d (record_id, one column per attribute) into identifiers (kind, value, record_id, blocked); only_kind: of one attribute or rule; single: attributes that can have several values, but one in these rows.';

CREATE OR REPLACE FUNCTION cdp_internal.explode_attribute(space regnamespace, kind text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
AS $$
DECLARE
    used text[];
BEGIN
    EXECUTE format('DELETE FROM %s.identifier i WHERE i.kind = $1', space) USING kind;
    EXECUTE format('SELECT coalesce(array_agg(a.attribute::text), ''{}'') FROM %s.attribute a WHERE a.in_use', space) INTO used;
    EXECUTE format('INSERT INTO %s.identifier (kind, value, record_id, blocked) %s', space,
                   cdp_internal.explode_sql(space, format('%s.record d', space), used, NULL, kind));
    -- a kind that is a source's name holds that source's own row keys too
    EXECUTE format('INSERT INTO %1$s.identifier (kind, value, record_id, blocked)
                    SELECT x.*, %2$s FROM (SELECT s.source AS kind, cdp_internal.hub_value(r.source_key) COLLATE "C" AS value, r.record_id
                                             FROM %1$s.source s JOIN %1$s.record r USING (source_id) WHERE s.source = $1) x
                    WHERE x.value IS NOT NULL ON CONFLICT DO NOTHING', space, cdp_internal.blocked_sql(space)) USING kind;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.explode_attribute(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.explode_attribute(regnamespace, text) IS
'Writes the identifiers of one attribute or rule again, from the records.';

CREATE OR REPLACE FUNCTION cdp_internal.forget_records(space regnamespace, ids_sql text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.make_work_tables();
    EXECUTE format($sql$
        WITH gone AS MATERIALIZED (%2$s),
        i AS (DELETE FROM %1$s.identifier x USING gone g WHERE x.record_id = g.record_id RETURNING x.kind, x.value, x.blocked),
        t AS (INSERT INTO pg_temp.cdp_touched SELECT i.kind, i.value, -1 FROM i WHERE NOT i.blocked),
        p AS (DELETE FROM %1$s.identity x USING gone g WHERE x.record_id = g.record_id RETURNING x.profile_id),
        u AS (INSERT INTO pg_temp.cdp_stale SELECT DISTINCT p.profile_id FROM p),
        -- a ruling may be all that held its partner in the profile
        c AS (INSERT INTO pg_temp.cdp_changed
              SELECT l.record_b FROM gone g JOIN %1$s.link l ON l.record_a = g.record_id WHERE l.weight > 0
              UNION ALL SELECT l.record_a FROM gone g JOIN %1$s.link l ON l.record_b = g.record_id WHERE l.weight > 0),
        la AS (DELETE FROM %1$s.link x USING gone g WHERE x.record_a = g.record_id),
        lb AS (DELETE FROM %1$s.link x USING gone g WHERE x.record_b = g.record_id),
        fa AS (DELETE FROM %1$s.refused_merge x USING gone g WHERE x.record_a = g.record_id),
        fb AS (DELETE FROM %1$s.refused_merge x USING gone g WHERE x.record_b = g.record_id),
        v AS (DELETE FROM %1$s.rejected_value x USING gone g JOIN %1$s.record r ON r.record_id = g.record_id
               WHERE x.source_id = r.source_id AND x.source_key = r.source_key)
        DELETE FROM %1$s.record x USING gone g WHERE x.record_id = g.record_id
    $sql$, space, ids_sql);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.forget_records(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.forget_records(regnamespace, text) IS
'Removes records with everything that hangs on them, noting the hubs, profiles and partners that they leave.';

CREATE OR REPLACE FUNCTION cdp_internal.read_source(space regnamespace, source_id int, note_touched boolean,
    OUT added bigint, OUT changed bigint, OUT removed bigint, OUT rejected bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- a row's texts and times are the same whoever reads it
SET bytea_output = 'hex'
SET datestyle = 'ISO, YMD'
SET extra_float_digits = 1
SET intervalstyle = 'iso_8601'
SET timezone = 'UTC'
-- cleaning a row costs far more than handing it over, and writing rows keeps the leader busy
SET parallel_tuple_cost = 0
SET parallel_leader_participation = off
AS $$
DECLARE
    s        record;
    queries  record;
    differ   bytea;
    columns  text;
    firsts   text;
    rejects  text;
    refused  text;
    attributes text[];
    single   text[];
    state    text;
    one      record;
    bad      bigint;
    ids      regclass := pg_get_serial_sequence(space || '.record', 'record_id');
    first_id bigint := coalesce(pg_sequence_last_value(ids), 0) + 1;
    ids_taken boolean;
BEGIN
    EXECUTE format('SELECT s.* FROM %s.source s WHERE s.source_id = $1', space) INTO s USING source_id;
    added := 0;
    changed := 0;
    removed := 0;
    rejected := 0;
    PERFORM cdp_internal.drop_work_tables('cdp_delta');
    SELECT d.* INTO queries FROM cdp_internal.delta_sql(space, source_id, first_id) d;
    BEGIN
        IF queries.sums IS NOT NULL THEN
            EXECUTE queries.sums INTO differ;
            IF differ IS NULL THEN
                RETURN;
            END IF;
        END IF;
        EXECUTE 'CREATE TEMP TABLE cdp_delta ON COMMIT DROP AS ' || queries.delta USING differ;
    EXCEPTION
        WHEN undefined_column OR undefined_function OR undefined_table OR datatype_mismatch OR cannot_coerce OR undefined_object THEN
            RAISE EXCEPTION 'source "%" was altered: its key or fields no longer fit its relation', s.source USING ERRCODE = 'CDP44',
                DETAIL = SQLERRM, HINT = 'Define it anew: cdp.add_source(..., replace => true) with expressions over its present columns.';
        WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'no right to read all that source "%" needs', s.source USING ERRCODE = 'CDP46',
                DETAIL = SQLERRM, HINT = format('GRANT SELECT ON %s TO %I, and see what the relation itself reads.', s.relation::regclass, current_user);
        WHEN data_exception THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
            FOR one IN SELECT t.key AS attribute, e.expression FROM jsonb_each(s.fields) t
                      CROSS JOIN LATERAL jsonb_array_elements_text(CASE WHEN jsonb_typeof(t.value) = 'array' THEN t.value ELSE jsonb_build_array(t.value) END)
                                         WITH ORDINALITY AS e (expression, n)
                     WHERE NOT (e.n = 2 AND e.expression = 'array') LOOP
                BEGIN
                    EXECUTE format('SELECT count(%s) FROM %s AS s WHERE %s', one.expression, s.relation::regclass, coalesce(s.filter, 'true'));
                EXCEPTION WHEN data_exception THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
                    RAISE EXCEPTION 'source "%" cannot be read: the field "%" fails on a row (SQLSTATE %)', s.source, one.attribute, state USING ERRCODE = 'CDP44',
                        HINT = format('Find the row with a query on %s; a cast in a field is better left to cleaning, which refuses single values.', s.relation::regclass);
                END;
            END LOOP;
            RAISE EXCEPTION 'source "%" cannot be read: an expression fails on a row (SQLSTATE %)', s.source, state USING ERRCODE = 'CDP44',
                HINT = format('Find the row with a query on %s; a cast in a field is better left to cleaning, which refuses single values.', s.relation::regclass);
    END;
    -- what plans over it need; the wide columns take longer to look at than to use
    ANALYZE pg_temp.cdp_delta (record_id, is_new, is_gone, source_key);

    SELECT count(*) FILTER (WHERE d.is_new AND NOT d.is_gone), count(*) FILTER (WHERE NOT d.is_new AND NOT d.is_gone),
           count(*) FILTER (WHERE NOT d.is_new AND d.is_gone), count(*) FILTER (WHERE d.is_new AND d.is_gone)
      INTO added, changed, removed, bad FROM pg_temp.cdp_delta d;
    IF bad > 0 THEN
        RAISE EXCEPTION 'the key of source "%" is null in % rows', s.source, bad USING ERRCODE = 'CDP43',
            HINT = 'A key is never null: repair the rows, or leave them out with a filter.';
    END IF;
    IF changed > 0 AND NOT cdp_internal.key_has_unique_index(s.relation::regclass, s.key) THEN
        -- a second row under a known key shows as a change, and its twin, if that is unchanged, does not show at all
        EXECUTE format('SELECT count(*) - count(DISTINCT k.source_key) FROM (SELECT %s COLLATE "C" AS source_key FROM %s AS s WHERE %s) k
                          JOIN (SELECT DISTINCT d.source_key FROM pg_temp.cdp_delta d WHERE NOT d.is_new AND NOT d.is_gone) d USING (source_key)',
                       s.key, s.relation::regclass, coalesce(s.filter, 'true')) INTO bad;
    END IF;
    IF bad > 0 THEN
        RAISE EXCEPTION 'the key of source "%" is not unique', s.source USING ERRCODE = 'CDP42',
            HINT = format('List what is twice with SELECT %s, count(*) FROM %s AS s GROUP BY 1 HAVING count(*) > 1.', s.key, s.relation::regclass);
    END IF;
    IF added + changed + removed = 0 THEN
        RETURN;
    END IF;
    -- nextval keeps workers out of a statement, so new rows were numbered from the sequence's next value on; these
    -- numbers are taken now, and if somebody else took one meanwhile, others are
    IF added > 0 THEN
        SELECT min(i.id) = first_id AND max(i.id) = first_id + added - 1 INTO ids_taken FROM (SELECT nextval(ids) AS id FROM generate_series(1, added)) i;
        IF NOT ids_taken THEN
            UPDATE pg_temp.cdp_delta d SET record_id = nextval(ids) WHERE d.is_new;
        END IF;
    END IF;

    SELECT string_agg(CASE WHEN f.raw_is_array OR f.is_multiple THEN format('%I, %I', f.attribute, f.attribute || '_all') ELSE quote_ident(f.attribute) END, ', ' ORDER BY f.n),
           string_agg(CASE WHEN f.raw_is_array THEN format('d.%1$I[1], d.%1$I', f.attribute || '_all')
                           WHEN f.is_multiple THEN format('d.%1$I, CASE WHEN d.%1$I IS NOT NULL THEN ARRAY[d.%1$I] END', f.attribute)
                           ELSE format('d.%I', f.attribute) END, ', ' ORDER BY f.n),
           string_agg(CASE WHEN f.raw_is_array THEN
                format('SELECT d.source_key, %1$L::text, u.v, %2$s FROM refused d CROSS JOIN LATERAL unnest(d.%3$I) u(v) WHERE %2$s IS NOT NULL',
                       f.attribute, replace(f.problem_sql, '{v}', 'u.v'), 'raw ' || f.n)
              ELSE
                format('SELECT d.source_key, %1$L::text, d.%3$I, %2$s FROM refused d WHERE %2$s IS NOT NULL',
                       f.attribute, replace(f.problem_sql, '{v}', format('d.%I', 'raw ' || f.n)), 'raw ' || f.n)
              END, ' UNION ALL '),
           string_agg(format('d.%I IS NOT NULL', 'raw ' || f.n), ' OR '),
           array_agg(f.attribute), coalesce(array_agg(f.attribute) FILTER (WHERE NOT f.raw_is_array), '{}')
      INTO columns, firsts, rejects, refused, attributes, single
      FROM cdp_internal.source_fields(space, source_id) f;

    IF note_touched THEN
        EXECUTE format('INSERT INTO pg_temp.cdp_former SELECT r.* FROM %s.record r JOIN pg_temp.cdp_delta d USING (record_id) WHERE NOT d.is_new', space);
    END IF;
    IF removed > 0 THEN
        PERFORM cdp_internal.forget_records(space, 'SELECT d.record_id FROM pg_temp.cdp_delta d WHERE d.is_gone');
    END IF;
    IF changed > 0 THEN
        EXECUTE format('UPDATE %s.record r SET (observed_at, changed_at, source_hash, %s) = ROW(d.observed_at, now(), d.source_hash, %s)
                          FROM pg_temp.cdp_delta d WHERE r.record_id = d.record_id AND NOT d.is_new AND NOT d.is_gone', space, columns, firsts);
        EXECUTE format('DELETE FROM %s.rejected_value v USING pg_temp.cdp_delta d
                         WHERE v.source_id = $1 AND v.source_key = d.source_key AND NOT d.is_new', space) USING source_id;
    END IF;
    IF added > 0 THEN
        BEGIN
            EXECUTE format('INSERT INTO %s.record (record_id, source_id, source_key, observed_at, source_hash, %s)
                            SELECT d.record_id, $1, d.source_key, d.observed_at, d.source_hash, %s
                              FROM pg_temp.cdp_delta d WHERE d.is_new', space, columns, firsts) USING source_id;
        EXCEPTION
            WHEN unique_violation THEN
                RAISE EXCEPTION 'the key of source "%" is not unique', s.source USING ERRCODE = 'CDP42',
                    HINT = format('List what is twice with SELECT %s, count(*) FROM %s AS s GROUP BY 1 HAVING count(*) > 1.', s.key, s.relation::regclass);
            WHEN program_limit_exceeded THEN
                RAISE EXCEPTION 'a key of source "%" is too long to be one', s.source USING ERRCODE = 'CDP42',
                    HINT = 'Keys are at most some 2,000 bytes; choose a shorter expression.';
        END;
    END IF;
    -- few rows have lost a value; the rest is looked at once, not once per field
    EXECUTE format('WITH refused AS MATERIALIZED (SELECT d.* FROM pg_temp.cdp_delta d WHERE %s)
                    INSERT INTO %s.rejected_value (source_id, source_key, attribute, raw, reason) SELECT $1, x.* FROM (%s) x', refused, space, rejects) USING source_id;
    GET DIAGNOSTICS rejected = ROW_COUNT;

    IF added > 0 THEN
        EXECUTE format(CASE WHEN note_touched THEN
                           'WITH i AS (INSERT INTO %s.identifier (kind, value, record_id, blocked) %s RETURNING kind, value, blocked)
                            INSERT INTO pg_temp.cdp_touched SELECT i.kind, i.value, 1 FROM i WHERE NOT i.blocked'
                       ELSE 'INSERT INTO %s.identifier (kind, value, record_id, blocked) %s' END,
                       space, cdp_internal.explode_sql(space, '(SELECT e.* FROM pg_temp.cdp_delta e WHERE e.is_new) d', attributes, s.source, NULL, single));
    END IF;
    IF changed > 0 THEN
        EXECUTE format('CREATE TEMP TABLE cdp_exploded ON COMMIT DROP AS
                        SELECT DISTINCT ON (1, 2, 3) * FROM (%s) AS x(kind, value, record_id, blocked) ORDER BY 1, 2, 3', cdp_internal.explode_sql(space,
                       '(SELECT e.* FROM pg_temp.cdp_delta e WHERE NOT e.is_new AND NOT e.is_gone) d', attributes, s.source, NULL, single));
        EXECUTE format($sql$
            WITH del AS (DELETE FROM %1$s.identifier i USING pg_temp.cdp_delta d
                          WHERE i.record_id = d.record_id AND NOT d.is_new AND NOT d.is_gone
                            AND NOT EXISTS (SELECT FROM pg_temp.cdp_exploded x WHERE x.kind = i.kind AND x.value = i.value AND x.record_id = i.record_id)
                          RETURNING i.kind, i.value, i.blocked),
            ins AS (INSERT INTO %1$s.identifier (kind, value, record_id, blocked)
                    SELECT x.kind, x.value, x.record_id, x.blocked FROM pg_temp.cdp_exploded x ON CONFLICT DO NOTHING RETURNING kind, value, blocked)
            INSERT INTO pg_temp.cdp_touched
            SELECT del.kind, del.value, -1 FROM del WHERE NOT del.blocked UNION ALL SELECT ins.kind, ins.value, 1 FROM ins WHERE NOT ins.blocked
        $sql$, space);
        DROP TABLE pg_temp.cdp_exploded;
    END IF;
    INSERT INTO pg_temp.cdp_changed SELECT d.record_id FROM pg_temp.cdp_delta d WHERE NOT d.is_gone AND note_touched;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.read_source(regnamespace, int, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.read_source(regnamespace, int, boolean) IS
'Brings one source''s new, changed and vanished rows into the space. note_touched: remember what changed, for a partial clustering.';

CREATE OR REPLACE FUNCTION cdp_internal.close_affected(space regnamespace, common int)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n     bigint;
    total bigint := 0;
    round int := 0;
    -- the records of a hub t, one more than the limit at most; each hub is read only here
    members_sql text := format('CROSS JOIN LATERAL (SELECT array_agg(c.record_id) AS members FROM (
                                 SELECT c.record_id FROM %s.identifier c WHERE c.kind = t.kind AND c.value = t.value AND NOT c.blocked
                                  LIMIT CASE WHEN t.common_limit > 0 THEN t.common_limit + 1 + abs(t.change) END) c) m', space);
BEGIN
    CREATE TEMP TABLE cdp_affected (record_id bigint PRIMARY KEY, round int NOT NULL) ON COMMIT DROP;
    CREATE TEMP TABLE cdp_hub (kind text COLLATE "C", value text COLLATE "C", members bigint[], round int, PRIMARY KEY (kind, value)) ON COMMIT DROP;
    CREATE TEMP TABLE cdp_kind ON COMMIT DROP AS SELECT k.* FROM cdp_internal.evidence_kinds(space, common) k WHERE k.ties;
    ANALYZE pg_temp.cdp_kind;

    -- the changed records, and everybody in a hub that tied before or ties now
    EXECUTE format($sql$
        WITH t AS (SELECT t.kind, t.value, k.common_limit, sum(t.change)::int AS change
                     FROM pg_temp.cdp_touched t JOIN pg_temp.cdp_kind k ON k.kind = t.kind GROUP BY 1, 2, 3),
        h AS MATERIALIZED (SELECT t.change, t.common_limit, m.members, cardinality(m.members) AS size FROM t %2$s)
        INSERT INTO pg_temp.cdp_affected
        SELECT r.record_id, 0 FROM (
            SELECT c.record_id FROM pg_temp.cdp_changed c
            UNION
            SELECT unnest(h.members) FROM h WHERE h.common_limit = 0 OR least(h.size, h.size - h.change) <= h.common_limit) r
    $sql$, space, members_sql);
    GET DIAGNOSTICS n = ROW_COUNT;
    WHILE n > 0 LOOP
        total := total + n;
        round := round + 1;
        ANALYZE pg_temp.cdp_affected;
        EXECUTE format($sql$
            INSERT INTO pg_temp.cdp_hub
            SELECT t.kind, t.value, m.members, $1
              FROM (SELECT DISTINCT i.kind, i.value, k.common_limit, 0 AS change
                      FROM pg_temp.cdp_affected a JOIN %1$s.identifier i USING (record_id) JOIN pg_temp.cdp_kind k ON k.kind = i.kind
                     WHERE a.round = $1 AND NOT i.blocked) t
              %2$s
             WHERE NOT EXISTS (SELECT FROM pg_temp.cdp_hub u WHERE u.kind = t.kind AND u.value = t.value)
        $sql$, space, members_sql) USING round - 1;
        EXECUTE format($sql$
            INSERT INTO pg_temp.cdp_affected
            SELECT n.record_id, $1 FROM (
                SELECT unnest(h.members) AS record_id FROM pg_temp.cdp_hub h JOIN pg_temp.cdp_kind k ON k.kind = h.kind
                 WHERE h.round = $1 - 1 AND cardinality(h.members) > 1 AND (k.common_limit = 0 OR cardinality(h.members) <= k.common_limit)
                UNION
                SELECT l.record_b FROM pg_temp.cdp_affected a JOIN %1$s.link l ON l.record_a = a.record_id WHERE a.round = $1 - 1 AND l.weight > 0
                UNION
                SELECT l.record_a FROM pg_temp.cdp_affected a JOIN %1$s.link l ON l.record_b = a.record_id WHERE a.round = $1 - 1 AND l.weight > 0) n
             WHERE NOT EXISTS (SELECT FROM pg_temp.cdp_affected a WHERE a.record_id = n.record_id)
        $sql$, space) USING round;
        GET DIAGNOSTICS n = ROW_COUNT;
    END LOOP;
    ANALYZE pg_temp.cdp_hub;
    DROP TABLE pg_temp.cdp_kind;
    RETURN total;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.close_affected(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.close_affected(regnamespace, int) IS
'Closes what changed over the evidence into pg_temp.cdp_affected, with all its hubs in pg_temp.cdp_hub; returns the number of records.';

CREATE OR REPLACE FUNCTION cdp_internal.score_changed(space regnamespace, model int)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- all pairs of what changed, and of what shares a divided block with it
    EXECUTE format('CREATE TEMP TABLE cdp_scored ON COMMIT DROP AS SELECT p.* FROM cdp_internal.score_pairs(%L, $1, true) p', space) USING model;
    ANALYZE pg_temp.cdp_scored;
    -- who loses or gains a link is affected too; most links stay as they are
    EXECUTE format($sql$
        WITH anew AS MATERIALIZED (SELECT c.record_id FROM pg_temp.cdp_changed c UNION SELECT s.record_a FROM pg_temp.cdp_scored s WHERE s.record_a = s.record_b),
        old AS (SELECT l.record_a, l.record_b, l.weight FROM anew a JOIN %1$s.link l ON l.record_a = a.record_id WHERE l.origin = 'model'
                UNION SELECT l.record_a, l.record_b, l.weight FROM anew a JOIN %1$s.link l ON l.record_b = a.record_id WHERE l.origin = 'model'),
        -- set against set: a join would be planned for one row
        stale AS MATERIALIZED (SELECT o.record_a, o.record_b, o.weight FROM old o EXCEPT SELECT s.record_a, s.record_b, s.weight FROM pg_temp.cdp_scored s),
        gone AS (DELETE FROM %1$s.link l USING stale o WHERE l.record_a = o.record_a AND l.record_b = o.record_b AND l.origin = 'model'
                 RETURNING l.record_a, l.record_b)
        INSERT INTO pg_temp.cdp_changed SELECT g.record_a, false FROM gone g UNION SELECT g.record_b, false FROM gone g
    $sql$, space);
    EXECUTE format($sql$
        WITH made AS (INSERT INTO %1$s.link (record_a, record_b, origin, weight, made_by, made_at)
                      SELECT s.record_a, s.record_b, 'model', s.weight, NULL, NULL FROM pg_temp.cdp_scored s WHERE s.record_a < s.record_b ON CONFLICT DO NOTHING
                      RETURNING record_a, record_b)
        INSERT INTO pg_temp.cdp_changed SELECT m.record_a, false FROM made m UNION SELECT m.record_b, false FROM made m
    $sql$, space);
    DROP TABLE pg_temp.cdp_scored;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.score_changed(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.score_changed(regnamespace, int) IS
'Scores the pairs of the records in pg_temp.cdp_changed again, writes the links that differ and notes there whose they are (is_read false: a record''s values need not have changed).';

CREATE OR REPLACE FUNCTION cdp_internal.write_weakest_links(space regnamespace, stale_only boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- a profile that stays as it is may be held together otherwise than before
    EXECUTE format('DELETE FROM %1$s.weakest_link WHERE %2$s', space,
        CASE WHEN stale_only THEN format('profile_id IN (SELECT t.profile_id FROM pg_temp.cdp_stale t
                                          UNION ALL SELECT i.profile_id FROM pg_temp.cdp_affected a JOIN %s.identity i USING (record_id))', space) ELSE 'true' END);
    EXECUTE format('INSERT INTO %s.weakest_link (profile_id, record_a, record_b, weight, probability)
                    SELECT c.profile_id, c.bridge_a, c.bridge_b, c.bridge_weight, 1 / (1 + 2::double precision ^ -least(c.bridge_weight, 500)) FROM pg_temp.cdp_clustered c WHERE c.bridge_weight IS NOT NULL', space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.write_weakest_links(regnamespace, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.write_weakest_links(regnamespace, boolean) IS
'Writes the weakest join of the profiles that were clustered.';

CREATE OR REPLACE FUNCTION cdp_internal.write_confidence(space regnamespace, model int, stale_only boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($sql$
        UPDATE %1$s.profile p SET confidence = n.confidence
          FROM (SELECT q.profile_id, %3$s AS confidence
                  FROM %1$s.profile q LEFT JOIN %1$s.weakest_link w USING (profile_id) WHERE %2$s) n
         WHERE n.profile_id = p.profile_id AND p.confidence IS DISTINCT FROM n.confidence
    $sql$, space, CASE WHEN stale_only THEN format('q.profile_id IN (SELECT t.profile_id FROM pg_temp.cdp_stale t
                                                    UNION ALL SELECT i.profile_id FROM pg_temp.cdp_affected a JOIN %s.identity i USING (record_id))', space) ELSE 'true' END,
        cdp_internal.confidence_sql('w.probability')) USING model;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.write_confidence(regnamespace, int, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.write_confidence(regnamespace, int, boolean) IS
'Brings the confidence of profiles that were not written anew up to their weakest join.';

CREATE OR REPLACE FUNCTION cdp_internal.log_moves(space regnamespace, run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- merged: nothing is left of the former profile; split: the new profile is new; moved: both live on. The evidence: what
    -- they share with records of the new profile that did not come along
    EXECUTE format($sql$
        WITH mine AS MATERIALIZED (
            SELECT m.profile_id, m.former_profile_id, a.kind, a.value
              FROM pg_temp.cdp_moved m JOIN %1$s.identifier a USING (record_id) WHERE m.former_profile_id IS NOT NULL AND NOT a.blocked),
        met AS MATERIALIZED (
            SELECT i.profile_id, m.former_profile_id, b.kind, b.value
              FROM %1$s.identity i JOIN %1$s.identifier b USING (record_id) LEFT JOIN pg_temp.cdp_moved m USING (record_id)
             WHERE i.profile_id IN (SELECT n.profile_id FROM mine n) AND NOT b.blocked),
        shared AS (
            SELECT x.profile_id, x.former_profile_id, jsonb_agg(jsonb_build_object('kind', x.kind, 'value', x.value) ORDER BY x.kind, x.value) AS evidence
              FROM (SELECT s.*, row_number() OVER (PARTITION BY s.profile_id, s.former_profile_id ORDER BY s.kind, s.value) AS nr
                      FROM (SELECT DISTINCT a.profile_id, a.former_profile_id, a.kind, a.value
                              FROM mine a JOIN met b ON b.profile_id = a.profile_id AND b.kind = a.kind AND b.value = a.value
                               AND b.former_profile_id IS DISTINCT FROM a.former_profile_id) s) x
             WHERE x.nr <= 100 GROUP BY 1, 2)
        INSERT INTO %1$s.merge_log (action, profile_id, other_profile_id, record_ids, evidence, run_id)
        SELECT CASE WHEN NOT EXISTS (SELECT FROM %1$s.identity i WHERE i.profile_id = m.former_profile_id) THEN 'merged'
                    WHEN NOT EXISTS (SELECT FROM %1$s.profile p WHERE p.profile_id = m.profile_id) THEN 'split'
                    ELSE 'moved' END,
               m.profile_id, m.former_profile_id, m.record_ids, s.evidence, $1
          FROM (SELECT m.profile_id, m.former_profile_id, array_agg(m.record_id ORDER BY m.record_id) AS record_ids
                  FROM pg_temp.cdp_moved m WHERE m.former_profile_id IS NOT NULL GROUP BY 1, 2) m
          LEFT JOIN shared s USING (profile_id, former_profile_id)
         ORDER BY m.profile_id, m.former_profile_id
    $sql$, space) USING run_id;
    -- ids given out stay resolvable: where most of the records went
    EXECUTE format($sql$
        INSERT INTO %1$s.profile_alias (old_profile_id, profile_id)
        SELECT DISTINCT ON (m.former_profile_id) m.former_profile_id, m.profile_id
          FROM (SELECT m.former_profile_id, m.profile_id, count(*) AS n FROM pg_temp.cdp_moved m WHERE m.former_profile_id IS NOT NULL GROUP BY 1, 2) m
         WHERE NOT EXISTS (SELECT FROM %1$s.identity i WHERE i.profile_id = m.former_profile_id)
         ORDER BY m.former_profile_id, m.n DESC, m.profile_id
        ON CONFLICT (old_profile_id) DO UPDATE SET profile_id = excluded.profile_id, since = now()
    $sql$, space);
    EXECUTE format('UPDATE %1$s.profile_alias a SET profile_id = b.profile_id, since = now() FROM %1$s.profile_alias b
                     WHERE a.profile_id = b.old_profile_id AND a.old_profile_id <> b.old_profile_id
                       AND EXISTS (SELECT FROM pg_temp.cdp_moved m WHERE m.former_profile_id = b.old_profile_id)', space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.log_moves(regnamespace, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.log_moves(regnamespace, bigint) IS
'Writes merge_log and profile_alias for the moves in pg_temp.cdp_moved, after identity and before the profiles are rewritten.';

CREATE OR REPLACE FUNCTION cdp_internal.take_indexes(space regnamespace, relation name, indexes name[])
RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel   regclass := format('%s.%I', space, relation);
    first boolean;
    i     record;
    taken text[] := '{}';
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s) AND pg_has_role(c.relowner, ''USAGE'') FROM pg_class c WHERE c.oid = $1', rel) INTO first USING rel;
    IF NOT first THEN
        RETURN taken;
    END IF;
    FOR i IN SELECT x.indexrelid::regclass AS index, k.conname, pg_get_constraintdef(k.oid) AS as_constraint, pg_get_indexdef(x.indexrelid) AS as_index
               FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
               LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid
              WHERE x.indrelid = rel AND c.relname = ANY (indexes) ORDER BY c.relname LOOP
        IF i.conname IS NULL THEN
            EXECUTE format('DROP INDEX %s', i.index);
            taken := taken || i.as_index;
        ELSE
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rel, i.conname);
            taken := taken || format('ALTER TABLE %s ADD CONSTRAINT %I %s', rel, i.conname, i.as_constraint);
        END IF;
    END LOOP;
    RETURN taken;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.take_indexes(regnamespace, name, name[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.take_indexes(regnamespace, name, name[]) IS
'Takes away the indexes of an empty table before its first load, if the caller owns it, and returns the statements for cdp_internal.build_indexes; else nothing.';

CREATE OR REPLACE FUNCTION cdp_internal.build_indexes(taken text[])
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY taken LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.build_indexes(text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.build_indexes(text[]) IS 'Builds the indexes that cdp_internal.take_indexes has taken, each at once, sorted.';

CREATE OR REPLACE FUNCTION cdp_internal.read_sources(space regnamespace, note_changes boolean,
    OUT added bigint, OUT changed bigint, OUT removed bigint, OUT rejected bigint)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS $$
DECLARE
    taken     text[];
    s         record;
    d         record;
    r         record;
    n         int := 0;
    n_sources int;
BEGIN
    added := 0;
    changed := 0;
    removed := 0;
    rejected := 0;
    FOR r IN EXECUTE format('SELECT r.rule FROM %s.rule r WHERE NOT r.applied ORDER BY r.rule', space) LOOP
        PERFORM cdp_internal.explode_attribute(space, r.rule);
        EXECUTE format('UPDATE %s.rule SET applied = true WHERE rule = $1', space) USING r.rule;
    END LOOP;

    -- a first load into an empty table: indexes are built once, sorted, after the rows
    taken := cdp_internal.take_indexes(space, 'identifier', '{identifier_pkey,identifier_record_id_idx}');

    -- what matching compared before
    IF note_changes THEN
        EXECUTE format('CREATE TEMP TABLE cdp_former ON COMMIT DROP AS SELECT r.* FROM %s.record r WHERE false', space);
    END IF;
    EXECUTE format('SELECT count(*) FROM %s.source s WHERE NOT s.is_event', space) INTO n_sources;
    FOR s IN EXECUTE format('SELECT s.* FROM %s.source s WHERE NOT s.is_event ORDER BY s.source_id', space) LOOP
        n := n + 1;
        PERFORM cdp_internal.progress(format('space %s: reading source %s (%s of %s)', space, s.source, n, n_sources));
        EXECUTE format('UPDATE %s.source SET relation = $2, resolved_at = now() WHERE source_id = $1', space)
          USING s.source_id, cdp_internal.present_relation(s.relation, s.relation_name);
        SELECT * INTO d FROM cdp_internal.read_source(space, s.source_id, note_changes);
        added := added + d.added;
        changed := changed + d.changed;
        removed := removed + d.removed;
        rejected := rejected + d.rejected;
    END LOOP;

    IF taken <> '{}' THEN
        PERFORM cdp_internal.progress(format('space %s: building indexes', space));
        PERFORM cdp_internal.build_indexes(taken);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.read_sources(regnamespace, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.read_sources(regnamespace, boolean) IS
'Reads every record source of a space into records and identifiers; counts what was added, changed, removed and rejected. note_changes: into the work tables too. The caller holds the lock of the space and has made the work tables.';

CREATE OR REPLACE FUNCTION cdp.resolve(space regnamespace)
RETURNS TABLE (run_id bigint, records bigint, profiles bigint, added bigint, changed bigint, removed bigint, rejected bigint,
               merged bigint, split bigint, refused bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    started  timestamptz := clock_timestamp();
    common   int := cdp_internal.setting('cdp.max_records_per_value');
    model    int;
    taken    text[] := '{}';
    last_counts jsonb;
    whole    boolean;
    rewrite  boolean;
    n_records bigint;
    n_profiles bigint;
    n_added bigint; n_changed bigint; n_removed bigint; n_rejected bigint;
    n_made bigint; n_merged bigint; n_split bigint; n_refused bigint; n_affected bigint;
    info     record;
    id       bigint;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    PERFORM cdp_internal.drop_work_tables();
    PERFORM cdp_internal.make_work_tables();

    EXECUTE format('SELECT i.xmin::text AS version, i.definitions_changed FROM %s.space_info i', space) INTO info;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.identity)', space) INTO whole;
    -- the last run's limit on common values tells which hubs tied: under another one any of them may change
    EXECUTE format('SELECT r.counts FROM %s.run r WHERE r.step = ''resolve'' AND r.state = ''done'' ORDER BY r.run_id DESC LIMIT 1', space)
       INTO last_counts;
    whole := whole OR info.definitions_changed OR (last_counts ->> 'max_records_per_value')::int IS DISTINCT FROM common;
    EXECUTE format('SELECT nextval(%L)', pg_get_serial_sequence(space || '.run', 'run_id')) INTO id;

    -- what is clustered anew for other reasons leaves most profiles with the records that they had
    rewrite := whole;
    SELECT x.added, x.changed, x.removed, x.rejected INTO n_added, n_changed, n_removed, n_rejected FROM cdp_internal.read_sources(space, NOT rewrite) x;

    -- what the last run left, and what this one did to it: counting takes longer than a small run
    n_records := (last_counts ->> 'records')::bigint + n_added - n_removed;
    IF whole THEN
        EXECUTE format('SELECT count(*) FROM %s.record', space) INTO n_records;
    END IF;
    IF NOT whole AND (n_added + n_changed + n_removed) * 5 > n_records THEN
        whole := true;
    END IF;
    EXECUTE format('SELECT coalesce((SELECT m.model_id FROM %s.match_model m WHERE m.active), 0)', space) INTO model;
    whole := whole OR (last_counts ->> 'model')::int IS DISTINCT FROM model;
    IF model > 0 AND n_records > 1 THEN
        PERFORM cdp_internal.require_rules(space, model);
    END IF;
    IF NOT whole THEN
        IF model > 0 AND n_added + n_changed + n_removed > 0 THEN
            PERFORM cdp_internal.progress(format('space %s: scoring what changed', space));
            PERFORM cdp_internal.score_changed(space, model);
        END IF;
        n_affected := cdp_internal.close_affected(space, common);
        whole := n_affected * 2 > n_records;
    END IF;

    IF whole THEN
        EXECUTE format('DELETE FROM %s.link l WHERE l.origin = ''model''', space);
        EXECUTE format('DELETE FROM %s.refused_merge', space);
        PERFORM cdp_internal.progress(format('space %s: clustering %s records', space, n_records));
        PERFORM cdp_internal.analyze_table(space, 'record'), cdp_internal.analyze_table(space, 'identifier');
    ELSE
        EXECUTE format('DELETE FROM %s.refused_merge f
                         WHERE f.record_a IN (SELECT a.record_id FROM pg_temp.cdp_affected a) OR f.record_b IN (SELECT a.record_id FROM pg_temp.cdp_affected a)', space);
        PERFORM cdp_internal.progress(format('space %s: clustering %s of %s records', space, n_affected, n_records));
    END IF;
    -- a first scoring writes a link for most records: the indexes are built after them, at once
    IF whole AND model > 0 THEN
        taken := cdp_internal.take_indexes(space, 'link', '{link_pkey,link_record_b_idx}');
    END IF;
    CREATE TEMP TABLE cdp_clustered ON COMMIT DROP AS SELECT m.* FROM cdp_internal.cluster(space, NOT whole, common, model) m;
    PERFORM cdp_internal.build_indexes(taken);
    CREATE TEMP TABLE cdp_moved ON COMMIT DROP AS
    SELECT m.record_id, m.former_profile_id, m.profile_id FROM pg_temp.cdp_clustered m WHERE m.former_profile_id IS DISTINCT FROM m.profile_id;
    ANALYZE pg_temp.cdp_moved;

    EXECUTE format('UPDATE %s.identity i SET profile_id = m.profile_id, since = now() FROM pg_temp.cdp_moved m
                     WHERE i.record_id = m.record_id AND m.former_profile_id IS NOT NULL', space);
    -- a first clustering places every record: indexes after the rows, as above
    taken := CASE WHEN whole THEN cdp_internal.take_indexes(space, 'identity', '{identity_pkey,identity_profile_id_idx}') ELSE '{}' END;
    EXECUTE format('INSERT INTO %s.identity (record_id, profile_id) SELECT m.record_id, m.profile_id FROM pg_temp.cdp_moved m WHERE m.former_profile_id IS NULL', space);
    PERFORM cdp_internal.build_indexes(taken);
    PERFORM cdp_internal.log_moves(space, id);

    IF whole THEN
        PERFORM cdp_internal.analyze_table(space, 'identity'), cdp_internal.analyze_table(space, 'link');
    END IF;
    IF NOT rewrite THEN
        EXECUTE format('INSERT INTO pg_temp.cdp_stale
                        SELECT m.profile_id FROM pg_temp.cdp_moved m
                        UNION SELECT m.former_profile_id FROM pg_temp.cdp_moved m WHERE m.former_profile_id IS NOT NULL
                        UNION SELECT i.profile_id FROM pg_temp.cdp_changed c JOIN %s.identity i USING (record_id)', space);
        ANALYZE pg_temp.cdp_stale;
    END IF;
    PERFORM cdp_internal.progress(format('space %s: writing profiles', space));
    PERFORM cdp_internal.write_weakest_links(space, NOT whole);
    n_made := cdp_internal.write_profiles(space, NOT rewrite, model);
    n_profiles := (last_counts ->> 'profiles')::bigint + n_made;
    IF whole THEN
        EXECUTE format('SELECT count(*) FROM %s.profile', space) INTO n_profiles;
    END IF;
    -- what was made just now has it; without a model there is none, and a run over changes has the model of the last one
    IF n_profiles <> n_made AND (whole OR model > 0) THEN
        PERFORM cdp_internal.write_confidence(space, model, NOT whole);
    END IF;
    IF model = 0 AND whole THEN
        PERFORM cdp_internal.drop_match_keys(space);
    END IF;
    -- what others changed while this run went on is the next one's business
    EXECUTE format('UPDATE %s.space_info i SET definitions_changed = false WHERE i.definitions_changed AND i.xmin::text = $1', space) USING info.version;

    EXECUTE format('SELECT count(*) FILTER (WHERE l.action = ''merged''), count(*) FILTER (WHERE l.action = ''split'') FROM %s.merge_log l WHERE l.run_id = $1', space)
       INTO n_merged, n_split USING id;
    EXECUTE format('SELECT count(*) FROM %s.refused_merge', space) INTO n_refused;
    EXECUTE format('INSERT INTO %s.run (run_id, step, state, started_at, finished_at, counts) VALUES ($1, ''resolve'', ''done'', $2, clock_timestamp(), $3)', space)
      USING id, started, jsonb_build_object('records', n_records, 'profiles', n_profiles, 'added', n_added, 'changed', n_changed, 'removed', n_removed,
                                            'rejected', n_rejected, 'merged', n_merged, 'split', n_split, 'refused', n_refused, 'whole', whole, 'max_records_per_value', common,
                                            'model', model);
    PERFORM cdp_internal.drop_work_tables();
    RETURN QUERY SELECT id, n_records, n_profiles, n_added, n_changed, n_removed, n_rejected, n_merged, n_split, n_refused;
END
$$;
REVOKE ALL ON FUNCTION cdp.resolve(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.resolve(regnamespace) IS
'Brings every source''s rows in, decides which records are one person, and writes the profiles, in one transaction; returns one row of counts. Only what changed since the last run is cleaned, clustered and written.
records and profiles: in the space now. added, changed, removed: source rows. rejected: values refused by cleaning in this run. merged, split: profiles. refused: evidence that a constraint refuses at present (table refused_merge).
Other sessions see how far it is in pg_stat_activity.
Errors: CDP20 no space, CDP22 another session resolves it, CDP41 CDP44 CDP46 a source is gone, altered or not readable, CDP42 CDP43 a key is not unique or null. A failed run changes nothing.
Example: SELECT * FROM cdp.resolve(''customer'');';
