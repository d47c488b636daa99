-- runs over changes read only who shares a block with what changed: the same links as when all is scored
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- Towns are blocks by a rule of our own: two larger than a row of the index holds, one that becomes so and ceases to be.
CREATE SCHEMA near_src;
CREATE FUNCTION near_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n $$;
CREATE TABLE near_src.person (id int PRIMARY KEY, given text, family text, born text, town text, mail text);
CREATE FUNCTION near_src.make(i int, town text) RETURNS near_src.person LANGUAGE sql AS $$
    SELECT ROW(i, (ARRAY['Anna', 'Robert', 'Maria', 'James', 'Linda', 'David', 'Susan', 'Peter', 'Hannah', 'Carlos', 'Elena', 'Bob'])[1 + near_src.random('g' || p || i / 1500, 12)],
               (ARRAY['Garcia', 'Smith', 'Miller', 'Okafor', 'Nguyen', 'Rossi', 'Weber', 'Silva', 'Novak', 'Haddad'])[1 + near_src.random('f' || p, 10)] || CASE near_src.random('s' || i, 9) WHEN 0 THEN 's' ELSE '' END,
               CASE near_src.random('n' || i, 7) WHEN 0 THEN NULL ELSE date '1950-01-01' + near_src.random('b' || p, 9000) END,
               town, CASE near_src.random('m' || i, 3) WHEN 0 THEN 'p' || p || '@example.com' END)::near_src.person FROM (SELECT i % 600 AS p) x
$$;
INSERT INTO near_src.person SELECT r.* FROM generate_series(1, 1200) i CROSS JOIN LATERAL near_src.make(i, CASE WHEN i <= 260 THEN 'Bigtown' WHEN i <= 500 THEN 'Widetown' WHEN i <= 690 THEN 'Edgetown' ELSE 'Smalltown ' || chr(97 + i % 26) || chr(97 + i % 17) END) r;
CREATE FUNCTION near_src.make_space(space name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.create_space(space);
    PERFORM cdp.add_source(space::text::regnamespace, 'near_src.person', key => 'id', name => 'person',
        fields => '{"given_name": "given", "family_name": "family", "birth_date": "born", "city": "town", "email": "mail"}');
    PERFORM cdp.resolve(space::text::regnamespace);
END
$$;
-- "near_step" follows the changes, "near_once" does everything again each time
SELECT near_src.make_space('near_step'), near_src.make_space('near_once');
SELECT count(*) > 0 AS trained FROM cdp.train('near_step');
SELECT cdp.import_model('near_once', cdp.export_model('near_step'), 'the same') AS model \gset
SELECT cdp.activate_model('near_once', :model);
SELECT cdp.add_blocking_rule(s, 'town', '{city exact}') FROM unnest('{near_step,near_once}'::regnamespace[]) s;
-- by it alone most pairs are to be found
DELETE FROM near_step.match_rule WHERE rule > 1;
DELETE FROM near_once.match_rule WHERE rule > 1;
SELECT (SELECT records FROM cdp.resolve('near_step')), (SELECT records FROM cdp.resolve('near_once'));
SELECT count(DISTINCT u.key) AS large, count(*) AS entries FROM near_step.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u WHERE k.bucket < 0;

CREATE FUNCTION near_src.tells(space name) RETURNS TABLE (what text, a text, b text, weight float) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH r AS (SELECT r.record_id, r.source_key::text AS key, min(r.source_key) OVER (PARTITION BY i.profile_id)::text AS person FROM %1$I.record r LEFT JOIN %1$I.identity i USING (record_id))
        SELECT 'link', least(x.key, y.key), greatest(x.key, y.key), l.weight FROM %1$I.link l JOIN r x ON x.record_id = l.record_a JOIN r y ON y.record_id = l.record_b
        UNION ALL SELECT 'person', r.key, r.person, NULL FROM r
    $sql$, space);
END
$$;
CREATE FUNCTION near_src.step(OUT changes bigint, OUT links bigint, OUT differ bigint, OUT large bigint) LANGUAGE plpgsql AS $$
BEGIN
    SELECT r.added + r.changed + r.removed INTO changes FROM cdp.resolve('near_step') r;
    UPDATE near_once.space_info SET definitions_changed = true;
    PERFORM cdp.resolve('near_once');
    SELECT count(*) INTO links FROM near_step.link;
    SELECT count(*) INTO differ FROM ((SELECT * FROM near_src.tells('near_step') EXCEPT ALL SELECT * FROM near_src.tells('near_once'))
                            UNION ALL (SELECT * FROM near_src.tells('near_once') EXCEPT ALL SELECT * FROM near_src.tells('near_step'))) x;
    SELECT count(DISTINCT u.key) INTO large FROM near_step.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u WHERE k.bucket < 0;
END
$$;

-- nothing but small blocks
UPDATE near_src.person SET family = 'Zumwalt' WHERE id IN (900, 1000);
SELECT * FROM near_src.step();
-- one more, one less and one changed in a divided block
INSERT INTO near_src.person SELECT r.* FROM near_src.make(2001, 'Bigtown') r;
SELECT * FROM near_src.step();
DELETE FROM near_src.person WHERE id = 17;
UPDATE near_src.person SET given = 'Robert', born = '1961-02-03' WHERE id = 18;
SELECT * FROM near_src.step();
-- a block that grows beyond what a row holds, and shrinks again
INSERT INTO near_src.person SELECT r.* FROM generate_series(2010, 2025) i CROSS JOIN LATERAL near_src.make(i, 'Edgetown') r;
SELECT * FROM near_src.step();
UPDATE near_src.person SET town = 'Edgetown' WHERE id BETWEEN 30 AND 40;
SELECT * FROM near_src.step();
DELETE FROM near_src.person WHERE id BETWEEN 2010 AND 2025 OR id BETWEEN 600 AND 620;
SELECT * FROM near_src.step();
-- from one divided block to another, and twice the same
UPDATE near_src.person SET town = 'Widetown' WHERE id BETWEEN 100 AND 110;
SELECT * FROM near_src.step();
UPDATE near_src.person SET town = 'Bigtown' WHERE id BETWEEN 100 AND 110;
SELECT * FROM near_src.step();
-- anything anywhere
SELECT setseed(0.25);
CREATE TABLE near_src.seen (changes bigint, links bigint, differ bigint, large bigint);
DO $$
BEGIN
    FOR i IN 1 .. 12 LOOP
        UPDATE near_src.person p SET given = r.given, family = r.family, born = r.born, mail = r.mail, town = (ARRAY['Bigtown', 'Widetown', 'Edgetown', p.town])[1 + n.n % 4]
          FROM (SELECT floor(random() * 1200)::int AS id, floor(random() * 1200)::int AS n FROM generate_series(1, 9)) n CROSS JOIN LATERAL near_src.make(n.n, 'x') r WHERE p.id = n.id;
        DELETE FROM near_src.person p USING (SELECT floor(random() * 1200)::int AS id FROM generate_series(1, 4)) n WHERE p.id = n.id;
        INSERT INTO near_src.person SELECT r.* FROM generate_series(3000 + 10 * i, 3004 + 10 * i) k CROSS JOIN LATERAL near_src.make(k, (ARRAY['Bigtown', 'Edgetown', 'Smalltown aa'])[1 + floor(random() * 3)::int]) r;
        INSERT INTO near_src.seen SELECT * FROM near_src.step();
    END LOOP;
END
$$;
SELECT count(*) AS steps, min(changes) > 5 AS changes, min(links) > 250 AS links, sum(differ) AS differ, min(large) > 1 AS large FROM near_src.seen;
SELECT count(*) FILTER (WHERE (u.counts ->> 'whole')::boolean) AS whole, count(*) AS runs FROM near_step.run u WHERE u.step = 'resolve' AND u.run_id > 2;
-- whoever is in a block of its own row is in it once, and nobody is missing who is there
SELECT count(*) - count(DISTINCT (u.key, u.record_id)) AS twice FROM near_step.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u WHERE k.bucket < 0;
-- an index that is not there, or of another form, is done without
UPDATE near_step.match_key_info SET format = 1;
UPDATE near_src.person SET town = 'Bigtown', given = 'Maria' WHERE id BETWEEN 700 AND 704;
SELECT changes, differ FROM near_src.step();

SELECT cdp.drop_space('near_step', 'near_step'), cdp.drop_space('near_once', 'near_once');
DROP SCHEMA near_src CASCADE;
