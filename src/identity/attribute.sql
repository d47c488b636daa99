-- identity: attributes. A kind says how a value is stored, cleaned, explained when
-- refused, and turned into the key by which it is compared for equality. Templates:
-- {v} the value (raw text, or the cleaned value in key_sql), {o} the date order and
-- {r} the region of its source, both as SQL literals. They run under datestyle ISO.

CREATE OR REPLACE FUNCTION cdp_internal.kinds()
RETURNS TABLE (kind text, storage_type text, clean_sql text, problem_sql text, key_sql text, compared_sql text, blocked_sql text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT k.kind, k.storage_type, k.clean_sql, k.problem_sql, k.key_sql,
           CASE k.kind WHEN 'email' THEN 'cdp_internal.personal_email({v})' ELSE k.key_sql END, k.blocked_sql
      FROM (VALUES
    ('name',        'text',      'cdp.normalize_name({v})', 'cdp.name_problem({v})', 'cdp.name_key({v})', 'false'),
    ('email',       'cdp.email', 'cdp_internal.email_trusted(cdp.normalize_email({v}))', 'cdp.email_problem({v})', 'cdp.email_key({v}::pg_catalog.text)', 'cdp.email_is_role({v})'),
    ('phone',       'cdp.phone', 'cdp_internal.phone_trusted(cdp.normalize_phone({v}, {r}))', 'cdp.phone_problem({v}, {r})', '{v}::pg_catalog.text', 'false'),
    ('birth_date',  'date',      'cdp.normalize_birth_date({v}, {o})', 'cdp.birth_date_problem({v}, {o})', '{v}::pg_catalog.text', 'false'),
    ('date',        'date',      'cdp.normalize_date({v}, {o})', 'cdp.date_problem({v}, {o})', '{v}::pg_catalog.text', 'false'),
    ('postal_code', 'text',      'cdp.normalize_postal_code({v}, {r})', 'cdp.postal_code_problem({v}, {r})', '{v}', 'false'),
    ('state',       'text',      'cdp.normalize_state({v}, {r})', 'cdp.state_problem({v}, {r})', '{v}', 'false'),
    ('country',     'text',      'cdp.normalize_country({v})', 'cdp.country_problem({v})', '{v}', 'false'),
    ('street',      'text',      'cdp.normalize_street({v})', 'cdp.street_problem({v})', 'cdp.street_key({v})', 'false'),
    ('city',        'text',      'cdp.normalize_name({v})', 'cdp.name_problem({v})', 'cdp.name_key({v})', 'false'),
    ('gender',      'text',      'cdp.normalize_gender({v})', 'cdp.gender_problem({v})', '{v}', 'false'),
    ('id',          'text',      'cdp.normalize_id({v})', 'cdp.id_problem({v})', '{v}', 'false'),
    ('number',      'numeric',   'cdp.normalize_number({v})', 'cdp.number_problem({v})', '{v}::pg_catalog.text', 'false'),
    ('text',        'text',      'cdp.normalize_text({v})', 'cdp.text_problem({v})', 'cdp.text_key({v})', 'false'),
    ('reference',   'text',      'nullif({v}, '''')', 'NULL::pg_catalog.text', '{v}', 'false')
    ) k (kind, storage_type, clean_sql, problem_sql, key_sql, blocked_sql)
$$;
REVOKE ALL ON FUNCTION cdp_internal.kinds() FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.kinds() IS
'The kinds of attributes: storage type and the SQL templates that clean, explain and key a value, that key it for matching, where what identifies nobody by its shape (role mailboxes) is null, and that tell whether a key is such a one.';

CREATE OR REPLACE FUNCTION cdp_internal.add_standard_attributes(space regnamespace)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($sql$
        INSERT INTO %1$s.attribute (attribute, kind, storage_type, survivorship, is_identifier, priority, description)
        SELECT a.attribute, a.kind, k.storage_type, a.survivorship, a.is_identifier, a.priority, a.description
          FROM (VALUES
            ('full_name',    'name',        'longest',       false, NULL::int, 'whole name, where it is not given in parts'),
            ('given_name',   'name',        'most_recent',   false, NULL, 'first name'),
            ('middle_name',  'name',        'longest',       false, NULL, 'middle name or initial'),
            ('family_name',  'name',        'most_recent',   false, NULL, 'last name'),
            ('birth_date',   'birth_date',  'most_frequent', false, NULL, 'date of birth'),
            ('gender',       'gender',      'most_frequent', false, NULL, 'gender, as stated'),
            ('email',        'email',       'most_recent',   true,  10,   'e-mail address; ties records that share the mailbox'),
            ('phone',        'phone',       'most_recent',   true,  NULL, 'phone number; households share one, so alone it ties nobody'),
            ('street',       'street',      'most_recent',   false, NULL, 'street address'),
            ('city',         'city',        'most_recent',   false, NULL, 'city'),
            ('state',        'state',       'most_recent',   false, NULL, 'state or province'),
            ('postal_code',  'postal_code', 'most_recent',   false, NULL, 'postal code'),
            ('country',      'country',     'most_recent',   false, NULL, 'country, ISO 3166-1 alpha-2'),
            ('company',      'text',        'most_recent',   false, NULL, 'employer or organisation'),
            ('job_title',    'text',        'most_recent',   false, NULL, 'job title'),
            ('language',     'text',        'most_recent',   false, NULL, 'preferred language'),
            ('national_id',  'id',          'most_trusted',  true,  5,    'national identity or social security number')
          ) AS a(attribute, kind, survivorship, is_identifier, priority, description)
          JOIN cdp_internal.kinds() k USING (kind)
    $sql$, space);
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.add_standard_attributes(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.add_standard_attributes(regnamespace) IS
'The attributes that every new space knows; a column appears when a source first fills one.';

CREATE OR REPLACE FUNCTION cdp_internal.survivorship_sql(rule text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE rule
        WHEN 'most_recent'   THEN 'cdp.most_recent({v}, r.observed_at)'
        WHEN 'earliest'      THEN 'cdp.earliest({v}, r.observed_at)'
        WHEN 'most_trusted'  THEN 'cdp.most_trusted({v}, s.trust, r.observed_at)'
        WHEN 'most_frequent' THEN 'cdp.most_frequent({v}, r.observed_at)'
        WHEN 'longest'       THEN 'cdp.longest({v}::pg_catalog.text)'
        WHEN 'min'           THEN 'pg_catalog.min({v})'
        WHEN 'max'           THEN 'pg_catalog.max({v})'
    END
$$;
REVOKE ALL ON FUNCTION cdp_internal.survivorship_sql(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivorship_sql(text) IS
'The aggregate of a survivorship rule over records r and sources s; null when there is no such rule.';

CREATE OR REPLACE FUNCTION cdp.add_attribute(space regnamespace, attribute name, kind text,
    survivorship text DEFAULT 'most_recent', is_identifier boolean DEFAULT false, priority int DEFAULT 100,
    max_per_profile int DEFAULT NULL, description text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    storage text;
    taken   boolean;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF attribute IS NULL OR attribute = '' OR is_identifier IS NULL THEN
        RAISE EXCEPTION 'an attribute needs a name and is_identifier' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.add_attribute(space, ''loyalty_id'', ''id'', is_identifier => true).';
    END IF;
    IF octet_length(attribute) > 59 THEN
        RAISE EXCEPTION 'the name "%" is too long', attribute USING ERRCODE = 'CDP23', HINT = 'Names of attributes have at most 59 bytes.';
    END IF;
    SELECT k.storage_type INTO storage FROM cdp_internal.kinds() k WHERE k.kind = add_attribute.kind AND k.kind <> 'reference';
    IF storage IS NULL THEN
        RAISE EXCEPTION 'there is no attribute kind "%"', kind USING ERRCODE = 'CDP51',
            HINT = format('Kinds are %s.', (SELECT string_agg(k.kind, ', ') FROM cdp_internal.kinds() k WHERE k.kind <> 'reference'));
    END IF;
    IF survivorship <> 'none' AND cdp_internal.survivorship_sql(survivorship) IS NULL OR survivorship IS NULL THEN
        RAISE EXCEPTION 'there is no survivorship rule "%"', survivorship USING ERRCODE = 'CDP51',
            HINT = 'Rules are most_recent, earliest, most_trusted, most_frequent, longest, min, max and none.';
    END IF;
    IF max_per_profile < 1 THEN
        RAISE EXCEPTION 'max_per_profile is at least 1' USING ERRCODE = 'CDP23', HINT = 'Leave it out for no limit.';
    END IF;
    EXECUTE format($sql$
        SELECT EXISTS (SELECT FROM %1$s.attribute a WHERE a.attribute = $1 OR a.attribute || '_all' = $1 OR a.attribute = $1 || '_all')
            OR $1 IN ('is_new', 'is_gone') OR $1 ~ '^raw [0-9]+$'
            OR EXISTS (SELECT FROM %1$s.rule r WHERE r.rule = $1)
            OR EXISTS (SELECT FROM %1$s.source s WHERE s.source = $1)
            OR EXISTS (SELECT FROM pg_attribute c
                        WHERE c.attrelid IN (%2$L::regclass, %3$L::regclass) AND c.attname = $1)
    $sql$, space, space || '.record', space || '.profile') INTO taken USING attribute::text;
    IF taken THEN
        RAISE EXCEPTION 'the name "%" is taken in this space', attribute USING ERRCODE = 'CDP52',
            HINT = 'Attributes, sources, rules, traits and the columns of record and profile share one list of names, an attribute takes its name with _all too; cdp.set_attribute changes an attribute.';
    END IF;
    EXECUTE format('INSERT INTO %s.attribute (attribute, kind, storage_type, survivorship, is_identifier, priority, max_per_profile, description)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', space)
        USING attribute, kind, storage, survivorship, is_identifier OR max_per_profile IS NOT NULL,
              CASE WHEN is_identifier THEN priority END, max_per_profile, description;
END
$$;
REVOKE ALL ON FUNCTION cdp.add_attribute(regnamespace, name, text, text, boolean, int, int, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_attribute(regnamespace, name, text, text, boolean, int, int, text) IS
'Declares an attribute of a person beside the standard ones.
kind: how it is cleaned (name, email, phone, birth_date, date, postal_code, state, country, street, city, gender, id, number, text).
survivorship: which record''s value wins in the profile (most_recent, earliest, most_trusted, most_frequent, longest, min, max, none).
is_identifier: records that share a value are one person; lower priority numbers are used first; priority => NULL keeps the values as identifiers (for consent and limits) without tying.
max_per_profile: a profile never holds more distinct values than this, whatever else ties its records.
Errors: CDP51 unknown kind or survivorship, CDP52 name taken, CDP23 bad argument.
Example: SELECT cdp.add_attribute(''customer'', ''loyalty_id'', ''id'', is_identifier => true, max_per_profile => 1);';

CREATE OR REPLACE FUNCTION cdp.set_attribute(space regnamespace, attribute name, option text, value text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was record;
    is_now record;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF option IS NULL OR option NOT IN ('survivorship', 'is_identifier', 'priority', 'max_per_profile', 'description') THEN
        RAISE EXCEPTION 'there is no attribute option "%"', option USING ERRCODE = 'CDP23',
            HINT = 'Options are survivorship, is_identifier, priority, max_per_profile and description.';
    END IF;
    IF option = 'survivorship' AND value IS DISTINCT FROM 'none' AND (value IS NULL OR cdp_internal.survivorship_sql(value) IS NULL) THEN
        RAISE EXCEPTION 'there is no survivorship rule "%"', value USING ERRCODE = 'CDP51',
            HINT = 'Rules are most_recent, earliest, most_trusted, most_frequent, longest, min, max and none.';
    END IF;
    EXECUTE format('SELECT a.* FROM %s.attribute a WHERE a.attribute = $1', space) INTO was USING attribute;
    IF was.attribute IS NULL THEN
        RAISE EXCEPTION 'space % has no attribute "%"', space, attribute USING ERRCODE = 'CDP50',
            HINT = format('See the table %s.attribute, or call cdp.add_attribute.', space);
    END IF;
    IF option = 'max_per_profile' AND value IS NOT NULL AND NOT was.is_identifier THEN
        -- a limit needs the values exploded; they still tie nobody
        EXECUTE format('UPDATE %s.attribute SET is_identifier = true, priority = NULL WHERE attribute = $1', space) USING attribute;
    END IF;
    BEGIN
        EXECUTE format('UPDATE %s.attribute SET %I = $2::%s WHERE attribute = $1 RETURNING *', space, option,
                       CASE option WHEN 'is_identifier' THEN 'boolean' WHEN 'priority' THEN 'int' WHEN 'max_per_profile' THEN 'int' ELSE 'text' END)
            INTO is_now USING attribute, value;
    EXCEPTION
        WHEN not_null_violation OR check_violation OR invalid_text_representation OR numeric_value_out_of_range THEN
            RAISE EXCEPTION 'option "%" of attribute "%" cannot have that value', option, attribute USING ERRCODE = 'CDP23',
                HINT = 'is_identifier is true or false, priority a whole number or null, max_per_profile a whole number from 1 or null.';
    END;
    IF option = 'is_identifier' AND is_now.is_identifier <> was.is_identifier THEN
        -- as at cdp.add_attribute: an identifier ties unless its priority is taken away, and a limit keeps the values
        EXECUTE format('UPDATE %s.attribute SET is_identifier = is_identifier OR max_per_profile IS NOT NULL,
                               priority = CASE WHEN is_identifier THEN coalesce(priority, 100) END WHERE attribute = $1', space) USING attribute;
    END IF;
    IF option <> 'description' THEN
        EXECUTE format('UPDATE %s.space_info SET definitions_changed = true', space);
    END IF;
    IF was.in_use AND (option = 'is_identifier' OR option = 'max_per_profile' AND NOT was.is_identifier) THEN
        PERFORM cdp_internal.explode_attribute(space, attribute);
    END IF;
    IF was.in_use AND option = 'survivorship' AND was.survivorship = 'none' AND value <> 'none' THEN
        PERFORM cdp_internal.use_attribute(space, attribute);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.set_attribute(regnamespace, name, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.set_attribute(regnamespace, name, text, text) IS
'Changes one option of an attribute: survivorship, is_identifier (true: with priority 100 unless it has one; false: its values tie nobody, a limit still holds), priority (null: values tie nobody), max_per_profile (null: no limit) or description. The next cdp.resolve clusters everything again.
Errors: CDP22 while the space is being resolved, CDP50 unknown attribute, CDP51 unknown survivorship rule, CDP23 unknown option or a value that it cannot have.
Example: SELECT cdp.set_attribute(''customer'', ''birth_date'', ''max_per_profile'', ''1'');';

CREATE OR REPLACE FUNCTION cdp_internal.add_column(space regnamespace, relation text, column_name text, type text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = to_regclass(format('%s.%I', space, relation)) AND c.attname = column_name AND NOT c.attisdropped) THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE %s.%I ADD COLUMN %I %s', space, relation, column_name, type);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.add_column(regnamespace, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.add_column(regnamespace, text, text, text) IS 'Adds a column unless it is there; tells whether it did.';

CREATE OR REPLACE FUNCTION cdp_internal.use_attribute(space regnamespace, attribute text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a record;
BEGIN
    EXECUTE format('UPDATE %s.attribute SET in_use = true WHERE attribute = $1 RETURNING *', space) INTO a USING attribute;
    IF cdp_internal.add_column(space, 'record', attribute, a.storage_type) AND a.description IS NOT NULL THEN
        EXECUTE format('COMMENT ON COLUMN %s.record.%I IS %L', space, attribute, a.description);
    END IF;
    IF a.is_multiple AND cdp_internal.add_column(space, 'record', attribute || '_all', a.storage_type || '[]') THEN
        EXECUTE format('UPDATE %1$s.record SET %3$I = ARRAY[%2$I] WHERE %2$I IS NOT NULL', space, attribute, attribute || '_all');
    END IF;
    IF a.survivorship <> 'none' AND cdp_internal.add_column(space, 'profile', attribute, a.storage_type) AND a.description IS NOT NULL THEN
        EXECUTE format('COMMENT ON COLUMN %s.profile.%I IS %L', space, attribute, a.description);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.use_attribute(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.use_attribute(regnamespace, text) IS
'Gives an attribute its typed columns in record and profile.';

CREATE OR REPLACE FUNCTION cdp_internal.identifier_key(space regnamespace, kind text, value text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
AS 'MODULE_PATHNAME', 'cdp_identifier_key';
REVOKE ALL ON FUNCTION cdp_internal.identifier_key(regnamespace, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.identifier_key(regnamespace, text, text) IS
'What identifier.value holds for a value as people write it: cleaned, then keyed; null when cleaning refuses it. CDP50 when the kind is no identifier of the space.';

CREATE OR REPLACE FUNCTION cdp_internal.hub_value(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_hub_value';
REVOKE ALL ON FUNCTION cdp_internal.hub_value(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.hub_value(text) IS
'A matching key as it is stored: itself, null when empty, and for one too long for an index its beginning and a 128-bit hash.';
