-- increments with a matching model: many small random worlds, step by step and at once
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- People with few distinct names, days, homes and mailboxes, whose records have slips and gaps: pairs of every weight,
-- chains, families behind one mailbox, a number limited to one per profile. The space "inc_step" follows every change
-- of a world, run by run; "inc_once" sees only its end. Both use the model that "inc_train" learned.
CREATE SCHEMA inc_src;
CREATE TABLE inc_src.row (src int, key text COLLATE "C", given text, family text, born date, street text, city text, zip text, email text, phone text, member text, PRIMARY KEY (src, key));
CREATE VIEW inc_src.s1 AS SELECT * FROM inc_src.row WHERE src = 1;
CREATE VIEW inc_src.s2 AS SELECT * FROM inc_src.row WHERE src = 2;
CREATE TABLE inc_src.learn (LIKE inc_src.row);
CREATE FUNCTION inc_src.make_space(space name, s1 regclass, s2 regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.create_space(space);
    PERFORM cdp.add_attribute(space::text::regnamespace, 'member', 'text', max_per_profile => 1);
    PERFORM cdp.add_source(space::text::regnamespace, s1, key => 'key', name => 's1',
        fields => '{"given_name": "given", "family_name": "family", "birth_date": "born", "street": "street", "city": "city", "postal_code": "zip", "email": "email", "phone": "phone", "member": "member"}');
    IF s2 IS NOT NULL THEN
        PERFORM cdp.add_source(space::text::regnamespace, s2, key => 'key', name => 's2',
            fields => '{"full_name": "given || '' '' || family", "birth_date": "born", "email": "email", "phone": ["phone", "''+12025550'' || zip"], "city": "city"}');
    END IF;
    -- what ties records only by being scored, too
    PERFORM cdp.set_attribute(space::text::regnamespace, 'phone', 'is_identifier', 'false');
END
$$;

CREATE FUNCTION inc_src.one_of(n int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT floor(random() * n)::int $$;
CREATE FUNCTION inc_src.maybe(chance float, value text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT CASE WHEN random() < chance THEN value END $$;
-- person p lives with those of the same p / 3
CREATE FUNCTION inc_src.make_row(src int, key text, p int) RETURNS inc_src.row LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r inc_src.row;
    h int := p / 3;
    f text := (ARRAY['Garcia', 'Smith', 'Miller', 'Okafor', 'Nguyen', 'Rossi', 'Weber', 'Silva', 'Novak', 'Haddad', 'Smyth'])[1 + h * 7 % 11];
    g text := (ARRAY['Anna', 'Robert', 'Maria', 'James', 'Linda', 'David', 'Susan', 'Peter', 'Hannah', 'Carlos', 'Elena', 'Bob', 'Katherine'])[1 + p * 5 % 13];
BEGIN
    r.src := src;
    r.key := key;
    r.given := CASE inc_src.one_of(12) WHEN 0 THEN left(g, 1) WHEN 1 THEN overlay(g PLACING 'x' FROM 3 FOR 1) WHEN 2 THEN NULL WHEN 3 THEN f WHEN 4 THEN 'Bobby' ELSE g END;
    r.family := CASE inc_src.one_of(12) WHEN 0 THEN overlay(f PLACING 'q' FROM 2 FOR 1) WHEN 1 THEN f || 's' WHEN 2 THEN NULL WHEN 3 THEN g ELSE f END;
    r.born := CASE inc_src.one_of(6) WHEN 0 THEN NULL WHEN 1 THEN date '1950-01-01' + p * 37 % 9000 + 1 ELSE date '1950-01-01' + p * 37 % 9000 END;
    r.street := inc_src.maybe(0.6, (h * 3 % 40 + 1 + (random() < 0.1)::int) || ' ' || (ARRAY['Oak', 'Elm', 'Main'])[1 + h % 3] || ' Street');
    r.city := inc_src.maybe(0.8, (ARRAY['Springfield', 'Riverton', 'Lakeside'])[1 + h % 3]);
    r.zip := inc_src.maybe(0.7, (10000 + h % 10)::text);
    -- some mailboxes are a family's, or everybody's
    r.email := inc_src.maybe(0.5, CASE inc_src.one_of(8) WHEN 0 THEN 'home' || h WHEN 1 THEN 'home' || h WHEN 2 THEN 'info' || h % 4 ELSE lower(g || '.' || f) || p % 4 END || '@example.com');
    r.phone := inc_src.maybe(0.5, '+1202555' || lpad((h * 17 % 1000 + (random() < 0.1)::int)::text, 4, '0'));
    r.member := inc_src.maybe(0.3, 'M' || p * 10 + (random() < 0.2)::int);
    RETURN r;
END
$$;
CREATE FUNCTION inc_src.change(people int, only_insert boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s int := 1 + (random() < 0.3)::int;
    k text := 'k' || inc_src.one_of(400);
BEGIN
    IF NOT only_insert AND random() < 0.6 THEN
        SELECT w.src, w.key INTO s, k FROM inc_src.row w ORDER BY md5(w.key || w.src || random()) LIMIT 1;
        IF random() < 0.4 THEN
            DELETE FROM inc_src.row w WHERE (w.src, w.key) = (s, k);
            RETURN;
        END IF;
    END IF;
    DELETE FROM inc_src.row w WHERE (w.src, w.key) = (s, k);
    INSERT INTO inc_src.row SELECT * FROM inc_src.make_row(s, k, inc_src.one_of(people));
END
$$;

SELECT setseed(0.5);
INSERT INTO inc_src.learn SELECT r.* FROM generate_series(0, 2399) i CROSS JOIN LATERAL inc_src.make_row(1, 'l' || i, i % 700) r;
SELECT inc_src.make_space('inc_train', 'inc_src.learn', NULL);
SELECT count(*) > 50 AS trained FROM cdp.train('inc_train');
SELECT origin, warnings FROM inc_train.match_model;
CREATE TABLE inc_src.model AS SELECT cdp.export_model('inc_train') AS model;
SELECT inc_src.make_space(space, 'inc_src.s1', 'inc_src.s2') FROM unnest('{inc_step,inc_once}'::name[]) space;
-- a rule whose blocks are mostly too large
SELECT cdp.add_blocking_rule(space, 'town', '{city exact}') FROM unnest('{inc_step,inc_once}'::regnamespace[]) space;

-- what a space says, in terms of source rows
CREATE FUNCTION inc_src.tells(space name) RETURNS TABLE (what text, a text, b text, tells text) LANGUAGE plpgsql SET extra_float_digits = 1 AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH r AS (SELECT r.record_id, r.source_id || r.source_key AS name, i.profile_id, min(r.source_id || r.source_key) OVER (PARTITION BY i.profile_id) AS person
                     FROM %1$I.record r LEFT JOIN %1$I.identity i USING (record_id))
        SELECT 'partition', r.name, r.name, r.person FROM r
        UNION ALL
        SELECT 'links', least(x.name, y.name), greatest(x.name, y.name), l.origin || ' ' || l.weight FROM %1$I.link l LEFT JOIN r x ON x.record_id = l.record_a LEFT JOIN r y ON y.record_id = l.record_b
        UNION ALL
        SELECT 'refused merges', least(x.name, y.name), greatest(x.name, y.name), concat_ws(' ', f.kind, f.value, f.refused_by) FROM %1$I.refused_merge f
          LEFT JOIN r x ON x.record_id = f.record_a LEFT JOIN r y ON y.record_id = f.record_b
        UNION ALL
        SELECT 'weakest links', least(x.name, y.name), greatest(x.name, y.name), concat_ws(' ', w.weight, x.person, x.profile_id = w.profile_id AND y.profile_id = w.profile_id) FROM %1$I.weakest_link w
          LEFT JOIN r x ON x.record_id = w.record_a LEFT JOIN r y ON y.record_id = w.record_b
        UNION ALL
        SELECT DISTINCT 'golden records', r.person, NULL, (to_jsonb(p) - '{profile_id,updated_at}'::text[])::text FROM %1$I.profile p LEFT JOIN r USING (profile_id)
    $sql$, space);
END
$$;
CREATE TABLE inc_src.finding (world int, what text, a text, b text, tells text, step boolean, once boolean);
CREATE TABLE inc_src.seen (world int, step int, whole boolean, links int, refused int, weakest int);
CREATE FUNCTION inc_src.compare(n int) RETURNS void LANGUAGE sql AS $$
    WITH s AS MATERIALIZED (SELECT * FROM inc_src.tells('inc_step')), o AS MATERIALIZED (SELECT * FROM inc_src.tells('inc_once'))
    INSERT INTO inc_src.finding
    SELECT n, x.what, x.a, x.b, x.tells, true, false FROM (TABLE s EXCEPT ALL TABLE o) x UNION ALL SELECT n, x.what, x.a, x.b, x.tells, false, true FROM (TABLE o EXCEPT ALL TABLE s) x
    -- a link, SQL and an explanation say the same, to the last bit
    UNION ALL
    SELECT n, x.what, l.record_a::text, l.record_b::text, concat_ws(' ', l.weight, x.weight), NULL, NULL
      FROM (SELECT cdp.export_model('inc_step', frequencies => false) AS model OFFSET 0) m
     CROSS JOIN (SELECT l.*, row_number() OVER (ORDER BY l.record_b, l.record_a) AS i FROM inc_step.link l WHERE l.origin = 'model') l
      JOIN cdp.match_values('inc_step') a ON a.record_id = l.record_a JOIN cdp.match_values('inc_step') b ON b.record_id = l.record_b
     CROSS JOIN LATERAL (SELECT 'weight in SQL' AS what, cdp.pair_weight(m.model, a.keys, b.keys) AS weight
                         UNION ALL SELECT 'weight in SQL, the other way round', cdp.pair_weight(m.model, b.keys, a.keys)
                         UNION ALL SELECT 'explanation', (SELECT (array_agg(e.running_total ORDER BY e.step DESC))[1] FROM cdp.explain_pair('inc_step', l.record_a, l.record_b) e) WHERE l.i % 60 = 0
                         UNION ALL SELECT 'sum of the explanation', (SELECT sum(e.weight ORDER BY e.step) FROM cdp.explain_pair('inc_step', l.record_a, l.record_b) e) WHERE l.i % 60 = 0) x
     WHERE x.weight IS DISTINCT FROM l.weight
$$;
-- whoever is looked up is found in both: the same people, of the same weight
CREATE FUNCTION inc_src.found(space name, person jsonb) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    result text[];
BEGIN
    EXECUTE format('SELECT array_agg(p.person || '' '' || f.weight ORDER BY f.weight DESC, p.person) FROM cdp.lookup(%1$L, $1, 1000) f
                     CROSS JOIN LATERAL (SELECT min(r.source_id || r.source_key) AS person FROM %1$I.identity i JOIN %1$I.record r USING (record_id) WHERE i.profile_id = f.profile_id) p', space)
       INTO result USING person;
    RETURN result;
END
$$;
CREATE FUNCTION inc_src.look_up(n int, people int) RETURNS void LANGUAGE sql AS $$
    WITH p AS MATERIALIZED (
        SELECT i, jsonb_strip_nulls(jsonb_build_object('given_name', r.given, 'family_name', r.family, 'birth_date', r.born, 'street', r.street, 'city', r.city, 'email', r.email, 'phone', r.phone)) AS person
          FROM generate_series(1, 10) i CROSS JOIN LATERAL inc_src.make_row(1, 'x', i % people) r),
    -- one space after the other: to begin with another takes the longest
    s AS MATERIALIZED (SELECT p.i, inc_src.found('inc_step', p.person) FROM p WHERE p.person <> '{}'), o AS MATERIALIZED (SELECT p.i, inc_src.found('inc_once', p.person) FROM p WHERE p.person <> '{}')
    INSERT INTO inc_src.finding
    SELECT n, 'looked up', p.person::text, NULL, concat(s.found, ' ', o.found), NULL, NULL FROM p JOIN s USING (i) JOIN o USING (i) WHERE s.found IS DISTINCT FROM o.found
$$;
CREATE FUNCTION inc_src.empty(space name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    id int;
BEGIN
    EXECUTE format('TRUNCATE %1$I.record, %1$I.identity, %1$I.identifier, %1$I.link, %1$I.refused_merge, %1$I.weakest_link, %1$I.merge_log, %1$I.profile, %1$I.profile_alias, %1$I.rejected_value,
                    %1$I.match_model, %1$I.match_level, %1$I.match_input, %1$I.match_frequency, %1$I.match_rule, %1$I.match_key, %1$I.match_key_rule, %1$I.match_key_info', space);
    SELECT cdp.import_model(space::text::regnamespace, m.model, 'test') INTO id FROM inc_src.model m;
    PERFORM cdp.activate_model(space::text::regnamespace, id);
END
$$;

-- people rule; a ruling goes with its records
CREATE FUNCTION inc_src.rule(space regnamespace, name_a text, name_b text, same boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    EXECUTE format('SELECT array_agg(r.record_id) FROM %s.record r WHERE r.source_id || r.source_key IN ($1, $2)', space) INTO ids USING name_a, name_b;
    IF same THEN PERFORM cdp.rule_same(space, ids[1], ids[2], 'test'); ELSE PERFORM cdp.rule_different(space, ids[1], ids[2], 'test'); END IF;
END
$$;

CREATE FUNCTION inc_src.world(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    people int;
    size   int;
    budget int;
BEGIN
    PERFORM setseed(n / 10000.0);
    people := 20 + inc_src.one_of(100);
    size := 40 + inc_src.one_of(120);
    PERFORM set_config('cdp.max_records_per_value', (2 + inc_src.one_of(8))::text, false);
    -- blocks over the cap, in every second world
    budget := CASE n % 2 WHEN 0 THEN 1 + inc_src.one_of(4) ELSE 100 END;
    UPDATE inc_step.match_model SET pairs_per_record = budget;
    UPDATE inc_once.match_model SET pairs_per_record = budget;
    PERFORM set_config('cdp.match_threads', (1 + n % 2)::text, false);
    TRUNCATE inc_src.row;
    PERFORM inc_src.empty('inc_step'), inc_src.empty('inc_once');
    FOR i IN 1 .. size LOOP
        PERFORM inc_src.change(people, true);
    END LOOP;
    PERFORM cdp.resolve('inc_step');
    PERFORM inc_src.rule('inc_step', t.a, t.b, random() < 0.5)
       FROM (SELECT DISTINCT t.a, t.b FROM inc_src.tells('inc_step') t WHERE t.what = 'links' AND t.a <> t.b) t WHERE random() < 0.02;
    FOR i IN 1 .. 5 LOOP
        FOR j IN 1 .. 1 + inc_src.one_of(1 + size / 15) LOOP
            PERFORM inc_src.change(people, false);
        END LOOP;
        PERFORM cdp.resolve('inc_step');
        INSERT INTO inc_src.seen SELECT n, i, (r.counts ->> 'whole')::boolean, (SELECT count(*) FROM inc_step.link), (SELECT count(*) FROM inc_step.refused_merge), (SELECT count(*) FROM inc_step.weakest_link)
          FROM inc_step.run r ORDER BY r.run_id DESC LIMIT 1;
    END LOOP;
    PERFORM cdp.resolve('inc_once');
    PERFORM inc_src.rule('inc_once', t.a, t.b, t.tells LIKE '% Infinity') FROM inc_src.tells('inc_step') t WHERE t.what = 'links' AND t.tells LIKE 'ruling %';
    PERFORM cdp.resolve('inc_once');
    PERFORM inc_src.compare(n);
    IF n % 4 = 3 THEN
        PERFORM inc_src.look_up(n, people);
    END IF;
END
$$;
CREATE PROCEDURE inc_src.worlds(first int, last int) LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN first .. last LOOP
        PERFORM inc_src.world(n);
        COMMIT;
    END LOOP;
END
$$;
-- CDP_WORLDS=300 looks longer; a world is told by its number, which is its seed
\getenv worlds CDP_WORLDS
\if :{?worlds}
\else
    \set worlds 12
\endif
CALL inc_src.worlds(1, :worlds);
-- what was found: nothing
SELECT what, count(DISTINCT world) AS worlds, min(world) AS first FROM inc_src.finding GROUP BY 1 ORDER BY 1;
-- and it was worth looking: runs of parts only, with links, refusals and joins by score
SELECT count(*) FILTER (WHERE NOT whole) > :worlds AS parts_were_clustered, min(links) > 0 AS links, avg(refused) > 3 AS refusals, avg(weakest) > 3 AS joins FROM inc_src.seen;

-- two records that a score joins share a value that is too common: as soon as it no longer is they are exactly one, though neither changes
TRUNCATE inc_src.row;
SELECT inc_src.empty('inc_step');
SET cdp.max_records_per_value = 2;
UPDATE inc_step.match_model SET pairs_per_record = DEFAULT;
INSERT INTO inc_src.row (src, key, given, family, born) SELECT 1, 'f' || i, 'Filler' || i, 'Person' || i, date '1960-01-01' + i * 400 FROM generate_series(1, 30) i;
INSERT INTO inc_src.row (src, key, given, family, born, email) VALUES (1, 'a', 'Katherine', 'Okafor', '1950-02-07', 'shared@example.com'), (1, 'b', 'Katherine', 'Okafor', NULL, 'shared@example.com'),
       (1, 'd', 'Peter', 'Novak', '1961-05-09', 'shared@example.com');
CREATE FUNCTION inc_src.how_sure(OUT records bigint, OUT surely boolean, OUT weakest_links bigint, OUT whole boolean) LANGUAGE sql AS $$
    SELECT count(*), min(p.confidence) = 1, (SELECT count(*) FROM inc_step.weakest_link), (SELECT (r.counts ->> 'whole')::boolean FROM inc_step.run r ORDER BY r.run_id DESC LIMIT 1)
      FROM inc_step.record r JOIN inc_step.identity i USING (record_id) JOIN inc_step.profile p USING (profile_id)
     WHERE i.profile_id = (SELECT j.profile_id FROM inc_step.identity j JOIN inc_step.record s USING (record_id) WHERE s.source_key = 'a')
$$;
SELECT records FROM cdp.resolve('inc_step');
SELECT * FROM inc_src.how_sure();
UPDATE inc_src.row SET email = 'own@example.com' WHERE key = 'd';
SELECT records, changed FROM cdp.resolve('inc_step');
SELECT * FROM inc_src.how_sure();

SELECT cdp.drop_space(space::regnamespace, space) FROM unnest('{inc_train,inc_step,inc_once}'::text[]) space;
DROP SCHEMA inc_src CASCADE;
