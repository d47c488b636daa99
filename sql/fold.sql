-- properties that hold for every normaliser, on generated text
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA fold_t;
SET search_path = fold_t;
SELECT setseed(0.25) \g /dev/null

-- the path for ASCII gives what ICU gives: every character alone and inside, then random strings of all of them
CREATE TABLE ascii AS
SELECT chr(i) AS v FROM generate_series(1, 127) i
UNION ALL SELECT 'a' || chr(i) || 'B' FROM generate_series(1, 127) i
UNION ALL SELECT 'a' || chr(i) || chr(j) || 'b' FROM generate_series(1, 127) i, generate_series(1, 127) j
UNION ALL SELECT (SELECT string_agg(chr(1 + (random() * 126)::int), '') FROM generate_series(1, 1 + i % 40)) FROM generate_series(1, 20000) i;
SELECT count(*) > 30000 AS enough,
       count(*) FILTER (WHERE cdp_internal.tidy(v) IS DISTINCT FROM cdp_internal.tidy_icu(v)) AS tidy_differs,
       count(*) FILTER (WHERE cdp.text_key(v) IS DISTINCT FROM cdp_internal.fold_icu(v)) AS fold_differs
  FROM ascii;

-- values: what people write, pieces of it put together at random, every code point
CREATE TABLE piece (id serial, v text);
INSERT INTO piece (v) SELECT unnest(ARRAY[
  'Ann', 'O''Brien', 'o’brien', 'MÜLLER', 'Zoe' || U&'\0308', 'ИВАН', '王小明', 'محمد', 'Σωκράτης', 'İstanbul', 'ǆ', 'ß', 'ŉ', 'ﬁ', U&'\0345', U&'a\0301\0323', 'Ⅷ', '½', 'ᏣᎳᎩ', 'ꮳ', 'ไทย', 'हिन्दी', 'ひらがな', 'ｶﾀｶﾅ', '한국', 'K', 'Å', '😀', '𝐀', U&'\+01D168',
  ' ', '  ', E'\t', E'\n', E'\x01', U&'\00A0', U&'\200B', U&'\202E', U&'\FEFF', U&'\3164', U&'\00AD', '-', '–', '—', '''', '’', '`', '´', '"', '.', ',', ';', ':', '(', ')', '<', '>', '/', '\', '@', '＠', '+', '#', '*', '_', '=', '&', '%', '$', '€', '!', '?',
  'ann@example.com', 'a.b+c', '@gmail.com', '@GoogleMail.com', '@bücher.example', '@xn--bcher-kva.example', 'mailto:', '"a b"', 'test', '@test.com', 'none', 'n/a', 'NA', 'null', 'unknown', 'xxx', '0', '00', '000', '1', '123', '1234567890', '0000000000', '9999',
  '(212) 555-1234', '+1', '+44 20 7946 0018', '011', 'x12', ';ext=7', '٢١٢', '２１２', '1980', '1980-03-07', '7 Mar 1980', '13/04/1980', '-03-07', '/3/', 'Mar', 'March 7', '00/00', '12:30', 'T', 'Z', 'PM', '12345', '-6789', 'K1A 0B1', 'SW1A', '1AA', 'USA', 'Deutschland', 'California', 'CA', 'the', 'and', 'Saint', 'Street', 'no', 'apt', 'p o box', 'II', 'IV', 'Mc', 'donald', 'JD', 's', '1,234', '.5', 'e3', 'F', 'male', 'non-binary']);
CREATE TABLE value AS
SELECT v FROM piece
UNION ALL SELECT chr(i) FROM generate_series(1, 1114111, 101) i WHERE i NOT BETWEEN 55296 AND 57343
UNION ALL SELECT 'a' || chr(i) || 'b' FROM generate_series(128, 12352, 7) i
UNION ALL SELECT (SELECT string_agg(vs[1 + (random() * (cardinality(vs) - 1))::int + k * 0], '') FROM generate_series(1, 1 + i % 5) k) FROM generate_series(1, 12000) i, (SELECT array_agg(v ORDER BY id) AS vs FROM piece) p
UNION ALL SELECT (SELECT string_agg(chr((ARRAY[32, 65, 97, 48, 768, 1024, 19968, 127744, 65280, 8192, 1536, 2304])[1 + (random() * 11.99)::int] + (random() * 60)::int), '') FROM generate_series(1, 1 + i % 12) k) FROM generate_series(1, 6000) i;

-- Latin letters with marks, and words seen before, fold to what ICU gives
CREATE TABLE latin AS
SELECT 'a' || chr(i) || 'b' AS v FROM generate_series(128, 591) i UNION ALL SELECT 'a' || chr(i) || 'b' FROM generate_series(7680, 7935) i
UNION ALL SELECT (SELECT string_agg(chr(CASE WHEN random() < 0.4 THEN 32 + (random() * 94)::int WHEN random() < 0.7 THEN 160 + (random() * 431)::int ELSE 7680 + (random() * 255)::int END + k * 0), '') FROM generate_series(1, 1 + i % 20) k)
  FROM generate_series(1, 20000) i;
SELECT count(*) > 50000 AS enough, count(*) FILTER (WHERE cdp.text_key(v) IS DISTINCT FROM cdp_internal.fold_icu(v)) AS fold_differs, min(v) FILTER (WHERE cdp.text_key(v) IS DISTINCT FROM cdp_internal.fold_icu(v))
  FROM (SELECT v FROM latin UNION ALL SELECT v FROM value UNION ALL SELECT v FROM value) s;

-- refused or blank gives no value and only refused gives a reason; a clean value is clean; the key of a key is the key
CREATE TABLE broken (what text, v text, once text, twice text, problem text);
DO $$
DECLARE
  f text[];
BEGIN
  FOREACH f SLICE 1 IN ARRAY ARRAY[
    ['cdp.normalize_name(%s)', 'cdp.name_problem(v)'], ['cdp.normalize_email(%s)', 'cdp.email_problem(v)'], ['cdp.normalize_text(%s)', 'cdp.text_problem(v)'],
    ['cdp.normalize_street(%s)', 'cdp.street_problem(v)'], ['cdp.normalize_id(%s)', 'cdp.id_problem(v)'], ['cdp.normalize_gender(%s)', 'cdp.gender_problem(v)'],
    ['cdp.normalize_country(%s)', 'cdp.country_problem(v)'], ['cdp.normalize_state(%s, ''US'')', 'cdp.state_problem(v, ''US'')'], ['cdp.normalize_state(%s, ''FR'')', 'cdp.state_problem(v, ''FR'')'],
    ['cdp.normalize_postal_code(%s, ''US'')', 'cdp.postal_code_problem(v, ''US'')'], ['cdp.normalize_postal_code(%s, ''GB'')', 'cdp.postal_code_problem(v, ''GB'')'],
    ['cdp.normalize_postal_code(%s, ''ZW'')', 'cdp.postal_code_problem(v, ''ZW'')'], ['cdp.normalize_phone(%s, ''US'')', 'cdp.phone_problem(v, ''US'')'],
    ['cdp.normalize_phone(%s, ''MX'')', 'cdp.phone_problem(v, ''MX'')'], ['cdp.normalize_number(%s)::text', 'cdp.number_problem(v)'],
    ['to_char(cdp.normalize_date(%s), ''YYYY-MM-DD'')', 'cdp.date_problem(v)'], ['to_char(cdp.normalize_date(%s, ''MDY''), ''YYYY-MM-DD'')', 'cdp.date_problem(v, ''MDY'')']]
  LOOP
    EXECUTE format('INSERT INTO broken SELECT %L, v, once, %s, problem FROM (SELECT v, %s AS once, %s AS problem FROM value OFFSET 0) s
                     WHERE (once IS NULL) <> (cdp_internal.tidy(v) IS NULL OR problem IS NOT NULL) OR (once IS NOT NULL AND %s IS DISTINCT FROM once)
                        OR (problem IS NOT NULL AND cdp_internal.tidy(v) IS NULL)',
                   f[1], format(f[1], 'once'), format(f[1], 'v'), f[2], format(f[1], 'once'));
  END LOOP;
  FOREACH f SLICE 1 IN ARRAY ARRAY[['cdp.name_key'], ['cdp.text_key'], ['cdp.street_key'], ['cdp.email_key']]
  LOOP
    EXECUTE format('INSERT INTO broken SELECT %1$L, v, once, %1$s(once) FROM (SELECT v, %1$s(v) AS once FROM value OFFSET 0) s WHERE once IS NOT NULL AND %1$s(once) IS DISTINCT FROM once', f[1]);
  END LOOP;
  INSERT INTO broken SELECT 'email_key of normalized', v FROM value WHERE cdp.email_key(v) IS DISTINCT FROM cdp.email_key(cdp.normalize_email(v));
END
$$;
SELECT count(*) > 30000 AS enough FROM value;
SELECT what, count(*), min(v) FROM broken GROUP BY what ORDER BY what;
-- and the text was worth something: each normaliser took some of it
SELECT count(cdp.normalize_name(v)) > 5000 AS name, count(cdp.normalize_email(v)) > 100 AS email, count(cdp.normalize_phone(v, 'US')) > 50 AS phone, count(cdp.normalize_date(v)) > 20 AS date,
       count(cdp.normalize_postal_code(v, 'US')) > 50 AS postal, count(cdp.normalize_country(v)) > 200 AS country, count(cdp.normalize_number(v)) > 100 AS number
  FROM value;

RESET search_path;
DROP SCHEMA fold_t CASCADE;
