-- segment: traits, the computed columns of the profile.

CREATE OR REPLACE FUNCTION cdp_internal.filter_aggregates(
    expression text, relation regclass, what text, condition text, condition_what text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_filter_aggregates';
REVOKE ALL ON FUNCTION cdp_internal.filter_aggregates(text, regclass, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.filter_aggregates(text, regclass, text, text, text) IS
'The stored form of an aggregate expression over relation with condition put as FILTER on each of its aggregates.
Both are checked like cdp_internal.check_expression checks; the two whats start their error messages.';

CREATE OR REPLACE FUNCTION cdp_internal.lock_segments(space regnamespace)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF space IS NULL THEN
        RAISE EXCEPTION 'no space is given' USING ERRCODE = 'CDP20',
            HINT = 'Name a space that cdp.create_space made.';
    END IF;
    IF NOT pg_try_advisory_xact_lock(1668313186, space::oid::int) THEN
        RAISE EXCEPTION 'traits or segments of space % are being refreshed or defined by another session', space USING ERRCODE = 'CDP22',
            HINT = 'Wait until it has ended: pg_stat_activity shows how far it is.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.lock_segments(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.lock_segments(regnamespace) IS
'Takes the lock under which traits and segments of a space are defined and refreshed, until the transaction ends; CDP22 when another session holds it, CDP20 when space is null.';

CREATE OR REPLACE FUNCTION cdp_internal.trait_rows(space regnamespace, source_id int)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    src    record;
    kind   record;
    keys   text[] := '{}';
    joins  text := '';
    owners text[] := '{}';
    owner  text := 'd.profile_id';
    rows   text;
BEGIN
    EXECUTE format('SELECT s.*, coalesce(s.region, i.region) AS any_region FROM %1$s.source AS s CROSS JOIN %1$s.space_info AS i WHERE s.source_id = $1', space)
    INTO src USING source_id;
    IF src.is_event THEN
        -- The first identifier that exactly one profile holds says whose row it is: row keys of sources
        -- before attributes, those by priority. Values are cleaned and keyed like those of records;
        -- in a subquery of its own, so that each is computed once per row.
        FOR kind IN EXECUTE format($sql$
            SELECT f.key AS name, f.value AS expression, coalesce(k.clean_sql, '{v}') AS clean_sql, coalesce(k.key_sql, '{v}') AS key_sql,
                   row_number() OVER (ORDER BY coalesce(a.kind, 'reference') <> 'reference', a.priority, f.key COLLATE "C") AS no
            FROM jsonb_each_text($1) AS f
            LEFT JOIN %1$s.attribute AS a ON a.attribute = f.key
            LEFT JOIN cdp_internal.kinds() AS k ON k.kind = a.kind
            ORDER BY no
            $sql$, space) USING src.fields
        LOOP
            keys := keys || format('%s AS v%s',
                replace(kind.key_sql, '{v}', format('(%s)',
                    replace(replace(replace(kind.clean_sql, '{o}', quote_literal(src.date_order)), '{r}', quote_literal(src.any_region)), '{v}', format('(%s)',
                        (SELECT c.sql FROM cdp_internal.check_expression(kind.expression, src.relation,
                             format('the identifier "%s" of source "%s"', kind.name, src.source), 'text') AS c))))), kind.no);
            joins := joins || format($sql$
                LEFT JOIN (SELECT i.value, min(d.profile_id) AS profile_id
                           FROM %1$s.identifier AS i JOIN %1$s.identity AS d ON d.record_id = i.record_id
                           WHERE i.kind = %3$L AND NOT i.blocked
                           GROUP BY i.value HAVING min(d.profile_id) = max(d.profile_id)) AS k%2$s
                  ON k%2$s.value = (cdp_internal.hub_value(q.v%2$s) COLLATE "C")$sql$, space, kind.no, kind.name);
            owners := owners || format('k%s.profile_id', kind.no);
        END LOOP;
        IF owners = '{}' THEN
            RAISE EXCEPTION 'source "%" has no identifiers, so its rows belong to nobody', src.source USING ERRCODE = 'CDP23',
                HINT = 'Register it again with at least one identifier.';
        END IF;
        joins := format('CROSS JOIN LATERAL (SELECT %s OFFSET 0) AS q ', array_to_string(keys, ', ')) || joins;
        owner := format('coalesce(%s)', array_to_string(owners, ', '));
    ELSE
        joins := format($sql$
            JOIN %1$s.record AS r ON r.source_id = %2$s AND r.source_key = ((%3$s) COLLATE "C")
            JOIN %1$s.identity AS d ON d.record_id = r.record_id$sql$,
            space, source_id,
            (SELECT c.sql FROM cdp_internal.check_expression(src.key, src.relation, format('the key of source "%s"', src.source), 'text') AS c));
    END IF;
    rows := format('%s AS s %s WHERE %s IS NOT NULL', src.relation, joins, owner);
    IF src.filter IS NOT NULL THEN
        rows := rows || format(' AND (%s)',
            (SELECT c.sql FROM cdp_internal.check_expression(src.filter, src.relation, format('the filter of source "%s"', src.source), 'boolean') AS c));
    END IF;
    RETURN format('SELECT %s AS profile_id, %%s FROM %s%%s GROUP BY 1', owner, replace(rows, '%', '%%'));
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.trait_rows(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.trait_rows(regnamespace, int) IS
'The query that groups a source''s rows (s) by the profile they belong to: a format() text with one place for the aggregates and one for a further AND condition.';

CREATE OR REPLACE FUNCTION cdp_internal.write_traits(space regnamespace, traits text[], expressions text[], other_rows text DEFAULT '')
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS $$
DECLARE
    changed bigint[];
    parts   record;
    one     record;
    state   text;
BEGIN
    -- Values are compared by their bytes, so that every type can be a trait and only what changed is written.
    SELECT string_agg(format('%I = n.n%s', t.trait, t.no), ', ' ORDER BY t.no) AS assignments,
           string_agg(format('s.%I AS o%s', t.trait, t.no), ', ' ORDER BY t.no) AS olds,
           string_agg(format('%s AS n%s', t.expression, t.no), ', ' ORDER BY t.no) AS news,
           string_agg(format('record_image_ne(ROW(n.o%1$s), ROW(n.n%1$s)) AS d%1$s', t.no), ', ' ORDER BY t.no) AS flags,
           string_agg(format('record_image_ne(ROW(n.o%1$s), ROW(n.n%1$s))', t.no), ' OR ' ORDER BY t.no) AS is_changed,
           string_agg(format('count(*) FILTER (WHERE c.d%s)', t.no), ', ' ORDER BY t.no) AS counts
    INTO parts
    FROM ROWS FROM (unnest(traits), unnest(expressions)) WITH ORDINALITY AS t (trait, expression, no);
    BEGIN
        EXECUTE format($sql$
            WITH changed AS (
                UPDATE %1$s.profile AS p SET %2$s
                FROM (SELECT s.profile_id, %3$s, %4$s FROM %1$s.profile AS s %5$s) AS n
                WHERE p.profile_id = n.profile_id AND (%6$s)
                RETURNING %7$s)
            SELECT ARRAY[%8$s] FROM changed AS c
            $sql$, space, parts.assignments, parts.olds, parts.news, other_rows, parts.is_changed, parts.flags, parts.counts)
        INTO changed;
    EXCEPTION WHEN data_exception THEN
        -- computed one by one, the trait that fails tells its name; the message of its error may hold a person's value
        FOR one IN SELECT t.trait, t.expression FROM ROWS FROM (unnest(traits), unnest(expressions)) AS t (trait, expression) LOOP
            BEGIN
                EXECUTE format('SELECT count(n.value) FROM (SELECT %s AS value FROM %s.profile AS s %s) AS n', one.expression, space, other_rows);
            EXCEPTION WHEN data_exception THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
                RAISE EXCEPTION 'trait "%" cannot be computed: its expression fails on a row (SQLSTATE %)', one.trait, state USING ERRCODE = state,
                    HINT = format('Define it anew with an expression that holds for every row (replace => true), such as one with nullif() around a divisor, or drop it with cdp.drop_trait(%L, %L).',
                                  space, one.trait);
            END;
        END LOOP;
        RAISE;
    END;
    EXECUTE format('UPDATE %s.trait AS t SET refreshed_at = now() WHERE t.trait = ANY ($1)', space) USING traits;
    RETURN changed;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.write_traits(regnamespace, text[], text[], text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.write_traits(regnamespace, text[], text[], text) IS
'Writes traits from checked expressions over the profile s, and over other rows that are joined to it; gives how many profiles changed, per trait.
Compiling the expressions (jit) costs more than it saves at a million profiles.';

CREATE OR REPLACE FUNCTION cdp_internal.trait_column(space regnamespace, trait text)
RETURNS regtype
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    column_type regtype;
BEGIN
    SELECT a.atttypid INTO column_type
    FROM pg_attribute AS a
    WHERE a.attrelid = format('%s.profile', space)::regclass AND a.attname = trait AND a.attnum > 0 AND NOT a.attisdropped;
    IF column_type IS NULL THEN
        RAISE EXCEPTION 'trait "%" has lost its column of %.profile', trait, space USING ERRCODE = 'CDP71',
            HINT = format('Drop it with cdp.drop_trait(%L, %L) and define it again.', space, trait);
    END IF;
    RETURN column_type;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.trait_column(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.trait_column(regnamespace, text) IS
'The type of a trait''s column of the profile; CDP71 when the column is gone.';

CREATE OR REPLACE FUNCTION cdp_internal.trait_users(space regnamespace, trait text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    users text;
BEGIN
    EXECUTE format($sql$
        SELECT string_agg(u.what, ', ' ORDER BY u.what COLLATE "C")
        FROM (SELECT format('trait "%%s"', t.trait) AS what FROM %1$s.trait AS t WHERE t.source_id IS NULL AND $1 = ANY (t.reads) AND t.trait <> $1
              UNION ALL
              SELECT format('segment "%%s"', g.segment) FROM %1$s.segment AS g WHERE $1 = ANY (g.reads)) AS u
        $sql$, space) INTO users USING trait;
    RETURN users;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.trait_users(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.trait_users(regnamespace, text) IS 'The traits and segments that read a trait, as text for messages; null when none does.';

CREATE OR REPLACE FUNCTION cdp.define_trait(
    space regnamespace, trait text, expression text, source text DEFAULT NULL, filter text DEFAULT NULL,
    within interval DEFAULT NULL, description text DEFAULT NULL, replace boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    profile   regclass;
    old       record;
    src       record;
    source_id int;
    relation  regclass;
    checked   record;
    compiled  text;
    times     text;
    narrowed  text[] := '{}';
    reads     name[];
    later     text;
    users     text;
    what      text := format('the expression of trait "%s"', trait);
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF trait IS NULL OR trait = '' OR octet_length(trait) > 63 THEN
        RAISE EXCEPTION 'a trait needs a name of 1 to 63 bytes' USING ERRCODE = 'CDP23',
            HINT = 'The name becomes a column of the profile: choose one such as orders_365d.';
    END IF;
    IF within <= interval '0' THEN
        RAISE EXCEPTION 'the time within which rows count for trait "%" must be positive', trait USING ERRCODE = 'CDP23',
            HINT = 'Give an interval such as ''90 days''.';
    END IF;
    PERFORM cdp_internal.lock_segments(space);
    profile := format('%s.profile', space);

    EXECUTE format('SELECT t.* FROM %s.trait AS t WHERE t.trait = $1', space) INTO old USING trait;
    IF old.trait IS NOT NULL AND replace IS NOT TRUE THEN
        RAISE EXCEPTION 'trait "%" exists already', trait USING ERRCODE = 'CDP73',
            HINT = 'Add replace => true to define it anew, or choose another name.';
    END IF;
    IF old.trait IS NULL THEN
        EXECUTE format($sql$
            SELECT CASE WHEN EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attname = $2 AND NOT a.attisdropped) THEN 'a column of the profile'
                        WHEN EXISTS (SELECT FROM %s.attribute AS a WHERE a.attribute = $2) THEN 'an attribute' END
            $sql$, space) INTO later USING profile, trait;
        IF later IS NOT NULL THEN
            RAISE EXCEPTION 'the name "%" is taken: it is % already', trait, later USING ERRCODE = 'CDP73',
                HINT = 'Choose another name.';
        END IF;
    END IF;

    IF source IS NULL THEN
        IF filter IS NOT NULL OR within IS NOT NULL THEN
            RAISE EXCEPTION 'trait "%" has a filter or a time within which rows count, but no source whose rows they choose', trait USING ERRCODE = 'CDP23',
                HINT = 'Add source => the name of a registered source, or remove filter and within.';
        END IF;
        SELECT c.sql, c.type INTO checked FROM cdp_internal.check_expression(expression, profile, what) AS c;
        compiled := checked.sql;
        reads := cdp_internal.expression_columns(compiled, profile, what);
        IF old.trait IS NOT NULL THEN
            EXECUTE format('SELECT t.trait FROM %s.trait AS t WHERE t.trait = ANY ($1) AND t.trait_no >= $2 AND (t.source_id IS NULL OR t.trait_no = $2) LIMIT 1', space)
            INTO later USING reads, old.trait_no;
            IF later IS NOT NULL THEN
                RAISE EXCEPTION 'trait "%" cannot read trait "%", which is computed after it', trait, later USING ERRCODE = 'CDP32',
                    HINT = 'Traits are computed in the order in which they were first defined: define a new trait instead.';
            END IF;
        END IF;
    ELSE
        EXECUTE format('SELECT s.* FROM %s.source AS s WHERE s.source = $1', space) INTO src USING source;
        IF src.source_id IS NULL THEN
            RAISE EXCEPTION 'source "%" does not exist', source USING ERRCODE = 'CDP40',
                HINT = format('List sources with SELECT source FROM %s.source.', space);
        END IF;
        source_id := src.source_id;
        relation := src.relation;
        SELECT c.sql, c.type INTO checked FROM cdp_internal.check_expression(expression, relation, what, NULL, true) AS c;
        compiled := checked.sql;
        IF filter IS NOT NULL THEN
            narrowed := narrowed || (SELECT c.sql FROM cdp_internal.check_expression(filter, relation, format('the filter of trait "%s"', trait), 'boolean') AS c);
        END IF;
        IF within IS NOT NULL THEN
            IF src.observed_at IS NULL THEN
                RAISE EXCEPTION 'source "%" does not say when its rows were observed, so trait "%" cannot count those of a time', source, trait USING ERRCODE = 'CDP23',
                    HINT = 'Register the source with an observed_at expression, or write the time into filter.';
            END IF;
            SELECT c.sql INTO times FROM cdp_internal.check_expression(src.observed_at, relation, format('the time of source "%s"', source), 'timestamptz') AS c;
            narrowed := narrowed || format('(%1$s) > now() - %2$L::interval AND (%1$s) <= now()', times, within);
        END IF;
        IF narrowed <> '{}' THEN
            compiled := cdp_internal.filter_aggregates(compiled, relation, what, '(' || array_to_string(narrowed, ') AND (') || ')',
                format('the filter of trait "%s"', trait));
        END IF;
        reads := cdp_internal.expression_columns(compiled, relation, what, true);
        -- fails now, not at the first refresh, when the source's own expressions do not hold any more
        PERFORM cdp_internal.trait_rows(space, src.source_id);
    END IF;

    IF old.trait IS NULL THEN
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', profile, trait, checked.type);
        EXECUTE format($sql$
            INSERT INTO %s.trait (trait, expression, source_id, filter, within, checked, reads, result_type, description)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)$sql$, space)
        USING trait, expression, source_id, filter, within, compiled, reads, checked.type::text, description;
    ELSE
        IF cdp_internal.trait_column(space, trait) <> checked.type THEN
            users := cdp_internal.trait_users(space, trait);
            IF users IS NOT NULL THEN
                RAISE EXCEPTION 'trait "%" cannot change its type from % to %: it is used by %', trait, old.result_type, checked.type, users USING ERRCODE = 'CDP74',
                    HINT = 'Cast the expression to the former type, or drop those first.';
            END IF;
            EXECUTE format('ALTER TABLE %s DROP COLUMN %I, ADD COLUMN %2$I %3$s', profile, trait, checked.type);
        END IF;
        EXECUTE format($sql$
            UPDATE %s.trait AS t SET expression = $2, source_id = $3, filter = $4, within = $5, checked = $6, reads = $7, result_type = $8,
                description = $9, defined_at = now(), defined_by = session_user, refreshed_at = NULL
            WHERE t.trait = $1$sql$, space)
        USING trait, expression, source_id, filter, within, compiled, reads, checked.type::text, description;
    END IF;
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', profile, trait, coalesce(description, 'trait: ' || left(expression, 200)));
END
$$;
REVOKE ALL ON FUNCTION cdp.define_trait(regnamespace, text, text, text, text, interval, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp.define_trait(regnamespace, text, text, text, text, interval, text, boolean) IS
'Declares a trait: a computed column of the profile, filled by cdp.refresh_traits (NULL until then).
With a source, expression is an aggregate expression over those of its rows that belong to the profile, such as count(*), sum(total) or max(ordered_at);
filter (a boolean expression over the row) and within (the row''s observed_at lies between now() - within and now()) choose the rows.
A profile without such rows gets what the aggregate gives on none: 0 for count, NULL for most.
Rows of an event source belong to the one profile that holds the first of their identifiers that one profile alone holds.
Without a source, expression reads the profile''s own columns, earlier traits included.
replace => true defines an existing trait anew.
Errors: CDP20 no such space, CDP22 another session is at it, CDP23 bad name or arguments, CDP30 to CDP32 and 42601, 42703, 42883 bad expressions (with position),
CDP40 no such source, CDP73 the name is taken, CDP74 the type of a trait in use would change.
Example: SELECT cdp.define_trait(''customer'', ''orders_365d'', ''count(*)'', source => ''shop.orders'', within => ''365 days'');';

CREATE OR REPLACE FUNCTION cdp.drop_trait(space regnamespace, trait text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_trait text;
    users       text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_segments(space);
    EXECUTE format('SELECT t.trait FROM %s.trait AS t WHERE t.trait = $1', space) INTO found_trait USING trait;
    IF found_trait IS NULL THEN
        RAISE EXCEPTION 'trait "%" does not exist', trait USING ERRCODE = 'CDP71',
            HINT = format('List traits with SELECT trait FROM %s.trait.', space);
    END IF;
    users := cdp_internal.trait_users(space, trait);
    IF users IS NOT NULL THEN
        RAISE EXCEPTION 'trait "%" is used by %', trait, users USING ERRCODE = 'CDP74',
            HINT = 'Drop those first with cdp.drop_segment or cdp.drop_trait, or define them anew without it (replace => true).';
    END IF;
    EXECUTE format('ALTER TABLE %s.profile DROP COLUMN IF EXISTS %I', space, trait);
    EXECUTE format('DELETE FROM %s.trait AS t WHERE t.trait = $1', space) USING trait;
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_trait(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_trait(regnamespace, text) IS
'Drops a trait and its column of the profile.
Errors: CDP20 no such space, CDP22 another session is at it, CDP71 no such trait, CDP74 a segment or another trait uses it.
Example: SELECT cdp.drop_trait(''customer'', ''orders_365d'');';

CREATE OR REPLACE FUNCTION cdp.refresh_traits(space regnamespace)
RETURNS TABLE (trait text, profiles_changed bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    started_at timestamptz := clock_timestamp();
    profile    regclass;
    pass       record;
    trait_row  record;
    compiled   text;
    traits     text[];
    columns    text[];
    news       text[];
    changed    bigint[];
    oldest     text;
    all_traits text[] := '{}';
    all_counts bigint[] := '{}';
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_segments(space);
    profile := format('%s.profile', space);
    -- Profiles are written by one at a time: readers go on, a resolve waits for us or we for it.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', profile);

    -- One pass over each source computes all of its traits.
    FOR pass IN EXECUTE format($sql$
        SELECT t.source_id, s.source, s.relation, s.observed_at, array_agg(t.trait ORDER BY t.trait_no) AS traits,
               CASE WHEN bool_and(t.within IS NOT NULL) THEN array_agg(DISTINCT t.within) END AS windows
        FROM %1$s.trait AS t LEFT JOIN %1$s.source AS s ON s.source_id = t.source_id
        WHERE t.source_id IS NOT NULL
        GROUP BY t.source_id, s.source, s.relation, s.observed_at
        ORDER BY min(t.trait_no)$sql$, space)
    LOOP
        IF pass.source IS NULL THEN
            RAISE EXCEPTION 'the source of trait "%" does not exist any more', pass.traits[1] USING ERRCODE = 'CDP41',
                HINT = format('Drop the trait with cdp.drop_trait(%L, %L), or define it anew over another source (replace => true).', space, pass.traits[1]);
        END IF;
        PERFORM cdp_internal.progress(format('computing %s traits over source %s', cardinality(pass.traits), pass.source));
        columns := '{}';
        news := '{}';
        FOR trait_row IN EXECUTE format(
            'SELECT t.*, row_number() OVER (ORDER BY t.trait_no) AS no FROM %s.trait AS t WHERE t.source_id = $1 ORDER BY t.trait_no', space) USING pass.source_id
        LOOP
            SELECT c.sql INTO compiled FROM cdp_internal.check_expression(trait_row.checked, pass.relation,
                format('trait "%s" does not fit its source any more and must be defined anew', trait_row.trait), cdp_internal.trait_column(space, trait_row.trait), true) AS c;
            columns := columns || format('%s AS c%s', compiled, trait_row.no);
            news := news || format('CASE WHEN g.profile_id IS NULL THEN e.c%1$s ELSE g.c%1$s END', trait_row.no);
        END LOOP;
        -- Rows older than every window count for no trait: they need not be read.
        oldest := '';
        IF pass.windows IS NOT NULL AND pass.observed_at IS NOT NULL THEN
            SELECT format(' AND (%s) > least(%s)', c.sql,
                          (SELECT string_agg(format('now() - %L::interval', w), ', ') FROM unnest(pass.windows) AS w))
            INTO oldest
            FROM cdp_internal.check_expression(pass.observed_at, pass.relation, format('the time of source "%s"', pass.source), 'timestamptz') AS c;
        END IF;
        BEGIN
            changed := cdp_internal.write_traits(space, pass.traits, news, format(
                'LEFT JOIN (%s) AS g ON g.profile_id = s.profile_id CROSS JOIN (SELECT %s FROM %s AS s WHERE false) AS e',
                format(cdp_internal.trait_rows(space, pass.source_id), array_to_string(columns, ', '), oldest),
                array_to_string(columns, ', '), pass.relation));
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'no right to read all that source "%" needs', pass.source USING ERRCODE = 'CDP46', DETAIL = SQLERRM,
                HINT = format('GRANT SELECT ON %s TO %I, and USAGE on its schema.', pass.relation, current_user);
        END;
        all_traits := all_traits || pass.traits;
        all_counts := all_counts || changed;
    END LOOP;

    -- Then what reads the profile itself, in order of definition: a pass takes as many as do not
    -- read one another.
    traits := '{}';
    news := '{}';
    FOR trait_row IN EXECUTE format('SELECT t.* FROM %s.trait AS t WHERE t.source_id IS NULL ORDER BY t.trait_no', space)
    LOOP
        IF trait_row.reads && traits::name[] THEN
            all_counts := all_counts || cdp_internal.write_traits(space, traits, news);
            traits := '{}';
            news := '{}';
        END IF;
        SELECT c.sql INTO compiled FROM cdp_internal.check_expression(trait_row.checked, profile,
            format('trait "%s" does not fit the profile any more and must be defined anew', trait_row.trait), cdp_internal.trait_column(space, trait_row.trait)) AS c;
        traits := traits || trait_row.trait;
        news := news || compiled;
        all_traits := all_traits || trait_row.trait;
    END LOOP;
    IF traits <> '{}' THEN
        all_counts := all_counts || cdp_internal.write_traits(space, traits, news);
    END IF;

    EXECUTE format($sql$
        INSERT INTO %s.run (step, state, started_at, finished_at, counts)
        SELECT 'refresh_traits', 'done', $1, clock_timestamp(),
               jsonb_build_object('traits', cardinality($2), 'changed', (SELECT jsonb_object_agg(u.trait, u.n) FROM unnest($2, $3) AS u (trait, n)))
        $sql$, space) USING started_at, all_traits, all_counts;
    RETURN QUERY SELECT u.trait, u.n FROM unnest(all_traits, all_counts) AS u (trait, n);
END
$$;
REVOKE ALL ON FUNCTION cdp.refresh_traits(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.refresh_traits(regnamespace) IS
'Computes all traits of a space: one pass over each source, then those that read the profile. Only profiles whose value changed are written.
Gives per trait, in order of computation, how many profiles changed, and leaves a row in the space''s run table. All or nothing.
Errors: CDP20 no such space, CDP22 another session is at it, CDP41 a trait''s source or its relation is gone, CDP46 no right to read a source, CDP71 a trait''s column is gone,
those of class 22, naming the trait, when an expression fails on a row (a division by zero, a bad cast),
and the errors of cdp_internal.check_expression, naming the trait, when a column that it reads was dropped or changed its type.
Example: SELECT * FROM cdp.refresh_traits(''customer'');';
