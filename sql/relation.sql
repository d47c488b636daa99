-- relations between two people: who shares a home, a birth date, a name with somebody is not taken for him
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA relation_src;

-- 900 people; of every eight two are twins, two father and son of one name, two a couple; two records of each
CREATE FUNCTION relation_src.pick(salt int, of text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT $2[1 + (hashint4(salt)::bigint + 2147483648) % cardinality($2)] $$;
CREATE TABLE relation_src.person AS
SELECT i AS id, h AS home,
       CASE WHEN i % 8 = 3 THEN relation_src.pick(i - 1, m.given) WHEN i % 8 = 1 THEN relation_src.pick(i + 7000, m.given[1:20]) ELSE relation_src.pick(i, CASE WHEN i % 8 = 0 THEN m.given[21:40] ELSE m.given END) END AS given_name,
       relation_src.pick(h * 10, m.onset) || relation_src.pick(h * 10 + 1, m.ending) AS family_name,
       CASE i % 8 WHEN 3 THEN ' Jr' WHEN 2 THEN ', Sr.' END AS suffix,
       date '1950-01-01' + ((hashint4(CASE WHEN i % 8 = 1 THEN i - 1 ELSE i END)::bigint + 2147483648) % 15000 + CASE WHEN i % 8 = 3 THEN 9000 ELSE 0 END)::int AS birth_date,
       (1 + h * 7 % 90) || ' ' || relation_src.pick(h * 10 + 2, m.onset) || ' Street' AS street,
       to_char(10000 + h * 37 % 400, 'FM00000') AS postal_code,
       'p' || i || '@mail.example' AS email
  FROM (SELECT i, CASE WHEN i % 8 < 6 THEN i / 8 * 10 + i % 8 / 2 ELSE i * 10 + 5 END AS h FROM generate_series(0, 899) i) p,
       (SELECT string_to_array('Adam Bruno Carl Dora Emil Frida Gustav Hanna Ida Jonas Konrad Lena Moritz Nora Oskar Paula Quirin Rosa Simon Theo Ursula Viktor Wanda Xaver Yvonne Zacharias Benno Clara Doris Erwin Felix Greta Hugo Irma Justus Klara Ludwig Martha Norbert Olga', ' ') AS given,
               string_to_array('Ahl Brand Craw Dorn Eber Fink Gold Hart Iser Jung Kern Lind Moor Nord Ober Pohl Quast Roth Stein Tann Ulm Voss Wald Zorn', ' ') AS onset,
               string_to_array('mann,er,berg,bach,feld,hof,wig,lein,stedt,ing,au,ke', ',') AS ending) m;
CREATE TABLE relation_src.contact AS
SELECT p.id * 2 + n AS id, p.id AS person, p.given_name, p.family_name || CASE WHEN n = 0 OR p.id % 3 = 0 THEN coalesce(p.suffix, '') ELSE '' END AS family_name,
       CASE WHEN (p.id + n) % 7 > 0 THEN p.birth_date END AS birth_date, CASE WHEN (p.id * 3 + n) % 5 > 0 THEN p.street END AS street, p.postal_code,
       CASE WHEN (p.id + n * 3) % 4 > 1 THEN p.email END AS email
  FROM relation_src.person p, generate_series(0, 1) n;
ALTER TABLE relation_src.contact ADD PRIMARY KEY (id);
CREATE TABLE relation_src.truth AS SELECT 'relation_src.contact' AS source, id::text AS source_key, person AS entity FROM relation_src.contact;

SELECT cdp.create_space('relation_t');
SELECT cdp.add_source('relation_t', 'relation_src.contact', key => 'id', fields => '{"given_name": "given_name", "family_name": "family_name", "birth_date": "birth_date", "street": "street", "postal_code": "postal_code", "email": "email"}');
SELECT records FROM cdp.resolve('relation_t');
SELECT count(*) > 0 AS trained FROM cdp.train('relation_t');
SELECT records FROM cdp.resolve('relation_t');

-- every relation that the data has was found
SELECT level AS relation, u > 1e-5 AS found FROM cdp.show_model('relation_t') WHERE topic = 'relation' AND level IN ('household', 'twins', 'named after');
-- how often people with another given name and the same family name are one person is not learned from twins and couples
SELECT level, m < .03 AS seldom FROM cdp.show_model('relation_t') WHERE topic = 'level' AND comparison = 'name' AND level = 'else_exact';
SELECT level, "precision" > .95 AS precise, recall > .75 AS found FROM cdp.evaluate('relation_t', 'relation_src.truth') WHERE level = 'pairs';
-- which generation stands behind a name is compared beside it
SELECT comparison, level, m > u AS for_one_person FROM cdp.show_model('relation_t') WHERE comparison = 'generation';

DROP SCHEMA relation_src CASCADE;
SELECT cdp.drop_space('relation_t', 'relation_t');
