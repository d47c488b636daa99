-- segment: named conditions over profiles, and who met them when.

CREATE OR REPLACE FUNCTION cdp_internal.condition_parts(
    condition text, relation regclass, what text, OUT depth int, OUT part text, OUT sql text, OUT reads text[])
RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_condition_parts';
REVOKE ALL ON FUNCTION cdp_internal.condition_parts(text, regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.condition_parts(text, regclass, text) IS
'The parts of a condition over relation, top down: "all of", "any of" and "not" hold the deeper parts that follow; others are conditions of their own.
sql is a part''s stored form, reads the columns that a part of its own reads. Checks like cdp_internal.check_expression.';

CREATE OR REPLACE FUNCTION cdp_internal.segment_id(space regnamespace, segment text)
RETURNS int
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_id int;
BEGIN
    IF cdp_internal.require_space(space) IS NULL THEN
        RAISE EXCEPTION 'no space is given' USING ERRCODE = 'CDP20',
            HINT = 'Name a space that cdp.create_space made.';
    END IF;
    EXECUTE format('SELECT g.segment_id FROM %s.segment AS g WHERE g.segment = $1', space) INTO found_id USING segment;
    IF found_id IS NULL THEN
        RAISE EXCEPTION 'segment "%" does not exist', left(segment, 200) USING ERRCODE = 'CDP70',
            HINT = format('List segments with SELECT segment FROM %s.segment.', space);
    END IF;
    RETURN found_id;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.segment_id(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.segment_id(regnamespace, text) IS 'The id of a segment; CDP70 when there is none of that name.';

CREATE OR REPLACE FUNCTION cdp.define_segment(
    space regnamespace, segment text, condition text, description text DEFAULT NULL, replace boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    profile  regclass;
    what     text := format('the condition of segment "%s"', segment);
    compiled text;
    reads    name[];
    is_known boolean;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF segment IS NULL OR btrim(segment) = '' OR length(segment) > 200 THEN
        RAISE EXCEPTION 'a segment needs a name of 1 to 200 characters' USING ERRCODE = 'CDP23',
            HINT = 'Choose one such as lapsed_big_spenders.';
    END IF;
    PERFORM cdp_internal.lock_segments(space);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s.segment AS g WHERE g.segment = $1)', space) INTO is_known USING segment;
    IF is_known AND replace IS NOT TRUE THEN
        RAISE EXCEPTION 'segment "%" exists already', segment USING ERRCODE = 'CDP72',
            HINT = 'Add replace => true to give it another condition (its history stays), or choose another name.';
    END IF;
    profile := format('%s.profile', space);
    SELECT c.sql INTO compiled FROM cdp_internal.check_expression(condition, profile, what, 'boolean') AS c;
    reads := cdp_internal.expression_columns(compiled, profile, what);
    EXECUTE format($sql$
        INSERT INTO %s.segment AS g (segment, condition, checked, reads, description) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (segment) DO UPDATE SET condition = excluded.condition, checked = excluded.checked, reads = excluded.reads,
            description = excluded.description, defined_at = excluded.defined_at, defined_by = excluded.defined_by
        $sql$, space) USING segment, condition, compiled, reads, description;
END
$$;
REVOKE ALL ON FUNCTION cdp.define_segment(regnamespace, text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp.define_segment(regnamespace, text, text, text, boolean) IS
'Declares a segment: a boolean expression over the columns of the space''s profile (attributes and traits). Its members are found by cdp.refresh_segments.
A condition that is null for a profile does not hold. Functions and types of your own need their schema''s name.
replace => true gives an existing segment another condition; its membership history stays.
Errors: CDP20 no such space, CDP22 another session is at it, CDP23 bad name, CDP72 the segment exists,
CDP30 to CDP32 and 42601, 42703, 42883 bad conditions (with position).
Example: SELECT cdp.define_segment(''customer'', ''lapsed_big_spenders'', ''lifetime_spend > 500 AND last_order_at < now() - interval ''''90 days'''''');';

CREATE OR REPLACE FUNCTION cdp.drop_segment(space regnamespace, segment text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    dropped_id int := cdp_internal.segment_id(space, segment);
BEGIN
    PERFORM cdp_internal.lock_segments(space);
    EXECUTE format('DELETE FROM %s.segment_member AS m WHERE m.segment_id = $1', space) USING dropped_id;
    EXECUTE format('DELETE FROM %s.segment AS g WHERE g.segment_id = $1', space) USING dropped_id;
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_segment(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_segment(regnamespace, text) IS
'Drops a segment with its membership history.
Errors: CDP20 no such space, CDP22 another session is at it, CDP70 no such segment.
Example: SELECT cdp.drop_segment(''customer'', ''lapsed_big_spenders'');';

CREATE OR REPLACE FUNCTION cdp.refresh_segments(space regnamespace)
RETURNS TABLE (segment text, size bigint, entered bigint, "left" bigint, as_of timestamptz)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    started_at timestamptz := clock_timestamp();
    this_time  timestamptz;
    definition record;
    compiled   text;
    names      text[] := '{}';
    tests      text[] := '{}';
    one        record;
    state      text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_segments(space);
    PERFORM FROM cdp.refresh_traits(space);

    FOR definition IN EXECUTE format('SELECT g.segment_id, g.segment, g.checked FROM %s.segment AS g ORDER BY g.segment_id', space)
    LOOP
        SELECT c.sql INTO compiled FROM cdp_internal.check_expression(definition.checked, format('%s.profile', space)::regclass,
            format('segment "%s" does not fit the profile any more and must be defined anew', definition.segment), 'boolean') AS c;
        names := names || definition.segment::text;
        tests := tests || format('CASE WHEN %s THEN %s END', compiled, definition.segment_id);
    END LOOP;
    PERFORM cdp_internal.progress(format('evaluating %s segments over profiles', cardinality(tests)));

    -- Times of refreshes increase strictly, so that memberships never overlap or have no length:
    -- also when a transaction refreshes twice, or began before one that refreshed meanwhile.
    EXECUTE format('SELECT greatest(now(), max(g.refreshed_at) + interval ''1 microsecond'') FROM %s.segment AS g', space) INTO this_time;
    BEGIN
        RETURN QUERY EXECUTE format($sql$
            WITH holds AS (
                SELECT s.profile_id, unnest(array_remove(ARRAY[%2$s]::int[], NULL)) AS segment_id FROM %1$s.profile AS s
            ), member AS (
                SELECT m.profile_id, m.segment_id FROM %1$s.segment_member AS m WHERE m.left_at IS NULL
            ), difference AS MATERIALIZED (
                SELECT coalesce(h.profile_id, m.profile_id) AS profile_id, coalesce(h.segment_id, m.segment_id) AS segment_id,
                       m.profile_id IS NULL AS has_entered
                FROM holds AS h FULL JOIN member AS m ON m.profile_id = h.profile_id AND m.segment_id = h.segment_id
                WHERE h.profile_id IS NULL OR m.profile_id IS NULL
            ), closed AS (
                UPDATE %1$s.segment_member AS m SET left_at = $1
                FROM difference AS d
                WHERE NOT d.has_entered AND m.segment_id = d.segment_id AND m.profile_id = d.profile_id AND m.left_at IS NULL
            ), opened AS (
                INSERT INTO %1$s.segment_member (segment_id, profile_id, entered_at)
                SELECT d.segment_id, d.profile_id, $1 FROM difference AS d WHERE d.has_entered ORDER BY d.segment_id, d.profile_id
            ), sums AS (
                SELECT d.segment_id, count(*) FILTER (WHERE d.has_entered) AS entered, count(*) FILTER (WHERE NOT d.has_entered) AS gone
                FROM difference AS d GROUP BY d.segment_id
            ), former AS (
                SELECT m.segment_id, count(*) AS size FROM member AS m GROUP BY m.segment_id
            )
            UPDATE %1$s.segment AS g
            SET refreshed_at = $1, size = coalesce(n.size, 0) + coalesce(n.entered, 0) - coalesce(n.gone, 0)
            FROM (SELECT a.segment_id, f.size, c.entered, c.gone
                  FROM %1$s.segment AS a LEFT JOIN former AS f ON f.segment_id = a.segment_id LEFT JOIN sums AS c ON c.segment_id = a.segment_id) AS n
            WHERE n.segment_id = g.segment_id
            RETURNING g.segment::text, g.size, coalesce(n.entered, 0), coalesce(n.gone, 0), g.refreshed_at
            $sql$, space, array_to_string(tests, ', ')) USING this_time;
    EXCEPTION WHEN data_exception THEN
        -- tested one by one, the segment that fails tells its name; the message of its error may hold a person's value
        FOR one IN SELECT u.name, u.test FROM ROWS FROM (unnest(names), unnest(tests)) AS u (name, test) LOOP
            BEGIN
                EXECUTE format('SELECT count(%s) FROM %s.profile AS s', one.test, space);
            EXCEPTION WHEN data_exception THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
                RAISE EXCEPTION 'segment "%" cannot be evaluated: its condition fails on a row (SQLSTATE %)', one.name, state USING ERRCODE = state,
                    HINT = format('Define it anew with a condition that holds for every row (replace => true), such as one with nullif() around a divisor, or drop it with cdp.drop_segment(%L, %L).',
                                  space, one.name);
            END;
        END LOOP;
        RAISE;
    END;

    EXECUTE format($sql$
        INSERT INTO %1$s.run (step, state, started_at, finished_at, counts)
        SELECT 'refresh_segments', 'done', $1, clock_timestamp(), jsonb_build_object('segments', count(*), 'sizes', jsonb_object_agg(g.segment, g.size) FILTER (WHERE g.segment IS NOT NULL))
        FROM %1$s.segment AS g
        $sql$, space) USING started_at;
END
$$;
REVOKE ALL ON FUNCTION cdp.refresh_segments(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.refresh_segments(regnamespace) IS
'Computes all traits, then who meets each segment''s condition, in one pass over the profiles; those who left are closed and those who entered are opened,
as of one time for all. Only what changed is written. Gives per segment its size and how many entered and left, and leaves a row in the space''s run table. All or nothing.
Errors: those of cdp.refresh_traits, those of class 22, naming the segment, when its condition fails on a row, and those of cdp_internal.check_expression, naming the segment, when a column that its condition reads was dropped or changed its type.
Example: SELECT * FROM cdp.refresh_segments(''customer'');';

CREATE OR REPLACE FUNCTION cdp.members(space regnamespace, segment text, at timestamptz DEFAULT NULL)
RETURNS TABLE (profile_id bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted_id int := cdp_internal.segment_id(space, segment);
BEGIN
    IF at IS NULL THEN
        RETURN QUERY EXECUTE format('SELECT m.profile_id FROM %s.segment_member AS m WHERE m.segment_id = $1 AND m.left_at IS NULL', space)
        USING wanted_id;
    ELSE
        RETURN QUERY EXECUTE format(
            'SELECT m.profile_id FROM %s.segment_member AS m WHERE m.segment_id = $1 AND m.entered_at <= $2 AND (m.left_at IS NULL OR m.left_at > $2)', space)
        USING wanted_id, at;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.members(regnamespace, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp.members(regnamespace, text, timestamptz) IS
'The profiles in a segment as of its last refresh; or those who were in it at a time.
Past members may have been merged since: cdp.current_profile says into whom.
Errors: CDP20 no such space, CDP70 no such segment.
Example: SELECT p.* FROM customer.profile AS p JOIN cdp.members(''customer'', ''lapsed_big_spenders'') AS m ON m.profile_id = p.profile_id;';

CREATE OR REPLACE FUNCTION cdp.in_segment(space regnamespace, segment text, profile_id bigint)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'cdp_in_segment';
REVOKE ALL ON FUNCTION cdp.in_segment(regnamespace, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp.in_segment(regnamespace, text, bigint) IS
'Whether a profile is in a segment as of its last refresh; false for a profile that does not exist. For many profiles join cdp.members instead.
Errors: CDP20 no such space, CDP70 no such segment.
Example: SELECT cdp.in_segment(''customer'', ''lapsed_big_spenders'', 42);';

CREATE OR REPLACE FUNCTION cdp.explain_segment(space regnamespace, segment text, profile_id bigint)
RETURNS TABLE (part text, value text, holds boolean)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
AS $$
#variable_conflict use_column
DECLARE
    wanted_id int := cdp_internal.segment_id(space, explain_segment.segment);
    compiled  text;
    parts     text;
BEGIN
    EXECUTE format('SELECT g.checked FROM %s.segment AS g WHERE g.segment_id = $1', space) INTO compiled USING wanted_id;
    SELECT string_agg(format('(%s, %L, %s, %s)', c.no, repeat('  ', c.depth) || c.part,
                             coalesce((SELECT string_agg(format('%L || coalesce(s.%I::text, ''NULL'')', u.name || ' = ', u.name), ' || '', '' || ' ORDER BY u.no)
                                       FROM unnest(c.reads) WITH ORDINALITY AS u (name, no)), 'NULL'),
                             c.sql), ', ' ORDER BY c.no)
    INTO parts
    FROM cdp_internal.condition_parts(compiled, format('%s.profile', space)::regclass,
             format('segment "%s" does not fit the profile any more and must be defined anew', explain_segment.segment)) WITH ORDINALITY AS c (depth, part, sql, reads, no);
    RETURN QUERY EXECUTE format(
        'SELECT v.part, v.value, v.holds FROM %s.profile AS s CROSS JOIN LATERAL (VALUES %s) AS v (no, part, value, holds) WHERE s.profile_id = $1 ORDER BY v.no',
        space, parts) USING explain_segment.profile_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'profile % does not exist', explain_segment.profile_id USING ERRCODE = 'CDP61',
            HINT = format('If it was merged, cdp.current_profile(%L, %s) says into whom.', space, coalesce(explain_segment.profile_id::text, 'NULL'));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.explain_segment(regnamespace, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp.explain_segment(regnamespace, text, bigint) IS
'Why a profile meets a segment''s condition or not, on its present values: each AND, OR and NOT part with the parts it holds indented below,
the values of the columns that a part reads, and whether it holds (null: unknown, as when a value is missing).
Errors: CDP20 no such space, CDP61 no such profile, CDP70 no such segment.
Example: SELECT * FROM cdp.explain_segment(''customer'', ''lapsed_big_spenders'', 42);';
