-- garbled: records that are written badly throughout, and names of which half is wrong
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse

CREATE SCHEMA garbled_src;
CREATE FUNCTION garbled_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE FUNCTION garbled_src.word(seed text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('BADAFIGOKULEMANEPIROSATUVEWOZICHULSTORKENDAMMIX', 1 + 2 * garbled_src.random(seed || i || 'w', 23), 2), '' ORDER BY i) FROM generate_series(1, n) i
$$;
-- so many letters or digits are others
CREATE FUNCTION garbled_src.garble(value text, n int, seed text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    at int;
BEGIN
    FOR i IN 1 .. n LOOP
        at := 1 + garbled_src.random(seed || i || 'at', length(value));
        value := overlay(value PLACING CASE WHEN substr(value, at, 1) ~ '[0-9]' THEN garbled_src.random(seed || i, 10)::text
                                            WHEN substr(value, at, 1) = ' ' THEN ' ' ELSE substr('ABCDEFGHIKLMNOPRSTUVWZ', 1 + garbled_src.random(seed || i, 22), 1) END FROM at FOR 1);
    END LOOP;
    RETURN value;
END
$$;
CREATE FUNCTION garbled_src.made(fields jsonb) RETURNS TABLE (repeats bigint, precise boolean, complete boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.create_space('garbled_t');
    PERFORM cdp.add_source('garbled_t', 'garbled_src.record', name => 'person', key => 'id', fields => fields);
    SELECT count(*) INTO repeats FROM cdp.train('garbled_t') t WHERE t.description LIKE '%repeats%';
    PERFORM cdp.resolve('garbled_t');
    RETURN QUERY SELECT made.repeats, v.precision > .97, v.recall > .9 FROM cdp.evaluate('garbled_t', 'garbled_src.truth') v WHERE v.level = 'pairs';
END
$$;
CREATE FUNCTION garbled_src.away() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM cdp.drop_space('garbled_t', 'garbled_t'); END $$;

-- 4000 people, every third of whom is there twice: three of five times letter by letter, else with slips everywhere. No two things
-- repeat each other for that, and what has slips everywhere is compared.
CREATE TABLE garbled_src.record AS
SELECT p * 2 AS id, p AS person, initcap(garbled_src.word('g' || least(garbled_src.random('g' || p, 300), garbled_src.random('G' || p, 300)), 3)) AS given,
       initcap(garbled_src.word('f' || least(garbled_src.random('f' || p, 900), garbled_src.random('F' || p, 900)), 4)) AS family,
       initcap(garbled_src.word('m' || garbled_src.random('m' || p, 300), 3)) AS middle,
       (date '1940-01-01' + garbled_src.random('b' || p, 20000))::text AS born,
       (1 + garbled_src.random('n' || p, 90)) || ' ' || initcap(garbled_src.word('s' || garbled_src.random('s' || p, 900), 4)) || ' Street' AS street,
       initcap(garbled_src.word('t' || garbled_src.random('t' || p, 80), 4)) AS city
  FROM generate_series(1, 4000) p;
INSERT INTO garbled_src.record
SELECT id + 1, person, CASE WHEN bad THEN garbled_src.garble(given, 1, 'g' || id) ELSE given END, CASE WHEN bad THEN garbled_src.garble(family, 1, 'f' || id) ELSE family END,
       CASE WHEN bad THEN garbled_src.garble(middle, 1, 'm' || id) ELSE middle END,
       CASE WHEN bad THEN overlay(born PLACING garbled_src.random('d' || id, 10)::text FROM 4) ELSE born END,
       CASE WHEN bad THEN garbled_src.garble(street, 2, 's' || id) ELSE street END, CASE WHEN bad THEN garbled_src.garble(city, 1, 't' || id) ELSE city END
  FROM (SELECT *, person / 3 % 5 < 2 AS bad FROM garbled_src.record WHERE person % 3 = 0) r;
CREATE VIEW garbled_src.truth AS SELECT 'person' AS source, id::text AS source_key, person::text AS entity FROM garbled_src.record;
SELECT repeats, precise, complete FROM garbled_src.made('{"given_name": "given", "family_name": "family", "middle_name": "middle", "birth_date": "born", "street": "street", "city": "city"}');
SELECT count(*) > 450 AS found
  FROM garbled_src.record a JOIN garbled_src.record b ON b.id = a.id + 1 AND a.id % 2 = 0 AND a.person / 3 % 5 < 2
  JOIN garbled_t.record x ON x.source_key = a.id::text JOIN garbled_t.record y ON y.source_key = b.id::text
  JOIN garbled_t.identity i ON i.record_id = x.record_id JOIN garbled_t.identity j ON j.record_id = y.record_id AND j.profile_id = i.profile_id;
SELECT garbled_src.away();

-- half a given name is wrong where the home and the birthday are the same: one person; another name there is a twin
DELETE FROM garbled_src.record;
INSERT INTO garbled_src.record
SELECT (h * 3 + k) * 2 + c, h * 3 + k, CASE WHEN c = 1 AND k = 0 AND h % 4 = 0 THEN garbled_src.garble(given, 3, 'c' || h) WHEN c = 1 AND k = 0 AND h % 4 = 1 THEN garbled_src.garble(given, 1, 'c' || h) ELSE given END, family, NULL,
       (date '1940-01-01' + garbled_src.random('b' || h || CASE WHEN h % 20 = 5 THEN '' ELSE k::text END, 20000))::text, street, city
  FROM (SELECT h, k, c, initcap(garbled_src.word('g' || garbled_src.random('g' || h || '-' || k, 400), 3)) AS given, initcap(garbled_src.word('f' || garbled_src.random('f' || h, 900), 4)) AS family,
               (1 + garbled_src.random('n' || h, 90)) || ' ' || initcap(garbled_src.word('s' || garbled_src.random('s' || h, 900), 4)) || ' Street' AS street,
               initcap(garbled_src.word('t' || garbled_src.random('t' || h, 80), 4)) AS city
          FROM generate_series(1, 1200) h, generate_series(0, 1) k, generate_series(0, 1) c) x;
SELECT precise, complete FROM garbled_src.made('{"given_name": "given", "family_name": "family", "birth_date": "born", "street": "street", "city": "city"}');
SELECT n > 40 AND n > .9 * of AS similar_found FROM (SELECT count(*) FILTER (WHERE i.profile_id = j.profile_id) AS n, count(*) AS of
  FROM garbled_t.record x JOIN garbled_t.record y ON y.source_key = (x.source_key::int + 1)::text AND x.source_key::int % 24 = 0
  JOIN garbled_t.identity i ON i.record_id = x.record_id JOIN garbled_t.identity j ON j.record_id = y.record_id
 WHERE cdp.compare_names(x.given_name, x.family_name, y.given_name, y.family_name) = 'similar_exact') s;
SELECT garbled_src.away();
DROP SCHEMA garbled_src CASCADE;
