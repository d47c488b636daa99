-- match: models as rows and as jsonb.

CREATE OR REPLACE FUNCTION cdp_internal.model_levels(model jsonb)
RETURNS TABLE ("position" int, comparison text, measure text, attributes text[], is_place boolean, level int, name text, description text,
               condition text, m double precision, u double precision[], pairs_m double precision, pairs_u double precision,
               inputs int, people double precision[], rarity_unseen double precision[])
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 80
AS 'MODULE_PATHNAME', 'cdp_model_levels';
REVOKE ALL ON FUNCTION cdp_internal.model_levels(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.model_levels(jsonb) IS
'A model, checked and taken apart: one row per level of each comparison. people (negative: not told) and rarity_unseen have an entry per input. CDP65 when the model cannot be used.';

CREATE OR REPLACE FUNCTION cdp_internal.active_model(space regnamespace)
RETURNS int
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id int;
BEGIN
    EXECUTE format('SELECT m.model_id FROM %s.match_model m WHERE m.active', space) INTO id;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.active_model(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.active_model(regnamespace) IS 'The model that cdp.resolve uses; null: none, records are tied by identifiers and rules alone.';

CREATE OR REPLACE FUNCTION cdp_internal.require_model(space regnamespace, model_id int)
RETURNS int
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id int;
BEGIN
    PERFORM cdp_internal.require_space(space);
    EXECUTE format('SELECT m.model_id FROM %s.match_model m WHERE CASE WHEN $1 IS NULL THEN m.active ELSE m.model_id = $1 END', space) INTO id USING model_id;
    IF id IS NULL AND model_id IS NULL THEN
        RAISE EXCEPTION 'space % has no active model', space USING ERRCODE = 'CDP64',
            HINT = format('Train one with cdp.train(%L), or activate one with cdp.activate_model.', space);
    ELSIF id IS NULL THEN
        RAISE EXCEPTION 'space % has no model %', space, model_id USING ERRCODE = 'CDP64', HINT = format('See the table %s.match_model.', space);
    END IF;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.require_model(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.require_model(regnamespace, int) IS 'The id of a model of the space, of the active one when none is given; CDP64 when there is none.';

CREATE OR REPLACE FUNCTION cdp.export_model(space regnamespace, model_id int DEFAULT NULL, frequencies boolean DEFAULT true)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $$
DECLARE
    model jsonb;
BEGIN
    EXECUTE format($sql$
        SELECT jsonb_build_object(
            'origin', m.origin, 'made_at', m.made_at, 'records', m.records, 'lambda', m.lambda, 'share', to_jsonb(m.share),
            'pairs_per_record', m.pairs_per_record,
            'comparisons',
            (SELECT jsonb_agg(c.comparison ORDER BY c.position) FROM (
                SELECT l.position, jsonb_strip_nulls(jsonb_build_object(
                           'comparison', min(l.comparison), 'measure', min(l.measure), 'attributes', to_jsonb(min(l.attributes)),
                           'is_place', bool_or(l.is_place),
                           'inputs', (SELECT jsonb_agg(jsonb_build_object('people', i.people, 'rarity_unseen', i.rarity_unseen) ORDER BY i.input)
                                        FROM %1$s.match_input i WHERE i.model_id = m.model_id AND i.comparison = min(l.comparison)),
                           'levels', jsonb_agg(jsonb_build_object('name', l.name, 'description', l.description, 'm', l.m, 'u', to_jsonb(l.u),
                                                                  'pairs_m', l.pairs_m, 'pairs_u', l.pairs_u,
                                                                  'condition', l.conditions -> (l.level - 1) ->> 'condition') ORDER BY l.level))) AS comparison
                  FROM %1$s.match_level l WHERE l.model_id = m.model_id GROUP BY l.position) c),
            'nicknames', (SELECT coalesce(jsonb_agg(jsonb_build_array(n.name, n.other) ORDER BY n.name, n.other), '[]') FROM %1$s.match_nickname n),
            'rules', (SELECT coalesce(jsonb_agg(to_jsonb(r.keys) ORDER BY r.rule), '[]') FROM %1$s.match_rule r WHERE r.model_id = m.model_id))
            || CASE WHEN $2 THEN jsonb_build_object('frequencies',
                (SELECT coalesce(jsonb_agg(jsonb_build_array(f.comparison, f.input, f.value, f.rarity) || coalesce(to_jsonb(f.origins), '[]') ORDER BY f.comparison, f.input, f.value), '[]')
                   FROM %1$s.match_frequency f WHERE f.model_id = m.model_id)) ELSE '{}' END
          FROM %1$s.match_model m WHERE m.model_id = $1
    $sql$, space) INTO model USING cdp_internal.require_model(space, model_id), frequencies;
    RETURN model;
END
$$;
REVOKE ALL ON FUNCTION cdp.export_model(regnamespace, int, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp.export_model(regnamespace, int, boolean) IS
'A model (by default the active one) as one JSON value that cdp.import_model reads and cdp.pair_weight computes with. lambda: share of the pairs of one person in all pairs. pairs_per_record: budget of blocking. share: of the relations (chance, area, household, namesake, twins, named after, kin) in all other pairs. comparisons: per level m and u (by relation). nicknames: of the space. rules: the blocking rules. frequencies: [comparison, input, value, rarity] of values that several people have, of names also origins, from which follows how often a given and a family name go together; these are people''s data: leave them out (false) to hand on the parameters alone.
Errors: CDP64 no such model.
Example: SELECT cdp.export_model(''customer'', frequencies => false);';

CREATE OR REPLACE FUNCTION cdp.import_model(space regnamespace, model jsonb, why text)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id  int;
    bad record;
    c   record;
    unknown text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF model IS NULL OR coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'an import needs a model and why' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.import_model(space, (SELECT cdp.export_model(''other'')), ''trained on last year''''s data'').';
    END IF;
    CREATE TEMP TABLE cdp_import ON COMMIT DROP AS SELECT * FROM cdp_internal.model_levels(model);
    UPDATE pg_temp.cdp_import SET attributes = ARRAY[comparison] WHERE attributes = '{}';

    EXECUTE format('SELECT i.comparison, u.attribute FROM pg_temp.cdp_import i CROSS JOIN LATERAL unnest(i.attributes) u(attribute)
                     WHERE NOT EXISTS (SELECT FROM %s.attribute a WHERE a.attribute = u.attribute) ORDER BY i.position LIMIT 1', space) INTO bad;
    IF bad.attribute IS NOT NULL THEN
        RAISE EXCEPTION 'the model''s comparison "%" needs the attribute "%", which space % has not', bad.comparison, bad.attribute, space USING ERRCODE = 'CDP50',
            HINT = format('Declare it with cdp.add_attribute, or name one of the table %s.attribute in the model.', space);
    END IF;
    SELECT i.comparison, i.name INTO bad FROM pg_temp.cdp_import i
     WHERE (i.condition IS NULL) = (i.measure IS NULL AND i.level < (SELECT max(o.level) FROM pg_temp.cdp_import o WHERE o.comparison = i.comparison))
     ORDER BY i.position, i.level LIMIT 1;
    IF bad.comparison IS NOT NULL THEN
        RAISE EXCEPTION 'the model''s comparison "%": level "%" must be told by a condition, or by the comparison''s measure, or be the last', bad.comparison, bad.name USING ERRCODE = 'CDP65',
            HINT = 'A comparison has a measure, or else every level but the last has a condition.';
    END IF;
    FOR c IN SELECT i.comparison, i.measure, min(i.attributes) AS attributes,
                    jsonb_agg(jsonb_build_object('name', i.name, 'condition', i.condition, 'description', i.description) ORDER BY i.level) FILTER (WHERE i.condition IS NOT NULL) AS conditions
               FROM pg_temp.cdp_import i GROUP BY i.comparison, i.measure ORDER BY min(i.position) LOOP
        PERFORM cdp_internal.check_comparison(space, c.comparison, c.attributes, c.measure, c.conditions);
    END LOOP;

    IF jsonb_typeof(model -> 'pairs_per_record') <> 'null'
       AND (CASE WHEN jsonb_typeof(model -> 'pairs_per_record') = 'number' THEN NOT (model ->> 'pairs_per_record')::numeric BETWEEN 1 AND 100000 ELSE true END) THEN
        RAISE EXCEPTION 'the model: pairs_per_record is not a number between 1 and 100000' USING ERRCODE = 'CDP65',
            HINT = 'Leave it out for the setting cdp.max_pairs_per_record.';
    END IF;
    BEGIN
        SELECT min(k.x) INTO unknown FROM jsonb_array_elements(nullif(model -> 'rules', 'null')) r(x) CROSS JOIN LATERAL jsonb_array_elements_text(r.x) k(x)
         WHERE k.x NOT IN (SELECT i.comparison || m.name FROM (SELECT DISTINCT o.comparison, o.measure FROM pg_temp.cdp_import o) i CROSS JOIN LATERAL cdp_internal.measure_keys(i.measure) m(name));
    EXCEPTION WHEN data_exception THEN
        NULL;   -- said below
    END;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'the model: rules: it has no blocking key "%"', unknown USING ERRCODE = 'CDP65',
            HINT = 'A key is a form or part of what the model compares; cdp.blocking_keys lists those of the space.';
    END IF;
    EXECUTE format('INSERT INTO %s.match_model (origin, why, lambda, share, records, pairs_per_record)
                    VALUES (''imported'', $1, ($2 ->> ''lambda'')::float8,
                            (coalesce((SELECT array_agg(s.x::float8 ORDER BY s.i) FROM jsonb_array_elements_text(nullif($2 -> ''share'', ''null'')) WITH ORDINALITY s(x, i)), ''{1}'')
                             || array_fill(0::float8, ''{7}''))[:7],
                            ($2 ->> ''records'')::bigint, coalesce(($2 ->> ''pairs_per_record'')::float8, $3)) RETURNING model_id', space)
       INTO id USING why, model, cdp_internal.setting('cdp.max_pairs_per_record')::float8;
    EXECUTE format($sql$
        INSERT INTO %1$s.match_level (model_id, position, comparison, measure, attributes, conditions, is_place, level, name, description, m, u, pairs_m, pairs_u)
        SELECT $1, i.position, i.comparison, i.measure, i.attributes, c.conditions, i.is_place, i.level, i.name, i.description, i.m, i.u, i.pairs_m, i.pairs_u
          FROM pg_temp.cdp_import i
          JOIN (SELECT o.comparison, jsonb_agg(jsonb_build_object('name', o.name, 'condition', o.condition, 'description', o.description) ORDER BY o.level)
                                     FILTER (WHERE o.condition IS NOT NULL) AS conditions
                  FROM pg_temp.cdp_import o GROUP BY o.comparison) c USING (comparison)
    $sql$, space) USING id;
    EXECUTE format('INSERT INTO %s.match_input (model_id, comparison, input, people, rarity_unseen)
                    SELECT $1, i.comparison, n.input, nullif(greatest(i.people[n.input + 1], -1), -1), i.rarity_unseen[n.input + 1]
                      FROM pg_temp.cdp_import i CROSS JOIN LATERAL generate_series(0, i.inputs - 1) n(input) WHERE i.level = 1', space) USING id;
    BEGIN
        EXECUTE format('INSERT INTO %s.match_frequency (model_id, comparison, input, value, rarity, origins)
                        SELECT $1, f.x ->> 0, (f.x ->> 1)::int, f.x ->> 2, (f.x ->> 3)::float8, (f.x ->> 4)::bigint FROM jsonb_array_elements(nullif($2 -> ''frequencies'', ''null'')) f(x)', space) USING id, model;
        EXECUTE format('INSERT INTO %s.match_rule (model_id, rule, keys)
                        SELECT $1, r.i, ARRAY(SELECT k.x FROM jsonb_array_elements_text(r.x) WITH ORDINALITY k(x, i) ORDER BY k.i)
                          FROM jsonb_array_elements(nullif($2 -> ''rules'', ''null'')) WITH ORDINALITY r(x, i)', space) USING id, model;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
        RAISE EXCEPTION 'the model: frequencies or rules cannot be read (SQLSTATE %)', SQLSTATE USING ERRCODE = 'CDP65',
            HINT = 'frequencies are [comparison, input, value, rarity] with a rarity above 0, each value once, of names perhaps with origins, a whole number; rules are lists of keys.';
    END;
    DROP TABLE pg_temp.cdp_import;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION cdp.import_model(regnamespace, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.import_model(regnamespace, jsonb, text) IS
'Adds a model with given parameters, in the form of cdp.export_model, and returns its id; cdp.activate_model puts it to use. Least form, as below: lambda, and in comparisons per comparison its name (comparison), a measure or per level a condition, and per level name, m and u. m and u lie between 0 and 1, neither included, and sum to 1 (of person_name: those for two whole names, those where each name is missing, and those for a mailbox and a name). u is a number, or a list by relation (chance, area, household, namesake, twins, named after, kin) with share beside lambda; relations that a list leaves out at its end do not occur. attributes: those that are compared (default: the one named as the comparison). A measure needs all its levels (cdp.comparison_levels). rules: the blocking rules, lists of keys; without them the first cdp.resolve chooses some by the model''s own numbers, and warns when none is worth it. Nothing is written when anything is wrong.
Errors: CDP65 numbers, levels or measures that make no model, CDP50 an attribute that the space has not, CDP30 to CDP32 and 42883 conditions that cannot be used, CDP22 while the space is being resolved.
Example: SELECT cdp.import_model(''customer'', ''{"lambda": 0.0001, "comparisons": [{"comparison": "city", "measure": "city", "levels": [{"name": "exact", "m": 0.8, "u": 0.05}, {"name": "close", "m": 0.1, "u": 0.05}, {"name": "else", "m": 0.1, "u": 0.9}]}]}'', ''made by hand'');';

CREATE OR REPLACE FUNCTION cdp.activate_model(space regnamespace, model_id int)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF model_id <> 0 THEN
        PERFORM cdp_internal.require_model(space, model_id);
    END IF;
    EXECUTE format('UPDATE %s.match_model m SET active = false WHERE m.active AND m.model_id IS DISTINCT FROM $1', space) USING model_id;
    EXECUTE format('UPDATE %s.match_model m SET active = true WHERE NOT m.active AND m.model_id = $1', space) USING model_id;
END
$$;
REVOKE ALL ON FUNCTION cdp.activate_model(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.activate_model(regnamespace, int) IS
'Makes cdp.resolve use this model, trained or imported, from its next run on; 0 or null: none, records are tied by identifiers and rules alone. Models are the rows of the table match_model.
Errors: CDP64 no such model, CDP22 while the space is being resolved.
Example: SELECT cdp.activate_model(''customer'', 3);';

CREATE OR REPLACE FUNCTION cdp.show_model(space regnamespace, model_id int DEFAULT NULL)
RETURNS TABLE (topic text, comparison text, level text, description text, m double precision, u double precision, weight double precision,
               pairs_m double precision, pairs_u double precision)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id int := cdp_internal.require_model(space, model_id);
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT 'model', NULL::text, NULL::text,
               format('model %%s, %%s%%s by %%s', m.model_id, CASE m.origin WHEN 'default' THEN 'made of documented defaults' ELSE m.origin END,
                      coalesce(' on ' || m.records || ' records', ''), m.made_by)
               || coalesce(', because: ' || m.why, '') || CASE WHEN m.active THEN '; in use' ELSE '; not in use' END,
               NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL::float8
          FROM %1$s.match_model m WHERE m.model_id = $1
        UNION ALL
        SELECT 'training', NULL, NULL, format('%%s %%s %%s iterations', m.pairs, CASE WHEN m.converged THEN 'pairs, converged after' ELSE 'pairs, not converged after' END, m.iterations),
               NULL, NULL, NULL, m.pairs, m.random_pairs
          FROM %1$s.match_model m WHERE m.model_id = $1 AND m.iterations IS NOT NULL
        UNION ALL
        SELECT 'prior', NULL, NULL, 'share of the pairs of one person in all pairs of records', m.lambda, 1 - m.lambda, log(2, (m.lambda / (1 - m.lambda))::numeric)::float8, m.matches, NULL
          FROM %1$s.match_model m WHERE m.model_id = $1
        UNION ALL
        SELECT 'relation', NULL, (ARRAY['chance', 'area', 'household', 'namesake', 'twins', 'named after', 'kin'])[s.i],
               (ARRAY['share of the pairs of two people with nothing in common', 'share of those from one place, or, where no addresses are compared, of one group', 'share of those from one home', 'share of those with one name',
                      'share of those from one home with one birth date', 'share of those from one home with one name', 'share of those with one family name'])[s.i],
               NULL, s.x, NULL, NULL, NULL
          FROM %1$s.match_model m CROSS JOIN LATERAL unnest(m.share) WITH ORDINALITY s(x, i) WHERE m.model_id = $1
        UNION ALL
        SELECT 'coverage', NULL, NULL, 'expected share of the true pairs that are compared', m.coverage, NULL, NULL, NULL, NULL
          FROM %1$s.match_model m WHERE m.model_id = $1 AND m.coverage IS NOT NULL
        UNION ALL
        SELECT 'warning', NULL, NULL, w.x, NULL, NULL, NULL, NULL, NULL
          FROM %1$s.match_model m CROSS JOIN LATERAL unnest(m.warnings) WITH ORDINALITY w(x, i) WHERE m.model_id = $1
        UNION ALL
        (SELECT 'level', l.comparison::text, l.name, l.description, l.m, l.u[1], log(2, (l.m / l.u[1])::numeric)::float8, l.pairs_m, l.pairs_u
           FROM %1$s.match_level l WHERE l.model_id = $1 ORDER BY l.position, l.level)
    $sql$, space) USING id;
END
$$;
REVOKE ALL ON FUNCTION cdp.show_model(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.show_model(regnamespace, int) IS
'A model, by default the active one, as a list for reading. topic model: where it comes from. training: the pairs of records it was learned from (pairs_m: compared ones, pairs_u: random ones) and whether that settled. prior: m is the share of the pairs of one person in all pairs, weight its log2 odds. relation: u is the share of a relation in the pairs of two people. coverage: m is the expected share of the true pairs that blocking finds. warning: what to know, in words. level: per comparison and level of agreement m (share of the pairs of one person that agree so), u (share of the pairs of two people who have nothing in common), weight = log2(m/u) in bits for a value of average rarity, and how many pairs m and u rest on.
Errors: CDP64 no such model.
Example: SELECT * FROM cdp.show_model(''customer'') WHERE topic = ''level'';';

CREATE OR REPLACE FUNCTION cdp.train(space regnamespace, pairs_per_record double precision DEFAULT NULL)
RETURNS TABLE (topic text, comparison text, level text, description text, m double precision, u double precision, weight double precision,
               pairs_m double precision, pairs_u double precision)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET jit = off
AS $$
DECLARE
    started timestamptz := clock_timestamp();
    is_new  boolean;
    useful  boolean;
    id      int;
BEGIN
    PERFORM cdp_internal.require_space(space);
    PERFORM cdp_internal.lock_space(space);
    IF NOT pairs_per_record BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'pairs_per_record lies between 1 and 100000' USING ERRCODE = 'CDP23',
            HINT = 'Leave it out for the setting cdp.max_pairs_per_record.';
    END IF;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.record)', space) INTO is_new;
    IF is_new THEN
        PERFORM cdp_internal.drop_work_tables();
        PERFORM cdp_internal.make_work_tables();
        PERFORM cdp_internal.read_sources(space, false);
        PERFORM cdp_internal.drop_work_tables();
    END IF;
    id := cdp_internal.train_model(space, pairs_per_record);
    -- there is nothing to compare in a space without records
    EXECUTE format('SELECT EXISTS (SELECT FROM %s.match_level l WHERE l.model_id = $1)', space) INTO useful USING id;
    IF useful THEN
        PERFORM cdp.activate_model(space, id);
    END IF;
    EXECUTE format('INSERT INTO %1$s.run (step, state, started_at, finished_at, counts)
                    SELECT ''train'', ''done'', $2, clock_timestamp(),
                           jsonb_build_object(''model_id'', m.model_id, ''records'', m.records, ''candidates'', m.candidates, ''matches'', m.matches,
                                              ''iterations'', m.iterations, ''converged'', m.converged, ''warnings'', cardinality(m.warnings))
                      FROM %1$s.match_model m WHERE m.model_id = $1', space) USING id, started;
    RETURN QUERY SELECT * FROM cdp.show_model(space, id);
END
$$;
REVOKE ALL ON FUNCTION cdp.train(regnamespace, double precision) FROM PUBLIC;
COMMENT ON FUNCTION cdp.train(regnamespace, double precision) IS
'Learns, without being told who is who, how strongly each level of agreement speaks for one person, and puts the model to use: the next cdp.resolve compares and clusters all records by it. Returns what was learned, as cdp.show_model does, with warnings in words. The same records give the same model, whatever their order and whatever the last run made of them. In a space that was never resolved the sources are read first.
pairs_per_record: budget of pairs that blocking may compare, on average per record.
Errors: CDP20 no space, CDP22 while the space is being resolved, CDP23 bad budget. A failed training changes nothing.
Example: SELECT * FROM cdp.train(''customer'');';
