-- databases in other encodings, and bytes that are no text
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\set home :DBNAME
CREATE EXTENSION IF NOT EXISTS cdp;
-- the cleaning functions alone, to be declared where the extension is refused
SELECT string_agg(pg_get_functiondef(p.oid), '; ' ORDER BY p.proname <> 'setting', p.proname) AS functions FROM pg_proc p
 WHERE p.pronamespace IN ('cdp'::regnamespace, 'cdp_internal'::regnamespace) AND p.prolang = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'c')
   AND (p.proname ~ '^normalize_|_problem$|^(name|text|street|email)_key$' OR p.proname = 'setting') \gset
CREATE DATABASE clean_t_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
\c clean_t_latin1
-- at once, not at the first letter outside ASCII
CREATE EXTENSION cdp;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM pg_extension WHERE extname = 'cdp';
CREATE SCHEMA cdp;
CREATE SCHEMA cdp_internal;
:functions;
SELECT cdp.normalize_name('ANN O''BRIEN'), cdp.name_key('Ann O''Brien'), cdp.normalize_email('Ann@Example.com'), cdp.normalize_phone('(212) 555-1234', 'US');
SELECT cdp.normalize_name(convert_from('\x5a6feb', 'LATIN1'));
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.phone_problem(convert_from('\xb7', 'LATIN1'), 'US');
\echo :LAST_ERROR_SQLSTATE
\c :home
DROP DATABASE clean_t_latin1;

CREATE DATABASE clean_t_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;
\c clean_t_ascii
SET client_min_messages = warning;
SET client_encoding = 'SQL_ASCII';
CREATE EXTENSION cdp;
\echo :LAST_ERROR_SQLSTATE
CREATE SCHEMA cdp;
CREATE SCHEMA cdp_internal;
:functions;
CREATE TYPE cdp.email;
CREATE FUNCTION cdp_internal.email_in(cstring) RETURNS cdp.email LANGUAGE c IMMUTABLE STRICT AS '$libdir/cdp', 'cdp_email_in';
CREATE FUNCTION cdp_internal.email_out(cdp.email) RETURNS cstring LANGUAGE c IMMUTABLE STRICT AS '$libdir/cdp', 'cdp_value_out';
CREATE TYPE cdp.email (INPUT = cdp_internal.email_in, OUTPUT = cdp_internal.email_out);
-- UTF-8 is taken as such
SELECT cdp.name_key(E'Zo\xC3\xAB') AS key;
-- what is not UTF-8 is refused by everything, and has no key
CREATE TABLE bytes AS SELECT v FROM unnest(ARRAY[E'Zo\xEB', E'\xFF', E'\xC3', E'\xC0\x80', E'\xED\xA0\x80', E'\xF4\x90\x80\x80', E'\xE2\x82', E'a\x80@example.com', E'212\xA05551234']) v;
SELECT encode(v::bytea, 'hex') AS bytes, cdp.name_problem(v) AS name, cdp.email_problem(v) AS email, cdp.phone_problem(v, 'US') AS phone, cdp.date_problem(v) AS date, cdp.text_problem(v) AS text,
       cdp.country_problem(v) AS country, cdp.postal_code_problem(v, 'US') AS postal
  FROM bytes;
SELECT count(*) FROM bytes
 WHERE coalesce(cdp.name_key(v), cdp.text_key(v), cdp.street_key(v), cdp.email_key(v), cdp.normalize_name(v), cdp.normalize_email(v), cdp.normalize_text(v), cdp.normalize_street(v), cdp.normalize_id(v),
                cdp.normalize_state(v), cdp.normalize_phone(v, 'US'), cdp.normalize_gender(v), cdp.normalize_country(v), cdp.normalize_postal_code(v, ''), cdp.normalize_number(v)::text, cdp.normalize_date(v)::text) IS NOT NULL;
SELECT E'a\x80@example.com'::cdp.email;
\echo :LAST_ERROR_SQLSTATE
-- every pair of bytes, for memory's sake
SELECT count(*) FILTER (WHERE cdp.normalize_name(v) IS NOT NULL) > 0 AS names, count(cdp.normalize_email(v || '@example.com')) > 0 AS emails, count(cdp.normalize_phone('+12125551234' || v, 'US')) > 0 AS phones,
       count(cdp.normalize_date(v || '1980-03-07')) > 0 AS dates, count(cdp.normalize_postal_code('SW1A' || v || '1AA', 'GB')) > 0 AS codes, count(cdp.street_key(v)) > 0 AS streets
  FROM (SELECT convert_from(decode(lpad(to_hex(a), 2, '0') || lpad(to_hex(b), 2, '0'), 'hex'), 'SQL_ASCII') AS v
          FROM generate_series(1, 255, 2) a, generate_series(1, 255, 3) b) s;
\c :home
DROP DATABASE clean_t_ascii;
