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

CREATE OR REPLACE FUNCTION cdp_internal.kind_measure(kind text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN kind IN ('gender', 'state', 'country') THEN 'code' WHEN kind = 'reference' THEN NULL ELSE kind END
$$;
REVOKE ALL ON FUNCTION cdp_internal.kind_measure(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.kind_measure(text) IS 'The measure by which values of a kind are compared; null when they are not.';

CREATE OR REPLACE FUNCTION cdp_internal.input_sql(space regnamespace, measure text, attributes text[])
RETURNS text[]
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    keys text[];
    used text[];
    column_sql text[];
BEGIN
    EXECUTE format($sql$
        SELECT array_agg(CASE WHEN a.in_use THEN format('NULLIF(%%s, '''')', replace(k.key_sql, '{v}', format('r.%%I', u.attribute))) ELSE 'NULL::text' END ORDER BY u.i),
               array_agg(CASE WHEN a.in_use THEN format('r.%%I', u.attribute) END ORDER BY u.i)
          FROM unnest($1) WITH ORDINALITY u(attribute, i)
          LEFT JOIN %1$s.attribute a ON a.attribute = u.attribute LEFT JOIN cdp_internal.kinds() k ON k.kind = a.kind
    $sql$, space) INTO keys, column_sql USING attributes;
    IF measure IS NULL THEN
        -- conditions see typed values again: all of them make one text
        used := array_remove(column_sql, NULL);
        RETURN ARRAY[CASE WHEN cardinality(used) = 0 THEN 'NULL::text'
                     ELSE format('CASE WHEN num_nonnulls(%s) > 0 THEN jsonb_build_array(%s)::text END', array_to_string(used, ', '),
                                 (SELECT string_agg(coalesce(c.x || '::text', 'NULL::text'), ', ' ORDER BY c.i) FROM unnest(column_sql) WITH ORDINALITY c(x, i))) END];
    ELSIF measure = 'person_name' AND column_sql[3] IS NOT NULL THEN
        RETURN ARRAY[format('coalesce(%s, NULLIF(cdp.name_key(cdp_internal.given_part(%s::text)), ''''))', keys[1], column_sql[3]),
                     format('coalesce(%s, NULLIF(cdp.name_key(cdp_internal.family_part(%s::text)), ''''))', keys[2], column_sql[3])];
    ELSIF measure = 'person_name' THEN
        RETURN keys[:2];
    END IF;
    RETURN keys[:1];
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.input_sql(regnamespace, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.input_sql(regnamespace, text, text[]) IS
'Per input of a comparison, the SQL over record r that gives its text: the matching key, or for a comparison by conditions (measure null) a JSON array of the attributes'' values. Attributes: of person_name the given, the family and perhaps the whole name; of other measures one. Run it under datestyle ISO.';

CREATE OR REPLACE FUNCTION cdp_internal.comparisons(space regnamespace)
RETURNS TABLE ("position" int, comparison text, measure text, attributes text[], conditions jsonb, is_place boolean, input_sql text[])
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH a AS (SELECT a.attribute, a.kind, cdp_internal.kind_measure(a.kind) AS measure, a.is_identifier
                     FROM %1$s.attribute a WHERE a.in_use),
        d AS (
            SELECT 'name' COLLATE "C" AS comparison, 'person_name' AS measure, '{given_name,family_name,full_name}'::text[] AS attributes, false AS is_identifier
             WHERE EXISTS (SELECT FROM a WHERE a.attribute IN ('given_name', 'family_name', 'full_name') AND a.kind = 'name')
            UNION ALL
            -- two comparisons cannot have one name
            SELECT CASE a.attribute WHEN 'name' THEN 'attribute name' ELSE a.attribute END, a.measure, ARRAY[a.attribute::text], a.is_identifier
              FROM a WHERE a.measure IS NOT NULL AND a.attribute NOT IN ('given_name', 'family_name', 'full_name', 'language')),
        e AS (
            SELECT d.comparison, d.measure, d.attributes, NULL::jsonb AS conditions FROM d
             WHERE NOT EXISTS (SELECT FROM %1$s.match_comparison c WHERE c.comparison = d.comparison)
            UNION ALL
            SELECT c.comparison, c.measure, c.attributes, c.conditions FROM %1$s.match_comparison c WHERE c.enabled)
        SELECT row_number() OVER (ORDER BY e.measure IS DISTINCT FROM 'person_name', NOT EXISTS (SELECT FROM a WHERE a.attribute = ANY (e.attributes) AND a.is_identifier),
                                           array_position('{id,birth_date,email,phone,street,postal_code,name,city,code,date,number,text}', e.measure), e.comparison)::int,
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
By default given, family and whole name make one comparison, and every other attribute in use makes one of its own by the measure of its kind; references and the language make none.';

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
