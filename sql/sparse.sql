-- sparse: people of whom little is known: a name and one thing more
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse

-- 3000 people, every fifth of whom is there twice, the second time with one slip in name or birth date; some names are common
CREATE SCHEMA sparse_src;
CREATE FUNCTION sparse_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE FUNCTION sparse_src.word(seed text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('BADAFIGOKULEMANEPIROSATUVEWOZI', 1 + 2 * sparse_src.random(seed || i || 'w', 15), 2), '' ORDER BY i) FROM generate_series(1, n) i
$$;
CREATE FUNCTION sparse_src.slip(value text, seed text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT overlay(value PLACING substr(value, at + 1, 1) || substr(value, at, 1) FROM at FOR 2) FROM (SELECT 2 + sparse_src.random(seed, length(value) - 2) AS at) x
$$;
CREATE TABLE sparse_src.person AS
SELECT p AS person, sparse_src.word('g' || least(sparse_src.random('g' || p, 400), sparse_src.random('G' || p, 400)), 3) AS given,
       sparse_src.word('f' || least(sparse_src.random('f' || p, 900), sparse_src.random('F' || p, 900)), 4) AS family,
       date '1940-01-01' + sparse_src.random('b' || p, 20000) AS born, 'T' || sparse_src.word('t' || sparse_src.random('t' || p, 80), 3) AS city,
       (1 + sparse_src.random('n' || p, 90)) || ' ' || sparse_src.word('s' || sparse_src.random('s' || p, 900), 4) || ' Street' AS street
  FROM generate_series(1, 3000) p;
CREATE TABLE sparse_src.record AS
SELECT person * 2 AS id, person, given, family, born::text AS born, city, street FROM sparse_src.person
UNION ALL
SELECT person * 2 + 1, person, CASE slip WHEN 0 THEN sparse_src.slip(given, 'x' || person) ELSE given END, CASE slip WHEN 1 THEN sparse_src.slip(family, 'y' || person) ELSE family END,
       CASE slip WHEN 2 THEN (born + CASE WHEN extract(day FROM born) % 10 BETWEEN 1 AND 8 THEN 1 ELSE 365 END)::text ELSE born::text END,
       CASE person % 3 WHEN 0 THEN sparse_src.slip(city, 'z' || person) ELSE city END, CASE person % 3 WHEN 1 THEN sparse_src.slip(street, 'v' || person) ELSE street END
  FROM (SELECT *, sparse_src.random('slip' || person, 3) AS slip FROM sparse_src.person WHERE person % 5 = 0) p;
CREATE TABLE sparse_src.truth AS SELECT 'person' AS source, id::text AS source_key, person::text AS entity FROM sparse_src.record;

CREATE FUNCTION sparse_src.made(fields jsonb, filter text DEFAULT NULL, kinds jsonb DEFAULT '{}', at_least float8 DEFAULT .8) RETURNS TABLE (repeats bigint, precise boolean, complete boolean, merged bigint) LANGUAGE plpgsql AS $$
DECLARE
    e record;
BEGIN
    PERFORM cdp.create_space('sparse_t');
    PERFORM cdp.add_attribute('sparse_t', k.key, k.value) FROM jsonb_each_text(kinds) k;
    PERFORM cdp.add_source('sparse_t', 'sparse_src.record', name => 'person', key => 'id', fields => fields, filter => filter);
    SELECT count(*) INTO repeats FROM cdp.train('sparse_t') t WHERE t.description LIKE '%repeats%';
    PERFORM cdp.resolve('sparse_t');
    SELECT v.precision > .97 AS precise, v.recall > at_least AS complete INTO e FROM cdp.evaluate('sparse_t', 'sparse_src.truth') v WHERE v.level = 'pairs';
    SELECT count(*) - count(DISTINCT i.profile_id) INTO merged FROM sparse_t.identity i;
    precise := e.precise;
    complete := e.complete;
    RETURN NEXT;
END
$$;
CREATE FUNCTION sparse_src.away() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM cdp.drop_space('sparse_t', 'sparse_t'); END $$;

-- a slip is in the name or in the birth date, never in both: that is two comparisons, not one that repeats the other
SELECT repeats, precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "birth_date": "born"}');
SELECT comparison, sum(pairs_m) > 100 AS learned FROM sparse_t.match_level WHERE comparison IN ('name', 'birth_date') GROUP BY 1 ORDER BY 1;
SELECT sparse_src.away();

-- without birth dates nothing tells father and son of one name from one person: they are few, whatever the data
SELECT repeats, precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "street": "street"}');
SELECT share[6] < lambda / 10 AS few, lambda * 3600 * 3600 / 2 > 400 AS matches FROM sparse_t.match_model;
SELECT sparse_src.away();
SELECT repeats, precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "city": "city"}');
SELECT sparse_src.away();

-- where nobody is there twice nobody is taken for another
SELECT merged FROM sparse_src.made('{"given_name": "given", "family_name": "family", "birth_date": "born"}', 'id % 2 = 0');
SELECT sparse_src.away();
SELECT merged <= 6 AS hardly_any FROM sparse_src.made('{"given_name": "given", "family_name": "family", "city": "city"}', 'id % 2 = 0');
SELECT sparse_src.away();

-- mailboxes made of names are alike for strangers of one name, but hardly ever the same but for the domain
ALTER TABLE sparse_src.record ADD email text;
UPDATE sparse_src.record SET given = sparse_src.word('g' || least(sparse_src.random('g' || person, 120), sparse_src.random('G' || person, 120)), 3),
                             family = sparse_src.word('f' || least(sparse_src.random('f' || person, 150), sparse_src.random('F' || person, 150)), 4);
UPDATE sparse_src.record SET email = lower(given || '.' || family) || sparse_src.random('e' || person, 90000) || '@example.com' WHERE sparse_src.random('no e-mail' || id, 5) > 0;
SELECT repeats, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "email": "email"}');
SELECT share[4] > 0 AND l.u[4] <= .0501 AS bounded FROM sparse_t.match_model m JOIN sparse_t.match_level l USING (model_id) WHERE l.comparison = 'email' AND l.name = 'same_local';
SELECT sparse_src.away();

-- nobody is Sr here and Jr there, even where a name and a home agree
UPDATE sparse_src.record r SET given = p.given, family = p.family || CASE r.id % 2 WHEN 0 THEN ' Sr' ELSE ' Jr' END FROM sparse_src.person p WHERE p.person = r.person AND r.person % 5 = 0 AND r.person % 50 > 20;
SELECT repeats FROM sparse_src.made('{"given_name": "given", "family_name": "family", "street": "street", "city": "city"}');
SELECT m <= .002001 AS never FROM sparse_t.match_level WHERE comparison = 'generation' AND name = 'else';
SELECT count(*) AS both_in_one FROM sparse_t.record a JOIN sparse_t.record b ON b.family_name = replace(a.family_name, ' Sr', ' Jr') AND a.family_name LIKE '% Sr' AND b.given_name = a.given_name
  JOIN sparse_t.identity i ON i.record_id = a.record_id JOIN sparse_t.identity j ON j.record_id = b.record_id AND j.profile_id = i.profile_id;
SELECT sparse_src.away();

-- families of one name at one address, of whom few are there twice, letter by letter: the pairs of a home are many more
CREATE TABLE sparse_src.member AS
SELECT h * 10 + k AS person, c, sparse_src.word('g' || sparse_src.random('g' || h || '-' || k, 3000), 3) AS given,
       CASE WHEN k = 2 AND h % 20 = 0 THEN sparse_src.word('f' || sparse_src.random('other' || h, 900), 4) ELSE sparse_src.word('f' || sparse_src.random('f' || h, 900), 4) END AS family,
       (1 + sparse_src.random('n' || h, 90)) || ' ' || sparse_src.word('s' || sparse_src.random('s' || h, 900), 4) || ' Street' AS street,
       (10000 + sparse_src.random('z' || h, 300))::text AS zip, 'T' || sparse_src.word('t' || sparse_src.random('z' || h, 300) / 10, 3) AS city
  FROM generate_series(1, 1500) h, LATERAL generate_series(1, 2 + sparse_src.random('size' || h, 3)) k, LATERAL generate_series(0, (sparse_src.random('twice' || h || '-' || k, 20) = 0)::int) c;
ALTER TABLE sparse_src.record RENAME TO record_before;
CREATE TABLE sparse_src.record AS SELECT person * 2 + c AS id, person, given, family, street, zip, city, NULL::text AS born FROM sparse_src.member;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "street": "street", "postal_code": "zip", "city": "city"}');
SELECT share[6] < lambda AS few FROM sparse_t.match_model;
SELECT sparse_src.away();
-- singles and a few couples of two names: homes so seldom that another name looks like one person's
DELETE FROM sparse_src.record WHERE person % 10 > 2 OR (person % 10 = 2 AND person / 10 % 20 > 0);
INSERT INTO sparse_src.record SELECT id + 500000, person, given, family, street, zip, city FROM sparse_src.record WHERE person / 10 % 6 = 0 AND id % 2 = 0;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "street": "street", "postal_code": "zip", "city": "city"}');
SELECT m <= .0501 AS seldom FROM sparse_t.match_level WHERE comparison = 'name' AND name = 'else';
SELECT sparse_src.away();

-- a number that is never far off among strangers: what differs does not speak for one person, and training forgets what the last run made
UPDATE sparse_src.record SET born = 1930 + sparse_src.random('year' || person, 80);
SELECT cdp.create_space('sparse_t');
SELECT cdp.add_attribute('sparse_t', 'year', 'number');
SELECT cdp.add_source('sparse_t', 'sparse_src.record', name => 'person', key => 'id', fields => '{"given_name": "given", "family_name": "family", "city": "city", "year": "born"}') > 0 AS added;
SELECT count(*) > 0 AS trained FROM cdp.train('sparse_t');
SELECT name, m <= u[1] * 1.2 AS not_for FROM sparse_t.match_level WHERE comparison = 'year' AND name = 'else';
SELECT records > 0 AS resolved FROM cdp.resolve('sparse_t');
SELECT count(*) > 0 AS trained FROM cdp.train('sparse_t');
SELECT count(*) AS differ FROM sparse_t.match_level a JOIN sparse_t.match_level b ON b.model_id = 2 AND b.position = a.position AND b.level = a.level WHERE a.model_id = 1 AND (a.m, a.u) IS DISTINCT FROM (b.m, b.u);
SELECT sparse_src.away();

-- what a firm shares, its name and telephone, makes nobody of its people; nor does a house of strangers
DROP TABLE sparse_src.record;
CREATE TABLE sparse_src.record AS
SELECT p * 2 + c AS id, p AS person, sparse_src.word('g' || sparse_src.random('g' || p, 60), 3) AS given, sparse_src.word('f' || p, 4) || CASE c WHEN 1 THEN 'x' ELSE '' END AS family,
       initcap(sparse_src.word('company' || p % 100, 4)) || ' Inc' AS company, CASE WHEN sparse_src.random('p' || p || c, 5) > 0 THEN '212' || (2000000 + p % 100 * 7919) END AS phone,
       p % 100 || ' Elm Street' AS street, (20000 + p % 100)::text AS zip, NULL::text AS born
  FROM generate_series(1, 2000) p, LATERAL generate_series(0, (p % 7 = 0)::int) c;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT repeats, precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "company": "company", "phone": "phone"}');
SELECT sparse_src.away();
-- where the first part of an address is left out the next has no levels after a move, for resolve, explanations and look-ups alike
SELECT repeats, precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "street": "street", "postal_code": "zip"}');
SELECT count(*) AS after_a_move FROM sparse_t.match_level WHERE name LIKE 'moved%';
SELECT count(*) > 0 AS explained FROM sparse_t.link l CROSS JOIN LATERAL cdp.explain_pair('sparse_t', l.record_a, l.record_b) e WHERE l.record_a < 100;
SELECT count(*) AS found FROM cdp.lookup('sparse_t', (SELECT jsonb_build_object('given_name', given, 'family_name', family, 'postal_code', zip) FROM sparse_src.record WHERE id = 2), 1);
SELECT sparse_src.away();
-- many small firms, whose people have its name, street and city in common; and schools with classes
DROP TABLE sparse_src.record;
CREATE TABLE sparse_src.record AS
SELECT p * 2 + c AS id, p AS person, sparse_src.word('g' || sparse_src.random('g' || p, 100), 3) AS given,
       CASE sparse_src.random('s' || p || c, 10) WHEN 0 THEN sparse_src.slip(sparse_src.word('f' || sparse_src.random('f' || p, 900), 4), 's' || p || c) ELSE sparse_src.word('f' || sparse_src.random('f' || p, 900), 4) END AS family,
       'Firm ' || initcap(sparse_src.word('c' || p % 500, 4)) AS company, '1 Road ' || p % 500 * 331 AS street, 'Town' || p % 50 AS city,
       initcap(sparse_src.word('h' || p % 20, 3)) || ' School' AS school, 70000 + p % 20 * 3 AS zip, p % 20 || '-' || p / 20 % 6 AS class
  FROM generate_series(1, 3000) p, LATERAL generate_series(0, (p % 9 = 0)::int) c;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "company": "company", "street": "street", "city": "city"}');
SELECT sparse_src.away();
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "company": "school", "postal_code": "zip", "job_title": "class"}');
SELECT sparse_src.away();
-- also without any address
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "company": "company", "job_title": "street"}');
SELECT sparse_src.away();
-- numbers of a group are the group's, too
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "unit": "md5(company)", "account": "md5(street)"}', kinds => '{"unit": "id", "account": "id"}');
SELECT sparse_src.away();
-- so is a date: when the firm became a customer
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "company": "company", "since": "date ''2001-01-01'' + person % 500 * 7"}', kinds => '{"since": "date"}');
SELECT sparse_src.away();
-- and the day on which a family joined is the family's, whose birth dates are at hand
CREATE TABLE sparse_src.joined AS
SELECT p * 4 + c AS id, p AS person, CASE WHEN sparse_src.random('i' || p || c, 9) = 0 THEN left(given, 1) ELSE given END AS given,
       CASE sparse_src.random('s' || p || c, 20) WHEN 0 THEN sparse_src.slip(family, 's' || p || c) ELSE family END AS family,
       CASE WHEN sparse_src.random('m' || p || c, 6) > 0 THEN date '1950-01-01' + sparse_src.random('b' || p, 20000) END::text AS born, date '2010-01-01' + sparse_src.random('j' || home, 4000) AS joined
  FROM generate_series(1, 3000) p, LATERAL (SELECT p - p % (1 + p / 1000) AS home) h,
       LATERAL (SELECT sparse_src.word('g' || sparse_src.random('g' || p, 150), 3) AS given, sparse_src.word('f' || sparse_src.random('f' || home, 800), 4) AS family) v,
       LATERAL generate_series(0, CASE p % 3 WHEN 0 THEN 1 + p % 2 ELSE 0 END) c;
DROP TABLE sparse_src.record;
ALTER TABLE sparse_src.joined RENAME TO record;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "birth_date": "born", "joined": "joined"}', kinds => '{"joined": "date"}', at_least => .9);
SELECT sparse_src.away();
-- teams of children, whose parents register brothers and sisters with one mailbox and number: two kinds of people who have much in common
CREATE TABLE sparse_src.child AS
SELECT p * 4 + c AS id, p AS person, CASE WHEN sparse_src.random('i' || p || c, 9) = 0 THEN left(given, 1) ELSE given END AS given,
       CASE sparse_src.random('s' || p || c, 20) WHEN 0 THEN sparse_src.slip(family, 's' || p || c) ELSE family END AS family,
       CASE WHEN sparse_src.random('m' || p || c, 5) > 0 THEN lower(sparse_src.word('m' || home, 6)) || '@home.example' END AS email,
       'Team ' || team AS team, initcap(sparse_src.word('coach' || team, 3)) || ' ' || initcap(sparse_src.word('coaching' || team, 4)) AS coach,
       CASE WHEN sparse_src.random('p' || p || c, 5) > 1 THEN '212' || (2000000 + home * 977) END AS phone
  FROM generate_series(1, 3000) p,
       LATERAL (SELECT CASE WHEN p % 5 < 3 THEN p - p % 2 ELSE p END AS home, sparse_src.random('team' || p, 200) AS team) h,
       LATERAL (SELECT sparse_src.word('g' || sparse_src.random('g' || p, 150), 3) AS given, sparse_src.word('f' || sparse_src.random('f' || home, 800), 4) AS family) v,
       LATERAL generate_series(0, CASE p % 3 WHEN 0 THEN 1 + p % 2 ELSE 0 END) c;
DROP TABLE sparse_src.record;
ALTER TABLE sparse_src.child RENAME TO record;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "email": "email", "phone": "phone", "company": "coach", "job_title": "team"}');
SELECT sparse_src.away();

-- couples with one mailbox, a fifth of them with two family names; given names of both are at hand
DROP TABLE sparse_src.record;
CREATE TABLE sparse_src.record AS
SELECT p * 4 + c AS id, p AS person, CASE WHEN sparse_src.random('i' || p || c, 9) = 0 THEN left(given, 1) ELSE given END AS given,
       CASE sparse_src.random('s' || p || c, 12) WHEN 0 THEN sparse_src.slip(family, 's' || p || c) ELSE family END AS family,
       CASE WHEN sparse_src.random('m' || p || c, 2) = 0 THEN lower(sparse_src.word('m' || home, 5)) || '@home.example' END AS email, street, zip
  FROM generate_series(1, 4000) p,
       LATERAL (SELECT CASE WHEN p % 5 < 3 THEN p - p % 2 ELSE p END AS home) h,
       LATERAL (SELECT sparse_src.word('g' || sparse_src.random('g' || p, 150), 3) AS given,
                       sparse_src.word('f' || CASE WHEN sparse_src.random('o' || p, 10) = 0 THEN sparse_src.random('F' || p, 800) ELSE sparse_src.random('f' || home, 800) END, 4) AS family,
                       (7 + home % 90) || ' ' || sparse_src.word('s' || home / 5, 4) || ' Street' AS street, (20000 + home / 40)::text AS zip) v,
       LATERAL generate_series(0, CASE p % 3 WHEN 0 THEN 1 + p % 2 ELSE 0 END) c;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT precise, complete FROM sparse_src.made('{"given_name": "given", "family_name": "family", "email": "email", "street": "street", "postal_code": "zip"}');
SELECT sparse_src.away();

-- records of a telephone alone, or of a mailbox alone, beside those of both and a name: nobody shares any
CREATE TABLE sparse_src.part AS
SELECT p * 4 + c AS id, p AS person, CASE WHEN kind < 5 THEN sparse_src.word('g' || sparse_src.random('g' || p, 150), 3) END AS given, CASE WHEN kind < 5 THEN sparse_src.word('f' || sparse_src.random('f' || p, 500), 4) END AS family,
       CASE WHEN kind < 8 THEN '212' || (2000000 + p * 977) END AS phone, CASE WHEN kind NOT BETWEEN 5 AND 7 AND sparse_src.random('e' || p || c, 2) = 0 THEN lower(sparse_src.word('m' || p, 6)) || '@home.example' END AS email
  FROM generate_series(1, 3000) p, LATERAL generate_series(0, p % 3) c, LATERAL (SELECT sparse_src.random('k' || p || c, 10) AS kind) k;
DROP TABLE sparse_src.record;
ALTER TABLE sparse_src.part RENAME TO record;
TRUNCATE sparse_src.truth;
INSERT INTO sparse_src.truth SELECT 'person', id::text, person::text FROM sparse_src.record;
SELECT cdp.create_space('sparse_t');
SELECT cdp.set_attribute('sparse_t', 'phone', 'is_identifier', 'false');
SELECT cdp.add_source('sparse_t', 'sparse_src.record', name => 'person', key => 'id', fields => '{"given_name": "given", "family_name": "family", "phone": "phone", "email": "email"}') > 0 AS added;
SELECT count(*) > 0 AS trained FROM cdp.train('sparse_t');
SELECT records > 0 AS resolved FROM cdp.resolve('sparse_t');
SELECT v.precision > .97 AS precise, v.recall > .7 AS complete FROM cdp.evaluate('sparse_t', 'sparse_src.truth') v WHERE v.level = 'pairs';
-- how many pairs are of one person is told in spite of what is missing
SELECT m.lambda * r.n * (r.n - 1) / 2 / t.pairs BETWEEN .8 AND 1.2 AS about_right
  FROM sparse_t.match_model m, (SELECT count(*) AS n FROM sparse_t.record) r, (SELECT sum(n * (n - 1) / 2) AS pairs FROM (SELECT count(*) AS n FROM sparse_src.record GROUP BY person) x) t;
SELECT sparse_src.away();
-- a person has several devices and networks: that they differ does not part what a mailbox ties
DROP TABLE sparse_src.record;
CREATE TABLE sparse_src.record AS
SELECT p * 4 + c AS id, md5('d' || CASE WHEN sparse_src.random('s' || p || c, 4) = 0 THEN 'home ' || p / 2 ELSE p || '-' || sparse_src.random('d' || p || c, 2) END) AS device,
       CASE WHEN sparse_src.random('h' || p || c, 10) < 7 THEN '10.' || p / 2 || '.0.1' ELSE '192.168.' || sparse_src.random('n' || p || c, 20) || '.1' END AS network,
       CASE WHEN sparse_src.random('e' || p || c, 2) = 0 THEN lower(sparse_src.word('m' || p, 6)) || '@home.example' END AS email
  FROM generate_series(1, 3000) p, LATERAL generate_series(0, sparse_src.random('c' || p, 4)) c;
SELECT cdp.create_space('sparse_t');
SELECT cdp.add_attribute('sparse_t', 'device', 'id'), cdp.add_attribute('sparse_t', 'network', 'id');
SELECT cdp.add_source('sparse_t', 'sparse_src.record', name => 'person', key => 'id', fields => '{"device": "device", "network": "network", "email": "email"}') > 0 AS added;
SELECT count(*) > 0 AS trained FROM cdp.train('sparse_t');
SELECT records > 0 AS resolved FROM cdp.resolve('sparse_t');
SELECT count(*) AS parted FROM (SELECT FROM sparse_t.record JOIN sparse_t.identity USING (record_id) WHERE email IS NOT NULL GROUP BY email HAVING count(DISTINCT profile_id) > 1) x;
SELECT sparse_src.away();
DROP SCHEMA sparse_src CASCADE;
