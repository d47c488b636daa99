-- clustering: many small random worlds against a slow and obvious computation of the same definition
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- Three sources with few distinct values, so that chains, common values, limits and rulings meet. The space
-- "cluster_step" follows every change of a world, run by run; "cluster_once" sees only its end, at once.
CREATE SCHEMA cluster_src;
CREATE TABLE cluster_src.row (src int, key text COLLATE "C", a text, b1 text, b2 text, one text, two text, given text, family text, ref text, PRIMARY KEY (src, key));
CREATE VIEW cluster_src.s1 AS SELECT * FROM cluster_src.row WHERE src = 1;
CREATE VIEW cluster_src.s2 AS SELECT * FROM cluster_src.row WHERE src = 2;
CREATE VIEW cluster_src.s3 AS SELECT * FROM cluster_src.row WHERE src = 3;

CREATE FUNCTION cluster_src.make_space(space name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.create_space(space);
    PERFORM cdp.add_attribute(space::text::regnamespace, 'a', 'text', is_identifier => true, priority => 10),
            cdp.add_attribute(space::text::regnamespace, 'b', 'text', is_identifier => true, priority => 20),
            cdp.add_attribute(space::text::regnamespace, 'one', 'text', max_per_profile => 1),
            cdp.add_attribute(space::text::regnamespace, 'two', 'text', is_identifier => true, priority => 30, max_per_profile => 2);
    FOR i IN 1 .. 3 LOOP
        PERFORM cdp.add_source(space::text::regnamespace, format('cluster_src.s%s', i)::regclass, key => 'key', name => 's' || i,
            fields => CASE i WHEN 1 THEN '{"a": "a", "b": ["b1", "b2"], "one": "one", "two": "two", "given_name": "given", "family_name": "family"}'
                             WHEN 2 THEN '{"a": "a", "b": "b1", "one": ["one", "two"], "s1": "ref", "given_name": "given", "family_name": "family"}'
                             ELSE '{"b": "b1", "two": "two", "s1": "ref", "s3": "b2", "given_name": "given"}' END::jsonb);
    END LOOP;
    PERFORM cdp.add_rule(space::text::regnamespace, 'names', '{given_name,family_name}');
END
$$;

-- what a row carries, by kind, written down once more
CREATE VIEW cluster_src.carries AS
SELECT DISTINCT c.kind, c.value, w.src, w.key
  FROM cluster_src.row w CROSS JOIN LATERAL (VALUES
    ('a', CASE WHEN src < 3 THEN a END), ('b', b1), ('b', CASE WHEN src = 1 THEN b2 END),
    ('one', CASE WHEN src < 3 THEN one END), ('one', CASE WHEN src = 2 THEN two END), ('two', CASE WHEN src <> 2 THEN two END),
    ('names', CASE WHEN src < 3 THEN lower(given) || E'\x1f' || lower(family) END),
    ('s1', CASE WHEN src = 1 THEN key ELSE ref END), ('s3', CASE WHEN src = 3 THEN key END), ('s3', CASE WHEN src = 3 THEN b2 END)) AS c(kind, value)
 WHERE c.value IS NOT NULL;
CREATE TABLE cluster_src.kind (kind text COLLATE "C", priority int, common boolean, max int);
INSERT INTO cluster_src.kind VALUES ('s1', 0, false, NULL), ('s3', 0, false, NULL), ('a', 10, true, NULL), ('b', 20, true, NULL), ('two', 30, true, 2), ('names', 200, true, NULL), ('one', NULL, true, 1);
CREATE TABLE cluster_src.blocked (kind text, value text);
CREATE TABLE cluster_src.ruling (src_a int, key_a text COLLATE "C", src_b int, key_b text COLLATE "C", same boolean);
CREATE TABLE cluster_src.node (src int, key text COLLATE "C", person text, PRIMARY KEY (src, key));
CREATE TABLE cluster_src.holds (src int, key text COLLATE "C", kind text, value text);
CREATE TABLE cluster_src.expected_refusal (node_a text, node_b text, kind text, value text);

CREATE FUNCTION cluster_src.forbidden(p text, q text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM cluster_src.ruling r JOIN cluster_src.node x ON (x.src, x.key) = (r.src_a, r.key_a) JOIN cluster_src.node y ON (y.src, y.key) = (r.src_b, r.key_b)
                    WHERE NOT r.same AND (x.person, y.person) IN ((p, q), (q, p)))
        OR EXISTS (SELECT FROM cluster_src.holds h JOIN cluster_src.node n USING (src, key) JOIN cluster_src.kind k USING (kind)
                    WHERE n.person IN (p, q) GROUP BY h.kind, k.max HAVING count(DISTINCT h.value) > k.max)
$$;

-- The definition at the head of cluster.c, step by step: one record at a time, one cluster at a time.
CREATE FUNCTION cluster_src.by_definition(common int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    hub    record;
    rec    record;
    met    text[];     -- a member of each cluster met in this hub
    other  text;
    p      text;
    q      text;
    joined boolean;
BEGIN
    DELETE FROM cluster_src.node; DELETE FROM cluster_src.holds; DELETE FROM cluster_src.expected_refusal;
    INSERT INTO cluster_src.node SELECT w.src, w.key, w.src || w.key FROM cluster_src.row w;
    INSERT INTO cluster_src.holds SELECT c.src, c.key, c.kind, c.value FROM cluster_src.carries c JOIN cluster_src.kind k USING (kind)
     WHERE k.max IS NOT NULL AND NOT EXISTS (SELECT FROM cluster_src.blocked b WHERE (b.kind, b.value) = (c.kind, c.value));
    FOR hub IN
        SELECT 0 AS step, -1 AS priority, NULL::text COLLATE "C" AS kind, NULL::text COLLATE "C" AS value, ARRAY[src_a || key_a, src_b || key_b] AS members,
               src_a, key_a, src_b, key_b FROM cluster_src.ruling WHERE same
        UNION ALL
        SELECT 1, k.priority, k.kind, c.value, array_agg(c.src || c.key ORDER BY c.src, c.key), NULL, NULL, NULL, NULL
          FROM cluster_src.carries c JOIN cluster_src.kind k ON k.kind = c.kind
         WHERE k.priority IS NOT NULL AND NOT EXISTS (SELECT FROM cluster_src.blocked b WHERE (b.kind, b.value) = (c.kind, c.value))
         GROUP BY k.priority, k.kind, c.value, k.common HAVING NOT k.common OR count(*) <= by_definition.common
         ORDER BY step, src_a, key_a, src_b, key_b, priority, kind, value
    LOOP
        met := '{}';
        FOR rec IN SELECT m.name FROM unnest(hub.members) WITH ORDINALITY m(name, i) ORDER BY m.i LOOP
            joined := false;
            FOREACH other IN ARRAY met LOOP
                SELECT n.person INTO p FROM cluster_src.node n WHERE n.src || n.key = other;
                SELECT n.person INTO q FROM cluster_src.node n WHERE n.src || n.key = rec.name;
                IF p = q THEN
                    joined := true;
                ELSIF NOT cluster_src.forbidden(p, q) THEN
                    UPDATE cluster_src.node SET person = p WHERE person = q;
                    joined := true;
                ELSE
                    INSERT INTO cluster_src.expected_refusal VALUES (least(other, rec.name), greatest(other, rec.name), coalesce(hub.kind, 'ruling'), coalesce(hub.value, 'same'));
                END IF;
                EXIT WHEN joined;
            END LOOP;
            IF NOT joined THEN
                met := met || rec.name;
            END IF;
        END LOOP;
    END LOOP;
    -- called by its least member, as below
    UPDATE cluster_src.node n SET person = (SELECT min(m.src || m.key) FROM cluster_src.node m WHERE m.person = n.person);
END
$$;

-- the partition and the refusals of a space, in the same terms
CREATE FUNCTION cluster_src.people(space name) RETURNS TABLE (src int, key text, person text, profile_id bigint, record_id bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT r.source_id, r.source_key::text, min(r.source_id || r.source_key) OVER (PARTITION BY i.profile_id), i.profile_id, r.record_id
                                   FROM %1$I.record r LEFT JOIN %1$I.identity i USING (record_id)', space);
END
$$;
CREATE FUNCTION cluster_src.refusals(space name) RETURNS TABLE (node_a text, node_b text, kind text, value text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT least(a.source_id || a.source_key, b.source_id || b.source_key), greatest(a.source_id || a.source_key, b.source_id || b.source_key), f.kind::text, f.value::text
                                   FROM %1$I.refused_merge f JOIN %1$I.record a ON a.record_id = f.record_a JOIN %1$I.record b ON b.record_id = f.record_b', space);
END
$$;
CREATE FUNCTION cluster_src.golden(space name) RETURNS TABLE (person text, golden jsonb) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT min(r.source_id || r.source_key), to_jsonb(p) - ''{profile_id,updated_at}''::text[]
                                   FROM %1$I.profile p LEFT JOIN %1$I.identity i USING (profile_id) LEFT JOIN %1$I.record r USING (record_id) GROUP BY p.profile_id, p.*', space);
END
$$;


CREATE TABLE cluster_src.finding (world int, what text, n bigint);
-- the values that tie, with the person of each row that has them
CREATE VIEW cluster_src.effective AS
SELECT c.kind, c.value, n.person
  FROM cluster_src.carries c JOIN cluster_src.kind k ON k.kind = c.kind JOIN cluster_src.node n USING (src, key)
 WHERE k.priority IS NOT NULL AND NOT EXISTS (SELECT FROM cluster_src.blocked b WHERE (b.kind, b.value) = (c.kind, c.value))
   AND (NOT k.common OR (SELECT count(*) FROM cluster_src.carries d WHERE (d.kind, d.value) = (c.kind, c.value)) <= current_setting('cdp.max_records_per_value')::int);

CREATE FUNCTION cluster_src.check_space(world int, space name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE p AS SELECT * FROM cluster_src.people(space);
    CREATE TEMP TABLE f AS SELECT * FROM cluster_src.refusals(space);
    INSERT INTO cluster_src.finding
    SELECT world, space || ': ' || x.what, x.n FROM (
        SELECT 'another partition than by definition' AS what, count(*) AS n FROM p FULL JOIN cluster_src.node n USING (src, key) WHERE p.person IS DISTINCT FROM n.person
        UNION ALL
        SELECT 'other refusals than by definition', count(*) FROM (
            (SELECT * FROM cluster_src.expected_refusal EXCEPT SELECT * FROM f) UNION ALL (SELECT * FROM f EXCEPT SELECT * FROM cluster_src.expected_refusal)) d
        -- and straight from the result: constraints hold, and whatever else would tie two people is listed
        UNION ALL
        SELECT 'a limit broken', count(*) FROM (SELECT FROM p JOIN cluster_src.holds h USING (src, key) JOIN cluster_src.kind k USING (kind)
                                                 GROUP BY p.profile_id, h.kind, k.max HAVING count(DISTINCT h.value) > k.max AND count(DISTINCT (p.src, p.key)) > 1) d
        UNION ALL
        SELECT 'a ruling broken', count(*) FROM cluster_src.ruling r JOIN p x ON (x.src, x.key) = (r.src_a, r.key_a) JOIN p y ON (y.src, y.key) = (r.src_b, r.key_b)
         WHERE NOT r.same AND x.profile_id = y.profile_id
        UNION ALL
        SELECT 'a shared value not listed as refused', count(*) FROM (
            SELECT DISTINCT x.person, y.person FROM cluster_src.effective x JOIN cluster_src.effective y ON (x.kind, x.value) = (y.kind, y.value) AND x.person < y.person
             WHERE NOT EXISTS (SELECT FROM f JOIN p a ON a.src || a.key = f.node_a JOIN p b ON b.src || b.key = f.node_b
                                WHERE (a.person, b.person) IN ((x.person, y.person), (y.person, x.person)))) d
    ) x WHERE x.n > 0;
    DROP TABLE p, f;
END
$$;

-- One run of cluster_step, and what it must do to ids: a cluster keeps the former id with which it shares most
-- records, an id goes to one cluster, the rest are new, and every id given out leads to a living profile or nowhere.
CREATE TABLE cluster_src.id_given (profile_id bigint PRIMARY KEY);
CREATE FUNCTION cluster_src.step(world int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v record;
BEGIN
    CREATE TEMP TABLE b AS SELECT * FROM cluster_src.people('cluster_step');
    PERFORM cdp.resolve('cluster_step');
    CREATE TEMP TABLE p AS SELECT * FROM cluster_src.people('cluster_step');
    CREATE TEMP TABLE kept (person text, profile_id bigint);
    FOR v IN SELECT p.person, b.profile_id FROM b JOIN p USING (record_id) GROUP BY 1, 2
             ORDER BY count(*) DESC, b.profile_id, (SELECT min(o.record_id) FROM p o WHERE o.person = p.person) LOOP
        INSERT INTO kept SELECT v.person, v.profile_id WHERE NOT EXISTS (SELECT FROM kept k WHERE k.person = v.person OR k.profile_id = v.profile_id);
    END LOOP;
    INSERT INTO cluster_src.finding
    SELECT world, x.what, x.n FROM (
        SELECT 'another id than the one it shares most records with' AS what, count(*) AS n FROM p LEFT JOIN kept k USING (person)
         WHERE p.profile_id <> k.profile_id OR k.profile_id IS NULL AND p.profile_id IN (SELECT g.profile_id FROM cluster_src.id_given g)
        UNION ALL
        SELECT 'an id that leads to nobody alive', count(*) FROM cluster_src.id_given g
         WHERE cdp.current_profile('cluster_step', g.profile_id) NOT IN (SELECT q.profile_id FROM cluster_step.profile q)
        UNION ALL
        SELECT 'a merged id that leads elsewhere', count(*) FROM (SELECT DISTINCT b.profile_id FROM b EXCEPT SELECT p.profile_id FROM p) o
         WHERE cdp.current_profile('cluster_step', o.profile_id) IS DISTINCT FROM
               (SELECT p.profile_id FROM b JOIN p USING (record_id) WHERE b.profile_id = o.profile_id GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)
        UNION ALL
        SELECT 'a profile without records or records without one', count(*) FROM p FULL JOIN cluster_step.profile q USING (profile_id) WHERE p.profile_id IS NULL OR q.profile_id IS NULL
        UNION ALL
        SELECT 'a run that counts other records or profiles than there are', count(*) FROM (SELECT r.counts FROM cluster_step.run r ORDER BY r.run_id DESC LIMIT 1) r
         WHERE (r.counts ->> 'records')::bigint <> (SELECT count(*) FROM cluster_step.record) OR (r.counts ->> 'profiles')::bigint <> (SELECT count(*) FROM cluster_step.profile)
    ) x WHERE x.n > 0;
    INSERT INTO cluster_src.id_given SELECT DISTINCT p.profile_id FROM p ON CONFLICT DO NOTHING;
    DROP TABLE b, p, kept;
    RETURN (SELECT (r.counts ->> 'whole')::boolean FROM cluster_step.run r ORDER BY r.run_id DESC LIMIT 1);
END
$$;

CREATE FUNCTION cluster_src.one_of(n int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT floor(random() * n)::int $$;
CREATE FUNCTION cluster_src.maybe(chance float, value text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT CASE WHEN random() < chance THEN value END $$;
-- A row comes, changes or goes. Its region (first letter) keeps most evidence to itself, so that there are several components.
CREATE FUNCTION cluster_src.change(regions int, vals int, only_insert boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r   text := chr(97 + cluster_src.one_of(regions));
    s   int := 1 + cluster_src.one_of(3);
    k   text;
BEGIN
    IF only_insert OR random() < 0.4 THEN
        k := r || cluster_src.one_of(40);
    ELSE
        SELECT w.src, w.key INTO s, k FROM cluster_src.row w ORDER BY md5(w.key || w.src || random()) LIMIT 1;
        r := left(k, 1);
    END IF;
    IF NOT only_insert AND random() < 0.25 THEN
        DELETE FROM cluster_src.row w WHERE (w.src, w.key) = (s, k);
        RETURN;
    END IF;
    INSERT INTO cluster_src.row VALUES (s, k, cluster_src.maybe(0.4, r || 'a' || cluster_src.one_of(vals)), cluster_src.maybe(0.5, r || 'b' || cluster_src.one_of(vals)),
        CASE s WHEN 3 THEN cluster_src.maybe(0.1, r || cluster_src.one_of(40)) ELSE cluster_src.maybe(0.3, r || 'b' || cluster_src.one_of(vals)) END,
        cluster_src.maybe(0.4, r || 'one' || cluster_src.one_of(3)), cluster_src.maybe(0.4, r || 'two' || cluster_src.one_of(vals)),
        cluster_src.maybe(0.5, (ARRAY['Ann', 'Bob', 'Cleo'])[1 + cluster_src.one_of(3)]),
        cluster_src.maybe(0.5, (ARRAY['Adams', 'Baker', 'Clark', 'Davis', 'Evans', 'Ford'])[ascii(r) - 96]), cluster_src.maybe(0.15, r || cluster_src.one_of(40)))
    ON CONFLICT (src, key) DO UPDATE SET a = excluded.a, b1 = excluded.b1, b2 = excluded.b2, one = excluded.one, two = excluded.two,
        given = excluded.given, family = excluded.family, ref = excluded.ref;
END
$$;

CREATE FUNCTION cluster_src.empty(space name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('TRUNCATE %1$I.record, %1$I.identity, %1$I.identifier, %1$I.link, %1$I.refused_merge, %1$I.merge_log, %1$I.profile, %1$I.profile_alias, %1$I.rejected_value, %1$I.blocked_value', space);
END
$$;
CREATE FUNCTION cluster_src.rule(space regnamespace, src_a int, key_a text, src_b int, key_b text, same boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    a bigint;
    b bigint;
BEGIN
    EXECUTE format('SELECT r.record_id FROM %s.record r WHERE r.source_id = $1 AND r.source_key = $2', space) INTO a USING src_a, key_a;
    EXECUTE format('SELECT r.record_id FROM %s.record r WHERE r.source_id = $1 AND r.source_key = $2', space) INTO b USING src_b, key_b;
    IF same THEN PERFORM cdp.rule_same(space, a, b, 'test'); ELSE PERFORM cdp.rule_different(space, a, b, 'test'); END IF;
END
$$;

CREATE TABLE cluster_src.seen (world int, step int, whole boolean);
CREATE FUNCTION cluster_src.world(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    regions int;
    vals    int;
    size    int;
    common  int;
    r       record;
BEGIN
    PERFORM setseed(n / 1000.0);
    regions := 1 + cluster_src.one_of(6);
    vals := 2 + cluster_src.one_of(7);
    size := 10 + cluster_src.one_of(50);
    common := 2 + cluster_src.one_of(6);
    PERFORM set_config('cdp.max_records_per_value', common::text, false);
    TRUNCATE cluster_src.row, cluster_src.ruling, cluster_src.blocked, cluster_src.id_given;
    PERFORM cluster_src.empty('cluster_step'), cluster_src.empty('cluster_once');

    FOR i IN 1 .. size LOOP
        PERFORM cluster_src.change(regions, vals, true);
    END LOOP;
    PERFORM cluster_src.step(n);
    -- people rule, and block a value
    INSERT INTO cluster_src.ruling
    SELECT DISTINCT ON (least((x.src, x.key), (y.src, y.key)), greatest((x.src, x.key), (y.src, y.key))) x.src, x.key, y.src, y.key, random() < 0.5
      FROM cluster_src.row x JOIN cluster_src.row y ON (x.src, x.key) < (y.src, y.key) AND (left(x.key, 1) = left(y.key, 1) OR random() < 0.1)
     WHERE random() < cluster_src.one_of(5) / (size * 2.0);
    PERFORM cluster_src.rule('cluster_step', l.src_a, l.key_a, l.src_b, l.key_b, l.same) FROM cluster_src.ruling l;
    IF n % 3 = 0 THEN
        INSERT INTO cluster_src.blocked VALUES ('b', 'ab0'), ('one', 'aone1');
        PERFORM cdp.block_value('cluster_step', b.kind, b.value, why => 'test') FROM cluster_src.blocked b;
    END IF;
    INSERT INTO cluster_src.seen VALUES (n, 0, cluster_src.step(n));
    FOR i IN 1 .. 5 LOOP
        FOR j IN 1 .. 1 + size / 15 LOOP
            PERFORM cluster_src.change(regions, vals, false);
        END LOOP;
        INSERT INTO cluster_src.seen VALUES (n, i, cluster_src.step(n));
    END LOOP;
    -- a ruling goes with its records, and a record that came back is another
    DELETE FROM cluster_src.ruling;
    FOR r IN SELECT a.source_id AS sa, a.source_key AS ka, b.source_id AS sb, b.source_key AS kb, l.weight > 0 AS same
               FROM cluster_step.link l JOIN cluster_step.record a ON a.record_id = l.record_a JOIN cluster_step.record b ON b.record_id = l.record_b LOOP
        IF (r.sa, r.ka) < (r.sb, r.kb) THEN
            INSERT INTO cluster_src.ruling VALUES (r.sa, r.ka, r.sb, r.kb, r.same);
        ELSE
            INSERT INTO cluster_src.ruling VALUES (r.sb, r.kb, r.sa, r.ka, r.same);
        END IF;
    END LOOP;

    PERFORM cdp.resolve('cluster_once');
    PERFORM cluster_src.rule('cluster_once', l.src_a, l.key_a, l.src_b, l.key_b, l.same) FROM cluster_src.ruling l;
    PERFORM cdp.block_value('cluster_once', b.kind, b.value, why => 'test') FROM cluster_src.blocked b;
    PERFORM cdp.resolve('cluster_once');

    PERFORM cluster_src.by_definition(common);
    PERFORM cluster_src.check_space(n, 'cluster_step'), cluster_src.check_space(n, 'cluster_once');
    INSERT INTO cluster_src.finding
    SELECT n, 'another golden record step by step than at once', count(*)
      FROM cluster_src.golden('cluster_step') x FULL JOIN cluster_src.golden('cluster_once') y USING (person) WHERE x.golden IS DISTINCT FROM y.golden HAVING count(*) > 0;
END
$$;

SELECT cluster_src.make_space('cluster_step');
SELECT cluster_src.make_space('cluster_once');
CREATE PROCEDURE cluster_src.worlds(first int, last int) LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN first .. last LOOP
        PERFORM cluster_src.world(n);
        COMMIT;
    END LOOP;
END
$$;
-- CDP_WORLDS=300 looks longer
\getenv worlds CDP_WORLDS
\if :{?worlds}
\else
    \set worlds 10
\endif
CALL cluster_src.worlds(1, :worlds);
-- what was found: nothing
SELECT what, count(*) AS worlds, min(world) AS first FROM cluster_src.finding GROUP BY 1 ORDER BY 1;
-- and it was worth looking: runs of parts only, refusals, more than one person
SELECT count(*) FILTER (WHERE NOT whole) > 20 AS parts_were_clustered FROM cluster_src.seen WHERE step > 0;

-- a value crosses the limit, as rows come and go and as the setting changes: at each point the partition is that of
-- the data at that point
TRUNCATE cluster_src.row, cluster_src.ruling, cluster_src.blocked, cluster_src.id_given;
SELECT cluster_src.empty('cluster_step');
SET cdp.max_records_per_value = 5;
CREATE FUNCTION cluster_src.show(OUT whole boolean, OUT as_defined boolean, OUT people bigint, OUT too_common text) LANGUAGE plpgsql AS $$
BEGIN
    whole := cluster_src.step(0);
    PERFORM cluster_src.by_definition(current_setting('cdp.max_records_per_value')::int), cluster_src.check_space(0, 'cluster_step');
    as_defined := NOT EXISTS (SELECT FROM cluster_src.finding);
    SELECT count(DISTINCT n.person) INTO people FROM cluster_src.node n;
    SELECT string_agg(format('%s %s: %s', c.kind, c.value, c.records), ', ') INTO too_common FROM cdp.common_values('cluster_step') c;
END
$$;
INSERT INTO cluster_src.row (src, key, a) SELECT 1, 'n' || i, 'lone' || i FROM generate_series(1, 60) i;
INSERT INTO cluster_src.row (src, key, a) SELECT 1, 'k' || i, 'shared' FROM generate_series(1, 4) i;
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, a) VALUES (2, 'k5', 'shared');
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, a) VALUES (2, 'k6', 'shared');
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, a) SELECT 2, 'k' || i, 'shared' FROM generate_series(7, 9) i;
SELECT * FROM cluster_src.show();
DELETE FROM cluster_src.row WHERE key IN ('k1', 'k9');
SELECT * FROM cluster_src.show();
UPDATE cluster_src.row SET a = 'other' WHERE key IN ('k2', 'k8');
SELECT * FROM cluster_src.show();
-- one comes as another goes
INSERT INTO cluster_src.row (src, key, a) VALUES (2, 'k10', 'shared'); DELETE FROM cluster_src.row WHERE key = 'k3';
SELECT * FROM cluster_src.show();
SET cdp.max_records_per_value = 4;
SELECT * FROM cluster_src.show();
SET cdp.max_records_per_value = 5;
SELECT * FROM cluster_src.show();
-- the first run under a new setting
UPDATE cluster_src.row SET a = 'shared' WHERE key IN ('k2', 'k8');
SET cdp.max_records_per_value = 7;
SELECT * FROM cluster_src.show();
-- a reference to a row is exact however many refer to it
INSERT INTO cluster_src.row (src, key, ref) SELECT 3, 'r' || i, 'n1' FROM generate_series(1, 8) i;
SELECT * FROM cluster_src.show();

-- a value is blocked and unblocked, by itself and by a pattern
INSERT INTO cluster_src.blocked VALUES ('a', 'shared');
SELECT cdp.block_value('cluster_step', 'a', 'SHARED ', why => 'test');
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, a) VALUES (1, 'k11', 'shared');
SELECT * FROM cluster_src.show();
TRUNCATE cluster_src.blocked;
SELECT cdp.unblock_value('cluster_step', 'a', 'shared');
SELECT * FROM cluster_src.show();
SET cdp.max_records_per_value = 50;
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.blocked VALUES ('a', 'shared');
SELECT cdp.block_value('cluster_step', 'a', pattern => '^shar', why => 'test');
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, a) VALUES (1, 'k12', 'shared');
SELECT * FROM cluster_src.show();
SELECT cdp.unblock_value('cluster_step', 'a', pattern => '^shar');
TRUNCATE cluster_src.blocked;
SELECT * FROM cluster_src.show();
-- a row's key is a value like others: blocked before the row comes, and after
SELECT cdp.block_value('cluster_step', 's1', 'n2', why => 'test'), cdp.block_value('cluster_step', 's1', 'n99', why => 'test');
INSERT INTO cluster_src.blocked VALUES ('s1', 'n2'), ('s1', 'n99');
INSERT INTO cluster_src.row (src, key, ref) VALUES (2, 'x1', 'n2'), (2, 'x2', 'n99');
INSERT INTO cluster_src.row (src, key) VALUES (1, 'n99');
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, ref) VALUES (2, 'x3', 'n99');
SELECT * FROM cluster_src.show();
TRUNCATE cluster_src.blocked;
SELECT cdp.unblock_value('cluster_step', 's1', 'n2'), cdp.unblock_value('cluster_step', 's1', 'n99');

-- a record whose going leaves those that a person tied to it by themselves
INSERT INTO cluster_src.ruling VALUES (1, 'n11', 1, 'n12', true), (1, 'n12', 1, 'n13', true);
SELECT cluster_src.rule('cluster_step', l.src_a, l.key_a, l.src_b, l.key_b, l.same) FROM cluster_src.ruling l;
SELECT * FROM cluster_src.show();
DELETE FROM cluster_src.row WHERE key = 'n12';
TRUNCATE cluster_src.ruling;
SELECT * FROM cluster_src.show();
-- a ruling against evidence, and against another ruling
INSERT INTO cluster_src.ruling VALUES (1, 'k4', 2, 'k6', false), (1, 'k4', 1, 'n20', true), (1, 'n20', 2, 'k6', true);
SELECT cluster_src.rule('cluster_step', l.src_a, l.key_a, l.src_b, l.key_b, l.same) FROM cluster_src.ruling l;
SELECT * FROM cluster_src.show();
SELECT * FROM cluster_src.refusals('cluster_step') ORDER BY 1, 2, 3;
\set VERBOSITY sqlstate
SELECT cdp.rule_same('cluster_step', (SELECT record_id FROM cluster_step.record WHERE source_key = 'k6'), (SELECT record_id FROM cluster_step.record WHERE source_key = 'k4'), 'no');
\set VERBOSITY terse
SELECT cdp.withdraw_ruling('cluster_step', (SELECT record_id FROM cluster_step.record WHERE source_key = 'k6'), (SELECT record_id FROM cluster_step.record WHERE source_key = 'k4'));
DELETE FROM cluster_src.ruling WHERE NOT same;
SELECT * FROM cluster_src.show();
-- rulings are used in the order of sources and keys, not of arrival: q1 came last, and still q1 and q3 are joined first
TRUNCATE cluster_src.ruling; DELETE FROM cluster_step.link; UPDATE cluster_step.space_info SET definitions_changed = true;
INSERT INTO cluster_src.row (src, key, one) VALUES (1, 'q2', 'v2'), (1, 'q3', NULL);
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.row (src, key, one) VALUES (1, 'q1', 'v1');
SELECT * FROM cluster_src.show();
INSERT INTO cluster_src.ruling VALUES (1, 'q1', 1, 'q3', true), (1, 'q2', 1, 'q3', true);
SELECT cluster_src.rule('cluster_step', l.src_a, l.key_a, l.src_b, l.key_b, l.same) FROM cluster_src.ruling l;
SELECT * FROM cluster_src.show();
SELECT * FROM cluster_src.refusals('cluster_step') ORDER BY 1, 2, 3;
SELECT * FROM cluster_src.finding;

RESET cdp.max_records_per_value;
SELECT cdp.drop_space('cluster_step', confirm => 'cluster_step');
SELECT cdp.drop_space('cluster_once', confirm => 'cluster_once');
DROP SCHEMA cluster_src CASCADE;
