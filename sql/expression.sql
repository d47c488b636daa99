-- Expressions that users declare: what is accepted and how it is stored, what
-- is refused and how that is said.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA expr_t;
CREATE TYPE expr_t.address AS (street text, city text);
CREATE DOMAIN expr_t.positive AS int CHECK (VALUE > 0);
CREATE DOMAIN expr_t.flag AS boolean;
CREATE TABLE expr_t.contact (
    id int, first text, last varchar(20), gone int, dob date, spend numeric, "E Mail" text, contact text,
    home expr_t.address, points expr_t.positive, active expr_t.flag, tags text[], doc jsonb);
ALTER TABLE expr_t.contact DROP COLUMN gone;
CREATE VIEW expr_t.v AS SELECT id, upper(first) AS loud FROM expr_t.contact;
CREATE TABLE expr_t.parted (id int, at timestamptz) PARTITION BY RANGE (at);
CREATE SEQUENCE expr_t.seq;
CREATE FUNCTION expr_t.vol(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION expr_t.imm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || ''!''';
CREATE FUNCTION expr_t.lower(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''hijacked''::text';

CREATE FUNCTION expr_t.ok(expression text, want regtype DEFAULT NULL, relation regclass DEFAULT 'expr_t.contact', agg bool DEFAULT false)
RETURNS TABLE (sql text, type regtype, again boolean)
LANGUAGE sql AS $$
    SELECT c.sql, c.type,
           -- the stored form is accepted as it stands, and stays the same
           (SELECT (d.sql, d.type) = (c.sql, c.type) FROM cdp_internal.check_expression(c.sql, relation, 'again', want, agg) AS d)
    FROM cdp_internal.check_expression(expression, relation, 'the field "x"', want, agg) AS c
$$;

-- Accepted.
SELECT * FROM expr_t.ok('coalesce(first, last)', 'text');
SELECT * FROM expr_t.ok('last', 'text');
SELECT * FROM expr_t.ok('id', 'text');
SELECT * FROM expr_t.ok('contact.first');
SELECT * FROM expr_t.ok('expr_t.contact.first');
SELECT * FROM expr_t.ok('s.first');
SELECT * FROM expr_t.ok('"E Mail"', 'text');
SELECT * FROM expr_t.ok('contact');                        -- the column, not the row
SELECT * FROM expr_t.ok('contact.contact');
SELECT * FROM expr_t.ok('(home).city', 'text');
SELECT * FROM expr_t.ok('points', 'text');
SELECT * FROM expr_t.ok('active', 'boolean');
SELECT * FROM expr_t.ok('tags[1]');
SELECT * FROM expr_t.ok('doc->>''mail''');
SELECT * FROM expr_t.ok('''CRM''');
SELECT * FROM expr_t.ok('NULL', 'text');
SELECT * FROM expr_t.ok('spend > 500 AND dob < current_date - interval ''18 years''', 'boolean');
SELECT * FROM expr_t.ok('first IN (''a'', ''b'') OR first IS NULL OR first LIKE ''%x''', 'boolean');
SELECT * FROM expr_t.ok('CASE WHEN id > 1 THEN ''x'' ELSE first END', 'text');
SELECT * FROM expr_t.ok('now() - interval ''1 day''', 'timestamptz');
SELECT * FROM expr_t.ok('dob', 'timestamptz');
SELECT * FROM expr_t.ok('first COLLATE "C"');
SELECT * FROM expr_t.ok('expr_t.imm(first)');
SELECT * FROM expr_t.ok('id::expr_t.positive');
SELECT * FROM expr_t.ok('first /* the name */ -- as typed');
SELECT * FROM expr_t.ok('loud', 'text', 'expr_t.v');
SELECT * FROM expr_t.ok('at', 'timestamptz', 'expr_t.parted');
SELECT * FROM expr_t.ok('count(*)', 'bigint', agg => true);
SELECT * FROM expr_t.ok('sum(spend) FILTER (WHERE id > 3) / nullif(count(DISTINCT first), 0)', agg => true);
SELECT * FROM expr_t.ok('percentile_cont(0.5) WITHIN GROUP (ORDER BY spend)', agg => true);
SELECT * FROM expr_t.ok('array_agg(first ORDER BY dob DESC, id)', agg => true);
-- cdp's own functions, types and operators need no schema; stored, they have it.
SELECT sql, type, again FROM expr_t.ok('normalize_email(first)::email = ''Ann@Example.com''');
SELECT sql FROM cdp_internal.check_expression('first::email = ''nobody''', 'expr_t.contact', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
-- Constants survive another session's settings.
SET datestyle = 'SQL, DMY';
SET intervalstyle = sql_standard;
SELECT sql FROM cdp_internal.check_expression('dob > date ''02/01/2020'' + interval ''-1 day 2 hours''', 'expr_t.contact', 'the field "x"');
RESET datestyle;
RESET intervalstyle;
-- Names mean the same whatever the caller's search_path is.
SET search_path = expr_t;
SELECT sql FROM cdp_internal.check_expression('lower(last)', 'contact', 'the field "x"', 'text');
RESET search_path;
SELECT cdp_internal.expression_columns('dob IS NULL OR (id = 1 AND id < 2)', 'expr_t.contact', 'x');
SELECT cdp_internal.expression_columns('count(*)', 'expr_t.contact', 'x', true);

-- The stored form runs, and gives what was asked.
INSERT INTO expr_t.contact (id, first, last, home, "E Mail") VALUES (1, NULL, 'Doe', ('1 Main St', 'Springfield'), 'A@B');
DO $$
DECLARE
    e text;
    v text;
BEGIN
    FOR e IN SELECT unnest('{"coalesce(first, last)", "(home).city", "lower(\"E Mail\")", "id + 1"}'::text[])
    LOOP
        EXECUTE format('SELECT %s FROM %s AS s', (SELECT sql FROM expr_t.ok(e, 'text')), 'expr_t.contact') INTO v;
        RAISE WARNING '% is %', e, v;
    END LOOP;
END
$$;

-- Refused. Each error says what the expression is for, and where it fails.
\set VERBOSITY default
CREATE FUNCTION expr_t.no(expression text, want regtype DEFAULT NULL, relation regclass DEFAULT 'expr_t.contact', agg bool DEFAULT false)
RETURNS TABLE (code text, message text, hint boolean)
LANGUAGE plpgsql AS $$
DECLARE
    hint_text text;
BEGIN
    PERFORM cdp_internal.check_expression(expression, relation, 'the field "x"', want, agg);
    RETURN QUERY SELECT NULL, 'accepted', NULL::boolean;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint_text = PG_EXCEPTION_HINT;
    hint := hint_text <> '';
    RETURN NEXT;
END
$$;
SELECT e AS expression, n.*
FROM unnest(ARRAY[
    '1; DROP TABLE expr_t.contact', '; 1', 'first;', 'first FROM expr_t.contact', 'first WHERE true', 'first ORDER BY 1', 'first LIMIT 1',
    'first GROUP BY id', 'first FOR UPDATE', 'DISTINCT first', 'first UNION SELECT 1', 'first INTO x', 'first HAVING true', 'first WINDOW w AS ()',
    'first, last', 'first AS label', 'first label', '*', 's.*', 'contact.*', '(home).*', 'SELECT first', '(SELECT 1)', 'EXISTS (SELECT 1)',
    'id IN (SELECT 1)', 'id = ANY (SELECT 1)', 'ARRAY(SELECT 1)', 'coalesce(first, (VALUES (1)))', 'nope', 'x.first', 'other.contact.first', 'gone',
    'nope(first)', 'first + 1', 'first::nope', 'random() < 0.5', 'nextval(''expr_t.seq'')', 'clock_timestamp()', 'expr_t.vol(first)', 'imm(first)',
    'count(*)', 'max(spend) > 1', 'row_number() OVER ()', 'sum(spend) OVER (PARTITION BY id)', 'generate_series(1, id)', 'unnest(tags)',
    '$1', ':x', '', '   ', '-- nothing', '/* nothing */', '/* open', '''open', 'first ||', '(first', 'first)', 'GROUPING(id)', 'DEFAULT',
    's', 'row_to_json(s)', 'ctid', 'tableoid::text', 'xmin', 'ROW(1, 2)', 'first COLLATE "C" < last COLLATE "POSIX"', 'pg_sleep(1)',
    'first = ''é' || repeat('ü', 5) || ''' AND nope']) AS e,
    LATERAL expr_t.no(e) AS n;

-- The type that is wanted.
SELECT e AS expression, n.* FROM unnest('{first,id,1,"''maybe''",home,NULL,"spend > 1"}'::text[]) AS e, LATERAL expr_t.no(e, 'boolean') AS n;
SELECT n.* FROM expr_t.no('first', 'int') AS n;
SELECT n.* FROM expr_t.no('doc', 'date') AS n;

-- Aggregate expressions.
SELECT e AS expression, n.* FROM unnest('{42,first,"count(*) + id","max(max(id))","percentile_cont(spend) WITHIN GROUP (ORDER BY id)","now()",
    "count(*) OVER ()","sum(random())","count(*) FILTER (WHERE EXISTS (SELECT 1))"}'::text[]) AS e, LATERAL expr_t.no(e, agg => true) AS n;

-- Positions count characters of the user's text.
SELECT * FROM cdp_internal.check_expression('first = ''éüß'' AND nope', 'expr_t.contact', 'the condition of segment "x"', 'boolean');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('coalesce(first', 'expr_t.contact', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('first || (SELECT 1)', 'expr_t.contact', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('firts', 'expr_t.contact', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
DO $$ BEGIN PERFORM cdp_internal.check_expression('id > random()', 'expr_t.contact', 'the filter'); END $$;

-- NULLs, wrong relations, great lengths and depths.
SELECT * FROM cdp_internal.check_expression(NULL, 'expr_t.contact', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('1', NULL, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('1', 99999999, 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('1', 'expr_t.seq', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.check_expression('1', 'expr_t.address', 'the field "x"');
\echo :LAST_ERROR_SQLSTATE
SELECT type, length(sql) > 100000 AS kept FROM cdp_internal.check_expression('first IN (' || repeat('''0123456789'', ', 10000) || '''x'')', 'expr_t.contact', 'x', 'boolean');
SELECT code, message FROM expr_t.no(repeat('(', 100000) || '1' || repeat(')', 100000));
SELECT code, hint FROM expr_t.no(repeat('NOT ', 200000) || 'true');
SELECT code FROM expr_t.no(repeat('first || ', 100000) || 'first');
SELECT code, message FROM expr_t.no(repeat(' ', 1100000) || 'first');

DROP SCHEMA expr_t CASCADE;
