-- identity: sources. A source is a table or view in place; what is kept of it is its
-- definition, checked by Postgres's own parser, over the row alias s.

CREATE OR REPLACE FUNCTION cdp_internal.present_relation(relation regclass, relation_name text, OUT present regclass)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c record;
BEGIN
    -- A relation dropped and made again under its name is the same source. The catalogue is asked, since to_regclass fails
    -- for a caller without USAGE on the schema.
    SELECT k.oid::regclass AS rel, k.relkind, k.relnamespace INTO c FROM pg_class k WHERE k.oid = relation;
    IF c.rel IS NULL AND position('.' IN relation_name) > 0 THEN
        SELECT k.oid::regclass AS rel, k.relkind, k.relnamespace INTO c
          FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE ARRAY[n.nspname::text, k.relname::text] = parse_ident(relation_name);
    END IF;
    IF c.rel IS NULL THEN
        RAISE EXCEPTION 'the relation of source "%" is gone', relation_name USING ERRCODE = 'CDP41',
            HINT = 'Make it again under the same name, or call cdp.drop_source.';
    END IF;
    IF c.relkind NOT IN ('r', 'v', 'm', 'p', 'f') THEN
        RAISE EXCEPTION '"%" is not a table or view', relation_name USING ERRCODE = 'CDP44',
            HINT = 'A source is a table, view, materialized view, partitioned or foreign table.';
    END IF;
    IF NOT has_schema_privilege(c.relnamespace, 'USAGE') THEN
        RAISE EXCEPTION 'no right to read source "%"', relation_name USING ERRCODE = 'CDP46',
            HINT = format('GRANT USAGE ON SCHEMA %s TO %I, and SELECT on the relation.', c.relnamespace::regnamespace, current_user);
    END IF;
    IF NOT has_table_privilege(c.rel, 'SELECT') AND NOT has_any_column_privilege(c.rel, 'SELECT') THEN
        RAISE EXCEPTION 'no right to read source "%"', relation_name USING ERRCODE = 'CDP46',
            HINT = format('GRANT SELECT ON %s TO %I.', c.rel, current_user);
    END IF;
    present := c.rel;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.present_relation(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.present_relation(regclass, text) IS
'The relation of a source as it is now; CDP41 when it is gone, CDP44 when it is no table, CDP46 when the caller may not read it.';

CREATE OR REPLACE FUNCTION cdp_internal.relation_title(relation regclass)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
$$;
REVOKE ALL ON FUNCTION cdp_internal.relation_title(regclass) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.relation_title(regclass) IS 'schema.name of a relation, unquoted: a source''s name unless one is given.';

CREATE OR REPLACE FUNCTION cdp_internal.check_key(relation regclass, key_sql text, filter_sql text, source text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    nulls  bigint;
    twice  bigint;
BEGIN
    EXECUTE format($sql$
        SELECT coalesce(sum(n) FILTER (WHERE key IS NULL), 0), count(*) FILTER (WHERE key IS NOT NULL AND n > 1)
          FROM (SELECT (%s)::text COLLATE "C" AS key, count(*) AS n FROM %s AS s WHERE %s GROUP BY 1) k
    $sql$, key_sql, relation, coalesce(filter_sql, 'true')) INTO nulls, twice;
    IF nulls > 0 THEN
        RAISE EXCEPTION 'the key of source "%" is null in % rows', source, nulls USING ERRCODE = 'CDP43',
            HINT = 'A key is never null: choose another expression or leave such rows out with filter.';
    END IF;
    IF twice > 0 THEN
        RAISE EXCEPTION 'the key of source "%" is not unique: % values occur more than once', source, twice USING ERRCODE = 'CDP42',
            HINT = format('List them with SELECT %s, count(*) FROM %s AS s GROUP BY 1 HAVING count(*) > 1.', key_sql, relation);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.check_key(regclass, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.check_key(regclass, text, text, text) IS
'Checks on the data that a key is there (CDP43) and unique (CDP42).';

CREATE OR REPLACE FUNCTION cdp_internal.key_has_unique_index(relation regclass, key_sql text)
RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indnkeyatts = 1 AND i.indpred IS NULL
                      AND key_sql = format('(s.%I)::text', a.attname))
$$;
REVOKE ALL ON FUNCTION cdp_internal.key_has_unique_index(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.key_has_unique_index(regclass, text) IS
'Is the key of a source one column under a unique index, so that it need not be checked on the data.';

CREATE OR REPLACE FUNCTION cdp_internal.require_relation_name(space regnamespace, name text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    taken boolean;
BEGIN
    EXECUTE format($sql$
        SELECT EXISTS (SELECT FROM %1$s.source s WHERE s.source = $1) OR EXISTS (SELECT FROM %1$s.rule r WHERE r.rule = $1)
            OR EXISTS (SELECT FROM %1$s.attribute a WHERE a.attribute = $1 AND a.kind <> 'reference')
    $sql$, space) INTO taken USING name;
    IF taken THEN
        RAISE EXCEPTION 'the name "%" is taken in this space', name USING ERRCODE = 'CDP45',
            HINT = 'Sources, rules and attributes share one list of names: choose another (of a source with name => ''…''; the same relation may be registered twice under two names).';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.require_relation_name(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.require_relation_name(regnamespace, text) IS 'CDP45 when a source, rule or attribute has the name already.';

CREATE OR REPLACE FUNCTION cdp_internal.is_source(space regnamespace, name text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_one boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s.source s WHERE s.source = $1)', space) INTO found_one USING name;
    RETURN found_one;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.is_source(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.is_source(regnamespace, text) IS 'Does the space have a source of this name.';

CREATE OR REPLACE FUNCTION cdp_internal.check_fields(space regnamespace, relation regclass, source text, fields jsonb, identifiers_only boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    f        record;
    a        record;
    checked  record;
    result   jsonb := '{}';
    parts    jsonb;
    part     jsonb;
    multiple boolean;
BEGIN
    IF fields IS NULL OR jsonb_typeof(fields) <> 'object' OR fields = '{}' THEN
        IF identifiers_only THEN
            RAISE EXCEPTION 'source "%" names no identifier', source USING ERRCODE = 'CDP23',
                HINT = 'identifiers is a JSON object from identifier to SQL expression, such as {"email": "buyer_email"} or {"shop.customer": "customer_id"}.';
        END IF;
        RAISE EXCEPTION 'source "%" names no field', source USING ERRCODE = 'CDP23',
            HINT = 'fields is a JSON object from attribute to SQL expression, such as {"email": "email_address"}.';
    END IF;
    FOR f IN SELECT key AS attribute, value FROM jsonb_each(fields) ORDER BY key LOOP
        EXECUTE format('SELECT a.*, EXISTS (SELECT FROM %1$s.source s WHERE s.source = $1) AS is_source FROM (SELECT $1 AS name) n
                        LEFT JOIN %1$s.attribute a ON a.attribute = n.name', space) INTO a USING f.attribute;
        IF octet_length(f.attribute) > 59 THEN
            RAISE EXCEPTION 'the name "%" is too long to be a column', f.attribute USING ERRCODE = 'CDP23',
                HINT = 'Names that become columns have at most 59 bytes: register the source referred to under a shorter name => ''…''.';
        END IF;
        IF a.attribute IS NULL AND (a.is_source OR position('.' IN f.attribute) > 0 OR f.attribute = source) THEN
            -- a reference to another source's row key
            EXECUTE format('INSERT INTO %s.attribute (attribute, kind, storage_type, survivorship, is_identifier, priority, description)
                            VALUES ($1, ''reference'', ''text'', ''none'', true, 0, ''row key of the source of this name'') RETURNING *', space)
               INTO a USING f.attribute;
        ELSIF a.attribute IS NULL THEN
            RAISE EXCEPTION 'space % has no attribute "%"', space, f.attribute USING ERRCODE = 'CDP50',
                HINT = format('Declare it with cdp.add_attribute, or use one of the table %s.attribute. A reference to another source is named like that source.', space);
        END IF;
        IF a.kind = 'reference' AND f.attribute <> source
           AND NOT cdp_internal.is_source(space, f.attribute) THEN
            -- allowed, since sources that refer to each other are registered one after the other; a misspelt name looks the same
            RAISE NOTICE 'source "%" refers to "%", which is no source of space % yet', source, f.attribute, space
                USING HINT = 'Until one of this name is registered, the reference ties nothing; cdp.status lists it.';
        END IF;
        IF identifiers_only AND NOT a.is_identifier THEN
            RAISE EXCEPTION 'attribute "%" is no identifier, so it cannot bind events', f.attribute USING ERRCODE = 'CDP50',
                HINT = 'Events are bound by identifiers such as email, or by a source''s row key.';
        END IF;
        parts := CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value WHEN 'string' THEN jsonb_build_array(f.value) END;
        IF parts IS NULL OR parts = '[]' OR EXISTS (SELECT FROM jsonb_array_elements(parts) e WHERE jsonb_typeof(e) <> 'string') THEN
            RAISE EXCEPTION 'the field "%" of source "%" is no expression', f.attribute, source USING ERRCODE = 'CDP23',
                HINT = 'A field is one SQL expression as a JSON string, or a list of such strings for a field with several values.';
        END IF;
        multiple := jsonb_array_length(parts) > 1;
        part := '[]';
        FOR checked IN
            SELECT c.sql, c.type, t.typcategory FROM jsonb_array_elements_text(parts) WITH ORDINALITY AS e(expression, n)
             CROSS JOIN LATERAL cdp_internal.check_expression(e.expression, relation,
                        format('the field "%s" of source "%s"', f.attribute, source)) c
             JOIN pg_type t ON t.oid = c.type ORDER BY e.n
        LOOP
            IF checked.typcategory = 'A' THEN
                multiple := true;
                IF jsonb_array_length(parts) > 1 THEN
                    RAISE EXCEPTION 'the field "%" of source "%" is a list of arrays', f.attribute, source USING ERRCODE = 'CDP31',
                        HINT = 'Give one array, or a list of single values.';
                END IF;
                part := part || to_jsonb(format('(%s)::text[]', checked.sql));
            ELSE
                part := part || to_jsonb(format('(%s)::text', checked.sql));
            END IF;
            IF checked.typcategory = 'A' AND identifiers_only THEN
                RAISE EXCEPTION 'the identifier "%" of source "%" is an array', f.attribute, source USING ERRCODE = 'CDP31',
                    HINT = 'An event carries one value per identifier.';
            END IF;
        END LOOP;
        IF NOT multiple THEN
            part := part -> 0;
        ELSIF jsonb_array_length(parts) = 1 THEN
            part := jsonb_build_array(part ->> 0, 'array');
        END IF;
        IF multiple THEN
            EXECUTE format('UPDATE %s.attribute SET is_multiple = true WHERE attribute = $1', space) USING f.attribute;
        END IF;
        IF NOT identifiers_only THEN
            PERFORM cdp_internal.use_attribute(space, f.attribute);
        ELSE
            EXECUTE format('UPDATE %s.attribute SET in_use = true WHERE attribute = $1 AND kind = ''reference''', space) USING f.attribute;
        END IF;
        result := result || jsonb_build_object(f.attribute, part);
    END LOOP;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.check_fields(regnamespace, regclass, text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.check_fields(regnamespace, regclass, text, jsonb, boolean) IS
'Checks the fields of a source and gives their stored form: attribute to a text expression over s, or to a list of them, or to [text[] expression, "array"]. Gives new attributes their columns.';

CREATE OR REPLACE FUNCTION cdp.add_source(space regnamespace, relation regclass, key text, fields jsonb, name text DEFAULT NULL,
    observed_at text DEFAULT NULL, trust int DEFAULT 50, mode text DEFAULT 'queued', filter text DEFAULT NULL,
    owner text DEFAULT NULL, purpose text DEFAULT NULL, retention interval DEFAULT NULL, legal_basis text DEFAULT NULL,
    date_order text DEFAULT 'YMD', region text DEFAULT NULL, replace boolean DEFAULT false)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
AS $$
DECLARE
    source   text := coalesce(name, cdp_internal.relation_title(relation));
    rel      regclass;
    key_sql  text;
    seen_sql text;
    filter_sql text;
    checked  jsonb;
    id       int;
    lost     text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF relation IS NULL OR key IS NULL OR source = '' THEN
        RAISE EXCEPTION 'a source needs a relation, a key and fields' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.add_source(space, ''crm.contact'', key => ''contact_id'', fields => ''{"email": "email_address"}'').';
    END IF;
    IF trust IS NULL OR trust NOT BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'trust is a number from 0 to 100' USING ERRCODE = 'CDP23', HINT = 'Where sources disagree, most_trusted prefers the higher number.';
    END IF;
    IF mode IS NULL OR mode NOT IN ('queued', 'immediate', 'manual') THEN
        RAISE EXCEPTION 'there is no mode "%"', mode USING ERRCODE = 'CDP23', HINT = 'Modes are queued, immediate and manual.';
    END IF;
    IF date_order IS NULL OR date_order NOT IN ('YMD', 'MDY', 'DMY') THEN
        RAISE EXCEPTION 'there is no date order "%"', date_order USING ERRCODE = 'CDP23', HINT = 'Date orders are YMD, MDY (US) and DMY (Europe).';
    END IF;
    IF region !~ '^[A-Z]{2}$' THEN
        RAISE EXCEPTION 'a region is a two-letter country code in upper case' USING ERRCODE = 'CDP23', HINT = 'Such as US or GB.';
    END IF;
    rel := cdp_internal.present_relation(relation, relation::text);
    IF replace THEN
        PERFORM cdp_internal.lock_space(space);
        EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.source = $1 AND NOT s.is_event', space) INTO id USING source;
    END IF;
    IF id IS NULL THEN
        PERFORM cdp_internal.require_relation_name(space, source);
    END IF;

    SELECT format('(%s)::text', c.sql) INTO key_sql FROM cdp_internal.check_expression(key, rel, format('the key of source "%s"', source)) c;
    IF observed_at IS NOT NULL THEN
        SELECT c.sql INTO seen_sql FROM cdp_internal.check_expression(observed_at, rel, format('observed_at of source "%s"', source), 'timestamptz') c;
    END IF;
    IF filter IS NOT NULL THEN
        SELECT c.sql INTO filter_sql FROM cdp_internal.check_expression(filter, rel, format('the filter of source "%s"', source), 'boolean') c;
    END IF;
    checked := cdp_internal.check_fields(space, rel, source, fields, false);
    PERFORM cdp_internal.check_key(rel, key_sql, filter_sql, source);

    IF id IS NULL THEN
        EXECUTE format('INSERT INTO %s.source (source, relation, relation_name, key) VALUES ($1, $2, $3, $4) RETURNING source_id', space)
           INTO id USING source, rel, rel::text, key_sql;
    ELSE
        -- what the source gives no more leaves its records now; the rest follows when they are read again
        EXECUTE format('SELECT string_agg(format(''%%I = NULL'', c.attname), '', '')
                          FROM %1$s.source s CROSS JOIN LATERAL jsonb_object_keys(s.fields) f(attribute)
                          JOIN pg_attribute c ON c.attrelid = %2$L::regclass AND c.attname IN (f.attribute, f.attribute || ''_all'') AND NOT c.attisdropped
                         WHERE s.source_id = $1 AND NOT $2 ? f.attribute', space, space || '.record') INTO lost USING id, checked;
        IF lost IS NOT NULL THEN
            EXECUTE format('UPDATE %s.record SET %s WHERE source_id = $1', space, lost) USING id;
        END IF;
        EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
    END IF;
    EXECUTE format('UPDATE %s.source SET relation = $2, relation_name = $3, key = $4, fields = $5, observed_at = $6, filter = $7, date_order = $8, region = $9,
                           trust = $10, mode = $11, owner = $12, purpose = $13, retention = $14, legal_basis = $15 WHERE source_id = $1', space)
      USING id, rel, rel::text, key_sql, checked, seen_sql, filter_sql, date_order, region,
            trust, mode, owner, purpose, retention, legal_basis;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION cdp.add_source(regnamespace, regclass, text, jsonb, text, text, int, text, text, text, text, interval, text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_source(regnamespace, regclass, text, jsonb, text, text, int, text, text, text, text, interval, text, text, text, boolean) IS
'Registers a table or view whose rows describe people; returns the source''s number. Nothing is copied until cdp.resolve.
key: expression over the row, unique and never null (checked on the data now and at each resolve). The key is an identifier itself: another source refers to it by a field named like this source (a notice tells when there is no source of that name yet).
fields: JSON object from attribute to SQL expression; a list of expressions or an array expression gives several values.
observed_at: when the row was true; a time without a zone is taken as UTC, so write updated_at AT TIME ZONE ''Europe/Berlin'' for a local one. trust: 0 to 100. mode: how changes are to be captured between runs; cdp.resolve reads every source whatever its mode. date_order: YMD, MDY or DMY for dates written with numbers. region: country of phone numbers that name none (default: the space''s).
filter: boolean expression over the row; rows for which it does not hold are left out. replace: a source of that name is defined anew and keeps its number, its records, their profiles and rulings; they are read again at the next cdp.resolve.
name: default schema.table. owner, purpose, retention, legal_basis: why the data is held.
In expressions, functions outside pg_catalog are written with their schema.
Errors: CDP30-32 and Postgres''s own with the position in the expression; CDP41 CDP44 CDP46 the relation; CDP42 key not unique; CDP43 key null; CDP45 name taken; CDP50 unknown attribute.
Example: SELECT cdp.add_source(''customer'', ''crm.contact'', key => ''contact_id'', observed_at => ''updated_at'', fields => ''{"given_name": "first", "email": "email_address", "phone": ["mobile", "office"]}'');';

CREATE OR REPLACE FUNCTION cdp.add_event_source(space regnamespace, relation regclass, key text, identifiers jsonb, event text, at text,
    value text DEFAULT NULL, properties text DEFAULT NULL, name text DEFAULT NULL, filter text DEFAULT NULL,
    owner text DEFAULT NULL, purpose text DEFAULT NULL, retention interval DEFAULT NULL, legal_basis text DEFAULT NULL)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source   text := coalesce(name, cdp_internal.relation_title(relation));
    rel      regclass;
    key_sql  text;
    event_sql text;
    at_sql   text;
    value_sql text;
    properties_sql text;
    filter_sql text;
    checked  jsonb;
    id       int;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF relation IS NULL OR key IS NULL OR event IS NULL OR at IS NULL OR source = '' THEN
        RAISE EXCEPTION 'an event source needs a relation, a key, identifiers, event and at' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.add_event_source(space, ''shop.orders'', key => ''order_no'', identifiers => ''{"shop.customer": "customer_id"}'', event => ''''''Order Completed'''''', at => ''ordered_at'').';
    END IF;
    rel := cdp_internal.present_relation(relation, relation::text);
    PERFORM cdp_internal.require_relation_name(space, source);
    SELECT format('(%s)::text', c.sql) INTO key_sql FROM cdp_internal.check_expression(key, rel, format('the key of source "%s"', source)) c;
    SELECT c.sql INTO event_sql FROM cdp_internal.check_expression(event, rel, format('event of source "%s"', source), 'text') c;
    SELECT c.sql INTO at_sql FROM cdp_internal.check_expression(at, rel, format('at of source "%s"', source), 'timestamptz') c;
    IF value IS NOT NULL THEN
        SELECT c.sql INTO value_sql FROM cdp_internal.check_expression(value, rel, format('value of source "%s"', source), 'numeric') c;
    END IF;
    IF properties IS NOT NULL THEN
        SELECT c.sql INTO properties_sql FROM cdp_internal.check_expression(properties, rel, format('properties of source "%s"', source), 'jsonb') c;
    END IF;
    IF filter IS NOT NULL THEN
        SELECT c.sql INTO filter_sql FROM cdp_internal.check_expression(filter, rel, format('the filter of source "%s"', source), 'boolean') c;
    END IF;
    checked := cdp_internal.check_fields(space, rel, source, identifiers, true);
    EXECUTE format('INSERT INTO %s.source (source, is_event, relation, relation_name, key, fields, observed_at, filter, event, value, properties,
                           owner, purpose, retention, legal_basis)
                    VALUES ($1, true, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING source_id', space)
       INTO id
      USING source, rel, rel::text, key_sql, checked, at_sql, filter_sql, event_sql, value_sql, properties_sql, owner, purpose, retention, legal_basis;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION cdp.add_event_source(regnamespace, regclass, text, jsonb, text, text, text, text, text, text, text, text, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_event_source(regnamespace, regclass, text, jsonb, text, text, text, text, text, text, text, text, interval, text) IS
'Registers a table or view whose rows are what people did (orders, visits); returns the source''s number. The rows stay where they are: traits read them in place.
identifiers: JSON object from identifier (an identifier attribute, or the name of a source whose row key is meant) to SQL expression; it binds an event to a profile when it is read, so merges and splits move events by themselves.
event: the event''s name as an expression, at: when, value: a number, properties: jsonb.
Errors: as cdp.add_source.
Example: SELECT cdp.add_event_source(''customer'', ''shop.orders'', key => ''order_no'', identifiers => ''{"shop.customer": "customer_id"}'', event => ''''''Order Completed'''''', at => ''ordered_at'', value => ''total'');';

CREATE OR REPLACE FUNCTION cdp_internal.source_id(space regnamespace, source text)
RETURNS int
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id int;
BEGIN
    EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.source = $1', space) INTO id USING source;
    IF id IS NULL THEN
        RAISE EXCEPTION 'space % has no source "%"', space, source USING ERRCODE = 'CDP40',
            HINT = format('See the table %s.source, or register it with cdp.add_source.', space);
    END IF;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.source_id(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.source_id(regnamespace, text) IS 'The number of a source; CDP40 when there is none of that name.';

CREATE OR REPLACE FUNCTION cdp.drop_source(space regnamespace, source text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id      int;
    used_by text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    id := cdp_internal.source_id(space, source);
    PERFORM cdp_internal.lock_space(space);
    EXECUTE format('SELECT string_agg(t.trait, '', '' ORDER BY t.trait) FROM %s.trait t WHERE t.source_id = $1', space) INTO used_by USING id;
    IF used_by IS NOT NULL THEN
        RAISE EXCEPTION 'source "%" is used by traits: %', source, used_by USING ERRCODE = 'CDP44', HINT = 'Drop them first with cdp.drop_trait.';
    END IF;
    PERFORM cdp_internal.forget_records(space, format('SELECT r.record_id FROM %s.record r WHERE r.source_id = %s', space, id));
    EXECUTE format('DELETE FROM %s.rejected_value WHERE source_id = $1', space) USING id;
    EXECUTE format('DELETE FROM %s.source WHERE source_id = $1', space) USING id;
    EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_source(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_source(regnamespace, text) IS
'Takes a source out of the space: its records leave the graph at once, profiles split as they must at the next cdp.resolve. The relation itself is untouched. Rulings about its records go with them, also when it is registered again: its records then are new ones. Consent stays, since the ledger is about identifiers.
Errors: CDP40 unknown source, CDP44 while traits use it.
Example: SELECT cdp.drop_source(''customer'', ''crm.contact'');';
