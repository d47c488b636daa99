-- training: what matches never show weighs no less than values that have nothing in common
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA em_src;
-- 300 people with two records each, of whom a third have moved; house numbers of a street resemble each other
CREATE FUNCTION em_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE FUNCTION em_src.street(seed text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 1 + em_src.random('number' || seed, 100) || ' ' || (string_to_array('Mill Church High Station Park Garden Bridge River Castle Forest Meadow Harbour', ' '))[1 + em_src.random('street' || seed, 12)] || ' Street'
$$;
CREATE TABLE em_src.contact AS
SELECT 'c-' || p || '-' || n AS id,
       (string_to_array('Adam Bruno Carl Dora Emil Frida Gustav Hanna Ida Jonas Konrad Lena Moritz Nora Oskar Paula Quirin Rosa Simon Theo', ' '))[1 + em_src.random('given' || p, 20)] AS given_name,
       (string_to_array('Ahl Brand Craw Dorn Eber Fink Gold Hart Iser Jung Kern Lind Moor Nord Ober Pohl', ' '))[1 + em_src.random('begin' || p, 16)]
       || (string_to_array('mann er berg bach feld hof wig lein stedt ing', ' '))[1 + em_src.random('end' || p, 10)] AS family_name,
       CASE WHEN em_src.random('known' || p || n, 5) > 0 THEN date '1940-01-01' + em_src.random('born' || p, 24000) END AS birth_date,
       em_src.street(CASE WHEN n = 2 AND p % 3 = 0 THEN 'moved' ELSE '' END || p) AS street
  FROM generate_series(1, 300) p, generate_series(1, 2) n;
ALTER TABLE em_src.contact ADD PRIMARY KEY (id);
SELECT cdp.create_space('em_t');
SELECT cdp.add_source('em_t', 'em_src.contact', key => 'id', name => 'contact', fields => '{"given_name": "given_name", "family_name": "family_name", "birth_date": "birth_date::text", "street": "street"}') > 0 AS added;
SELECT records FROM cdp.resolve('em_t');
SELECT count(*) > 0 AS trained FROM cdp.train('em_t');
-- levels that fewer than two pairs of matches would show, did they weigh as little as the last: that none is seen says little against them
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE log(2, (l.m / l.u[1] / e.ratio)::numeric) < -2.5) AS below
  FROM em_t.match_level l
  JOIN (SELECT o.comparison, max(o.m / o.u[1]) FILTER (WHERE o.name = 'else') AS ratio, sum(o.pairs_m) AS matches FROM em_t.match_level o GROUP BY 1) e USING (comparison)
 WHERE l.comparison IN ('street', 'birth_date') AND l.name <> 'else' AND e.matches * l.u[1] * e.ratio < 2;
-- what matches do show is as it was seen
SELECT l.name, abs(l.m - l.pairs_m / e.matches) < .02 AS as_seen
  FROM em_t.match_level l JOIN (SELECT o.comparison, sum(o.pairs_m) AS matches FROM em_t.match_level o GROUP BY 1) e USING (comparison)
 WHERE l.comparison = 'street' AND l.name IN ('exact', 'else') ORDER BY l.level;
DROP SCHEMA em_src CASCADE;
SELECT cdp.drop_space('em_t', 'em_t');
