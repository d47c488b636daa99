-- agglomeration: a record that could be of either of two people is of neither, one that has no such choice is joined
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA agglomerate_src;
CREATE TABLE agglomerate_src.person (id text COLLATE "C" PRIMARY KEY, name text, born text, family text, phone text);
INSERT INTO agglomerate_src.person VALUES
    -- two people of one name, and one who may be either
    ('anna-1', 'Anna', '1980-01-01'), ('anna-2', 'Anna', '1990-02-02'), ('anna-3', 'Anna', NULL),
    -- nobody else
    ('bert-1', 'Bert', '1980-01-01'), ('bert-2', 'Bert', NULL),
    -- two who are one person are no rivals
    ('carl-1', 'Carl', '1980-01-01'), ('carl-2', 'Carl', '1980-01-01'), ('carl-3', 'Carl', NULL),
    -- whom everything speaks for is joined beside a rival; one who may be either is not
    ('dora-1', 'Dora', '1980-01-01'), ('dora-2', 'Dora', NULL), ('dora-3', 'Dora', '1980-01-01'), ('dora-4', 'Dora', '1990-02-02');
INSERT INTO agglomerate_src.person VALUES
    -- as Anna, but much speaks for either: they are two people, by what was compared
    ('emil-1', 'Emil', '1981-01-01', 'Ott', '+12125550101'), ('emil-2', 'Emil', '1991-02-02', 'Ott', '+12125550102'), ('emil-3', 'Emil', NULL, 'Ott', NULL),
    -- parts of one person, of which two have nothing in common but the third
    ('fred-1', 'Fred', NULL, 'Poe', NULL), ('fred-2', 'Fred', '1985-03-03', 'Poe', NULL), ('fred-3', NULL, '1985-03-03', NULL, '+12125550103'),
    -- a rival who is less likely takes something from how sure it is
    ('hugo-1', 'Hugo', '1982-01-01', 'Roth', '+12125550104'), ('hugo-2', 'Hugo', NULL, 'Roth', NULL), ('hugo-3', 'Hugo', '1992-02-02', NULL, '+12125550105');
SELECT cdp.create_space('agglomerate_t');
SELECT cdp.add_source('agglomerate_t', 'agglomerate_src.person', key => 'id', name => 'person', fields => '{"given_name": "name", "birth_date": "born", "family_name": "family", "phone": "phone"}') > 0 AS added;
SELECT records FROM cdp.resolve('agglomerate_t');
-- a name alone weighs 2 bits, with the date 8.6, against another date -4.6; with the family name 6
SELECT cdp.activate_model('agglomerate_t', cdp.import_model('agglomerate_t', '{"lambda": 0.2, "rules": [["given_name exact"], ["birth_date exact"]], "comparisons": [{"comparison": "given_name", "measure": "code", "levels": [{"name": "exact", "m": 0.96, "u": 0.06}, {"name": "else", "m": 0.04, "u": 0.94}]}, {"comparison": "birth_date", "measure": "code", "levels": [{"name": "exact", "m": 0.99, "u": 0.01}, {"name": "else", "m": 0.01, "u": 0.99}]}, {"comparison": "family_name", "measure": "code", "levels": [{"name": "exact", "m": 0.96, "u": 0.06}, {"name": "else", "m": 0.04, "u": 0.94}]}, {"comparison": "phone", "measure": "code", "levels": [{"name": "exact", "m": 0.99, "u": 0.01}, {"name": "else", "m": 0.01, "u": 0.99}]}]}', 'fixed numbers'));
CREATE VIEW agglomerate_src.profile AS
SELECT string_agg(r.source_key, ' ' ORDER BY r.source_key) AS records, min(round(p.confidence::numeric, 2)) AS confidence
  FROM agglomerate_t.record r JOIN agglomerate_t.identity i USING (record_id) JOIN agglomerate_t.profile p USING (profile_id) GROUP BY i.profile_id;
SELECT records FROM cdp.resolve('agglomerate_t');
SELECT * FROM agglomerate_src.profile ORDER BY 1;
-- the pairs that were not joined are there all the same
SELECT a.source_key AS a, b.source_key AS b, round(l.weight::numeric, 2) AS weight
  FROM agglomerate_t.link l JOIN agglomerate_t.record a ON a.record_id = l.record_a JOIN agglomerate_t.record b ON b.record_id = l.record_b
 WHERE l.origin = 'model' AND a.source_key ~ 'anna' AND b.source_key ~ 'anna' ORDER BY 1, 2;
-- who looks at them is told of the choice, and so is who asks for somebody of that name
CREATE FUNCTION agglomerate_src.named(reason text) RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace($1, 'record ' || r.record_id || ' ', 'record ' || r.source_key || ' '), 'profile ' || o.profile_id, 'that of ' || o.source_key)
      FROM agglomerate_t.record r, (SELECT i.profile_id, min(p.source_key) AS source_key FROM agglomerate_t.identity i JOIN agglomerate_t.record p USING (record_id) GROUP BY 1) o
     WHERE (r.record_id::text, o.profile_id::text) = (substring($1 FROM 'record ([0-9]+)'), substring($1 FROM 'profile ([0-9]+)'))
    UNION ALL SELECT $1 WHERE $1 !~ '[0-9]' $$;
SELECT a.source_key AS a, b.source_key AS b, round(v.weight::numeric, 2) AS weight, agglomerate_src.named(v.reason) AS reason
  FROM cdp.review('agglomerate_t') v JOIN agglomerate_t.record a ON a.record_id = v.record_a JOIN agglomerate_t.record b ON b.record_id = v.record_b
 WHERE a.source_key ~ 'emil|hugo' ORDER BY 1, 2;
SELECT r.source_key, round(l.weight::numeric, 2) AS weight, round(l.probability::numeric, 2) AS probability
  FROM cdp.lookup('agglomerate_t', '{"given_name": "Emil", "family_name": "Ott"}') l JOIN agglomerate_t.record r USING (record_id) ORDER BY 1;
-- a change brings what doing everything anew would: the rival is gone, and there is one for Bert
DELETE FROM agglomerate_src.person WHERE id = 'anna-2';
INSERT INTO agglomerate_src.person VALUES ('bert-3', 'Bert', '1990-02-02');
SELECT records FROM cdp.resolve('agglomerate_t');
SELECT * FROM agglomerate_src.profile WHERE records ~ 'anna|bert' ORDER BY 1;
-- a person decides
SELECT cdp.rule_same('agglomerate_t', a.record_id, b.record_id, 'test') FROM agglomerate_t.record a, agglomerate_t.record b WHERE a.source_key = 'bert-2' AND b.source_key = 'bert-3';
SELECT records FROM cdp.resolve('agglomerate_t');
SELECT * FROM agglomerate_src.profile WHERE records ~ 'bert' ORDER BY 1;
DROP SCHEMA agglomerate_src CASCADE;
SELECT cdp.drop_space('agglomerate_t', 'agglomerate_t');
