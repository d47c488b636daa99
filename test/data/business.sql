-- business.sql: a generated company with customers whose truth is known.
--
--   psql -v people=100000 [-v seed=1, 0 or more] [-v today=2026-06-30] -f business.sql
--
-- Makes (and makes anew) the schemas crm, shop, news, support, survey, web and
-- truth in the current database; needs no extension. truth.record says for each
-- row that describes a person whose it is; truth.person is that person.
--
-- Everything is a hash of (person number, name of the draw, seed), never
-- random(): the same arguments give the same rows on any machine, whatever the
-- plan. Names, addresses and numbers are drawn apart from each other and belong
-- to nobody; e-mail domains are the reserved example ones, and improbable
-- local parts at gmail.com for the sake of its dots.
--
-- How it is made: one pass writes truth.person (households first, so that the
-- people in one share a name, an address, a telephone); one pass per table then
-- draws who is in it, how often, when, and what went wrong in writing it down.
-- The subqueries end in OFFSET 0 so that the planner does not merge the layers:
-- merged, an expression that is used five times is computed five times.

\if :{?people} \else \set people 1000 \endif
\if :{?seed}   \else \set seed 1 \endif
\if :{?today}  \else \set today 2026-06-30 \endif

-- Rates, in per cent. --------------------------------------------------------
-- Who is where (of people). Who is in none of the first three becomes a shop customer.
\set in_crm 65
\set in_shop 65
\set in_news 55
\set in_support 35
\set in_survey 30
\set in_web 40
-- entered a second time in the same table
\set twice_in_crm 9
\set twice_in_shop 6
\set twice_in_news 4
-- the person and the household
\set partner_same_name 75
\set junior 6
\set twins 5
\set married_name 10
\set moved 25
\set new_mobile 15
\set second_email 40
\set gmail 12
\set family_email 4
\set goes_by_nickname 30
\set rare_given_name 12
\set employed 35
-- per value written
\set typo_name 2.5
\set typo_email 1.2
\set typo_phone 1.5
\set typo_street 3
\set typo_birth_date 1
\set day_month_swapped 1
\set names_swapped 1.5
\set wrong_case 5
\set stray_space 2.5
\set native_in_crm 50
\set native_in_shop 15
\set native_in_news 25
\set native_in_support 50
\set nickname_used 40
\set uses_second_email 25
\set uses_family_email 60
\set gmail_written_with_dots 40
\set plus_tag 3
\set role_mailbox 1.5
\set placeholder 2
\set missing_email 8
\set missing_phone 25
\set missing_birth_date 35
\set missing_address 12
\set landline_given 25
\set odd_date_format 4
\set name_last_first 6
\set subscriber_without_name 30
\set street_word_written_out 30
\set switchboard_given 60
-- what they do
\set opted_in 80
\set unsubscribed 15
\set answer_signed_in 50
\set event_signed_in 35
\set event_with_email 10
\set order_refunded 4
\set order_cancelled 5

SET client_min_messages = warning;
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET work_mem = '64MB';
SET maintenance_work_mem = '256MB';
SET jit = off;
\set ON_ERROR_STOP on

BEGIN;

-- Only what this script made before is dropped.
DO $$
DECLARE
    taken text;
BEGIN
    SELECT string_agg(nspname, ', ' ORDER BY nspname) INTO taken
      FROM pg_namespace
     WHERE nspname IN ('crm', 'shop', 'news', 'support', 'survey', 'web', 'truth', 'made')
       AND coalesce(obj_description(oid, 'pg_namespace'), '') NOT LIKE 'generated business%';
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'names in several scripts need a database in UTF8, not %', current_setting('server_encoding');
    END IF;
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'these schemas exist and were not made by this script: %', taken
            USING HINT = 'Run it in a database of its own.';
    END IF;
END
$$;
DROP SCHEMA IF EXISTS crm, shop, news, support, survey, web, truth, made CASCADE;
CREATE SCHEMA crm;     COMMENT ON SCHEMA crm IS 'generated business: sales contacts';
CREATE SCHEMA shop;    COMMENT ON SCHEMA shop IS 'generated business: web shop';
CREATE SCHEMA news;    COMMENT ON SCHEMA news IS 'generated business: newsletter';
CREATE SCHEMA support; COMMENT ON SCHEMA support IS 'generated business: tickets';
CREATE SCHEMA survey;  COMMENT ON SCHEMA survey IS 'generated business: answers';
CREATE SCHEMA web;     COMMENT ON SCHEMA web IS 'generated business: events of the web site';
CREATE SCHEMA truth;   COMMENT ON SCHEMA truth IS 'generated business: who is who';
CREATE SCHEMA made;    COMMENT ON SCHEMA made IS 'generated business: helpers, dropped at the end';

\ir words.sql

-- Draws. The salt names the draw; its hash folds to a constant, and the functions
-- are inlined, so a draw costs one integer hash. ------------------------------
CREATE FUNCTION made.hash(n bigint, salt text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashint8extended(n, hashtextextended(salt COLLATE "C", :seed));

-- uniform in [0, 1)
CREATE FUNCTION made.uniform(n bigint, salt text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((made.hash(n, salt) >> 11) & 9007199254740991)::float8 / 9007199254740992.0::float8;

-- true for so many per cent of n
CREATE FUNCTION made.hit(n bigint, salt text, percent numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN made.hash(n, salt) < ((percent - 50) * 184467440737095516)::bigint;

-- 0 … size-1, all alike
CREATE FUNCTION made.pick(n bigint, salt text, size int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(made.uniform(n, salt) * size)::int;

-- 0 … size-1, the first ones most: density falls with the cube root of the rank
CREATE FUNCTION made.pick_skewed(n bigint, salt text, size int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(made.uniform(n, salt) * sqrt(made.uniform(n, salt)) * size)::int;

-- A one-to-one scramble of 0 … size-1 (the factor is a prime that divides no size in use).
CREATE FUNCTION made.scramble(n bigint, factor bigint, size bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (n * factor + (:seed)::bigint * 40503) % size;

-- Keys tell nothing about the person: the number of (person, copy), scrambled for each table in another way.
CREATE FUNCTION made.key(source text, entity bigint, copy int) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1001 + made.scramble(entity * 4 + copy, CASE source WHEN 'crm' THEN 982451653 WHEN 'shop' THEN 961748941 WHEN 'news' THEN 941083987
                                                           WHEN 'support' THEN 920419823 ELSE 899809363 END, :people * 4 + 8);

-- The ten digits of line 0 … 6,399,999 of an area. Exchanges with a middle digit 1 or 5 are left out: no N11, no 555.
CREATE FUNCTION made.number(code text, line int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN code || (2 + line / 800000)::text || substr('02346789', 1 + line / 100000 % 8, 1) || lpad((line % 100000)::text, 5, '0');

CREATE FUNCTION made.phone_format(d text, style int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE style
    WHEN 0 THEN d
    WHEN 1 THEN '(' || substr(d, 1, 3) || ') ' || substr(d, 4, 3) || '-' || substr(d, 7)
    WHEN 2 THEN substr(d, 1, 3) || '-' || substr(d, 4, 3) || '-' || substr(d, 7)
    WHEN 3 THEN substr(d, 1, 3) || '.' || substr(d, 4, 3) || '.' || substr(d, 7)
    WHEN 4 THEN '+1 ' || substr(d, 1, 3) || ' ' || substr(d, 4, 3) || ' ' || substr(d, 7)
    WHEN 5 THEN '+1' || d
    WHEN 6 THEN '1-' || substr(d, 1, 3) || '-' || substr(d, 4, 3) || '-' || substr(d, 7)
    WHEN 7 THEN '(' || substr(d, 1, 3) || ')' || substr(d, 4, 3) || '-' || substr(d, 7)
    WHEN 9 THEN '(' || substr(d, 1, 3) || ') ' || substr(d, 4, 3) || '-' || substr(d, 7) || ' x' || substr(d, 8, 2)
    ELSE substr(d, 1, 3) || ' ' || substr(d, 4, 3) || ' ' || substr(d, 7)
END;

-- One slip of the keyboard: a letter left out, doubled, replaced, put in, or two exchanged.
CREATE FUNCTION made.slip(s text, h bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT CASE
        WHEN length(s) < 3 THEN s || letter
        WHEN op = 0 THEN left(s, at) || substr(s, at + 2)
        WHEN op = 1 THEN left(s, at) || substr(s, at, 1) || substr(s, at + 1)
        WHEN op = 2 THEN left(s, at) || letter || substr(s, at + 2)
        WHEN op = 3 THEN left(s, at) || letter || substr(s, at + 1)
        WHEN substr(s, at, 1) = substr(s, at + 1, 1) THEN left(s, at) || substr(s, at + 2)
        ELSE left(s, at - 1) || substr(s, at + 1, 1) || substr(s, at, 1) || substr(s, at + 2)
    END
    FROM (SELECT 1 + ((h >> 8) & 65535)::int % greatest(length(s) - 1, 1) AS at, ((h >> 24) & 65535)::int % 5 AS op,
                 chr(97 + ((h >> 40) & 65535)::int % 26) AS letter) AS x
);

-- One digit mistyped, or two neighbours exchanged.
CREATE FUNCTION made.slip_digit(s text, h bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT CASE WHEN h & 1 = 0 OR substr(s, at, 1) = substr(s, at + 1, 1)
                THEN overlay(s PLACING ((substr(s, at, 1)::int + 1 + ((h >> 24) & 7)::int) % 10)::text FROM at FOR 1)
                ELSE left(s, at - 1) || substr(s, at + 1, 1) || substr(s, at, 1) || substr(s, at + 2) END
    FROM (SELECT length(s) - 1 - ((h >> 8) & 65535)::int % 6 AS at) AS x
);

-- What people type where a value is asked for and they have none to give.
CREATE FUNCTION made.nothing(kind text, h bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (CASE kind
    WHEN 'email' THEN ARRAY['test@test.com', 'n/a', 'none@none.com', 'noemail@noemail.com', '-', 'unknown', 'a@a.com', 'none']
    WHEN 'phone' THEN ARRAY['000-000-0000', '1234567890', '9999999999', 'n/a', '555-555-5555', 'none', '0000000000', '-']
    WHEN 'date' THEN ARRAY['1900-01-01', '0000-00-00', 'n/a', '1900-01-01', '01/01/1900', 'unknown', '1900-01-01', '9999-12-31']
    ELSE ARRAY['n/a', 'unknown', 'test', 'none', '-', 'xxx', '.', 'N/A']
END)[1 + (h & 7)::int];

-- How a true value is written down in record rec; the salt names the table and column. NULL where it is not given.
CREATE FUNCTION made.write_name(name text, rec bigint, salt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN made.hit(rec, salt || ' nothing', :placeholder / 4.0) THEN made.nothing('name', made.hash(rec, salt || ' which'))
    WHEN made.hit(rec, salt || ' typo', :typo_name) THEN made.slip(name, made.hash(rec, salt || ' slip'))
    WHEN made.hit(rec, salt || ' upper', :wrong_case / 2.0) THEN upper(name COLLATE "und-x-icu")
    WHEN made.hit(rec, salt || ' lower', :wrong_case / 2.0) THEN lower(name COLLATE "und-x-icu")
    WHEN made.hit(rec, salt || ' space', :stray_space) THEN CASE WHEN rec % 3 = 0 THEN ' ' || name ELSE name || ' ' END
    ELSE name
END;

CREATE FUNCTION made.write_email(email text, rec bigint, salt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN made.hit(rec, salt || ' missing', :missing_email) THEN NULL
    WHEN made.hit(rec, salt || ' nothing', :placeholder) THEN made.nothing('email', made.hash(rec, salt || ' which'))
    WHEN made.hit(rec, salt || ' typo', :typo_email) THEN made.slip(email, made.hash(rec, salt || ' slip'))
    WHEN email LIKE '%@gmail.com' AND made.hit(rec, salt || ' dots', :gmail_written_with_dots) THEN left(email, 4) || '.' || substr(email, 5)
    WHEN made.hit(rec, salt || ' tag', :plus_tag) THEN replace(email, '@', '+' || split_part(salt, '.', 1) || '@')
    WHEN made.hit(rec, salt || ' upper', :wrong_case / 4.0) THEN upper(email)
    WHEN made.hit(rec, salt || ' case', :wrong_case) THEN initcap(email)
    WHEN made.hit(rec, salt || ' space', :stray_space) THEN ' ' || email || ' '
    ELSE email
END;

CREATE FUNCTION made.write_phone(digits text, rec bigint, salt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN made.hit(rec, salt || ' missing', :missing_phone) THEN NULL
    WHEN made.hit(rec, salt || ' nothing', :placeholder) THEN made.nothing('phone', made.hash(rec, salt || ' which'))
    WHEN made.hit(rec, salt || ' typo', :typo_phone)
    THEN made.phone_format(made.slip_digit(digits, made.hash(rec, salt || ' slip')), made.pick(rec, salt || ' style', 9))
    ELSE made.phone_format(digits, made.pick(rec, salt || ' style', 9))
END;

CREATE FUNCTION made.write_date(day date, format text, rec bigint, salt text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN made.hit(rec, salt || ' missing', :missing_birth_date) THEN NULL
    WHEN made.hit(rec, salt || ' nothing', :placeholder) THEN made.nothing('date', made.hash(rec, salt || ' which'))
    WHEN made.hit(rec, salt || ' typo', :typo_birth_date) THEN to_char(day + (ARRAY[1, -1, 10, -10, 365, -365, 3652, 31])[1 + made.pick(rec, salt || ' slip', 8)], format)
    WHEN made.hit(rec, salt || ' swap', :day_month_swapped) THEN to_char(day, replace(replace(replace(format, 'MM', '@'), 'DD', 'MM'), '@', 'DD'))
    WHEN made.hit(rec, salt || ' odd', :odd_date_format) THEN to_char(day, (ARRAY['YYYYMMDD', 'FMMonth FMDD, YYYY', 'YYYY/MM/DD', 'DD Mon YYYY'])[1 + made.pick(rec, salt || ' format', 4)])
    ELSE to_char(day, format)
END;

-- The words written out in some tables, abbreviated in others.
CREATE FUNCTION made.write_street(street text, rec bigint, salt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN made.hit(rec, salt || ' typo', :typo_street) THEN made.slip(street, made.hash(rec, salt || ' slip'))
    WHEN made.hit(rec, salt || ' long', :street_word_written_out) THEN replace(replace(replace(replace(street, ' St', ' Street'), ' Ave', ' Avenue'), ' Rd', ' Road'), ' Apt ', ' #')
    WHEN made.hit(rec, salt || ' upper', :wrong_case) THEN upper(street)
    ELSE street
END;

CREATE FUNCTION made.email_stem(given text, family text, style int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(lower((CASE style
    WHEN 0 THEN given || '.' || family WHEN 1 THEN left(given, 1) || family
    WHEN 2 THEN family || '.' || given WHEN 3 THEN given || '_' || left(family, 1)
    WHEN 4 THEN left(given, 1) || '.' || family
    ELSE given || family END) COLLATE "C"), ' ''-', '');

CREATE FUNCTION made.street(home bigint, word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (1 + made.pick(home, 'house number', 9900))::text || ' ' || word || ' '
       || (ARRAY['St', 'Ave', 'Rd', 'Dr', 'Ln', 'Ct', 'Blvd', 'Way'])[1 + made.pick_skewed(home, 'street kind', 8)]
       || CASE WHEN made.hit(home, 'flat', 20) THEN ' Apt ' || (1 + made.pick(home, 'flat number', 60))::text ELSE '' END;

-- People ---------------------------------------------------------------------
-- A telephone line is a number in 0 … areas * 3,200,000 - 1, scrambled, so that no two people share one by chance.
-- In its area the even lines are mobiles, the odd ones landlines.
SELECT count(*) * 3200000 AS lines, count(*) AS areas FROM made.area \gset

CREATE TABLE truth.person AS
WITH seated AS (
    SELECT n, (n - 1) / 61 * 32 + s.house + 1 AS household, s.member, s.size, n - s.member + 1 AS head,
           8400 + floor((made.uniform(n - s.member + 1, 'age') + made.uniform(n - s.member + 1, 'age 2')) * 10000)::int AS head_days
      FROM generate_series(1::bigint, :people) AS n
      JOIN made.seat s ON s.seat = (n - 1) % 61
    OFFSET 0
), related AS (
    SELECT *,
           CASE WHEN member = 1 THEN 'head' WHEN member = 2 THEN 'partner' WHEN head_days > 42 * 365 THEN 'child' ELSE 'flatmate' END AS relation
      FROM seated
    OFFSET 0
), keyed AS (
    -- family_key: whose draw gives the family name; name_key: the given name (a junior has the head's)
    SELECT *,
           CASE WHEN relation = 'child' OR (relation = 'partner' AND made.hit(n, 'same name', :partner_same_name)) THEN head ELSE n END AS family_key,
           CASE WHEN relation = 'child' AND member = 3 AND made.hit(n, 'junior', :junior) THEN head ELSE n END AS name_key,
           CASE WHEN relation = 'flatmate' THEN n ELSE head END AS mover,
           date :'today' - CASE relation
               WHEN 'head' THEN head_days
               WHEN 'child' THEN head_days - 8800
                    - made.pick(CASE WHEN member = 4 AND made.hit(head, 'twins', :twins) THEN n - 1 ELSE n END, 'birth', least(head_days - 8800 - 5850, 4500))
               ELSE greatest(6600, head_days - 2200 + floor((made.uniform(n, 'birth') + made.uniform(n, 'birth 2')) * 2200)::int)
           END AS birth_date
      FROM related
    OFFSET 0
), drawn AS (
    SELECT k.*, o.script, fl.base + made.pick_skewed(k.family_key, 'family name', fl.size) AS family_word,
           made.hit(k.name_key, 'female', 51) AS is_female,
           CASE WHEN o.script = 'latin' AND made.hit(k.name_key, 'rare name', :rare_given_name)
                THEN CASE WHEN made.hit(k.name_key, 'female', 51) THEN 'f_tail' ELSE 'm_tail' END
                WHEN made.hit(k.name_key, 'female', 51)
                THEN CASE WHEN CASE WHEN k.name_key = k.n THEN k.birth_date ELSE date :'today' - k.head_days END < '1968-01-01' THEN o.f_old ELSE o.f_new END
                ELSE CASE WHEN CASE WHEN k.name_key = k.n THEN k.birth_date ELSE date :'today' - k.head_days END < '1968-01-01' THEN o.m_old ELSE o.m_new END
           END AS given_list,
           made.scramble(k.household, 982451653, :lines) AS landline,
           made.scramble(k.n, 982451653, :lines) AS mobile,
           made.scramble(k.n + :people, 982451653, :lines) AS old_mobile,
           made.pick(k.mover, 'old area', :areas) AS old_area,
           sl.base + made.pick_skewed(k.household, 'street', sl.size) AS street_word,
           sl.base + made.pick_skewed(k.mover, 'old street', sl.size) AS old_street_word,
           ml.base + made.pick_skewed(k.n, 'maiden name', ml.size) AS maiden_word
      FROM keyed k
      JOIN made.origin o ON o.slot = made.pick(k.family_key, 'origin', 1000)
      JOIN made.list fl ON fl.list = o.family_list
      CROSS JOIN (SELECT * FROM made.list WHERE list = 'street') sl
      CROSS JOIN (SELECT * FROM made.list WHERE list = 'family_tail') ml
    OFFSET 0
)
SELECT d.n AS entity, d.household, d.member, d.relation, CASE WHEN d.is_female THEN 'f' ELSE 'm' END AS sex, d.script,
       g.native AS given, g.latin AS given_latin,
       CASE WHEN made.hit(d.n, 'nickname', :goes_by_nickname) THEN k.nicks[1 + made.pick(d.n, 'which nickname', array_length(k.nicks, 1))] END AS nickname,
       f.native AS family, f.latin AS family_latin,
       CASE WHEN d.is_female AND d.relation IN ('head', 'partner') AND made.hit(d.n, 'married', :married_name * 1.4) THEN m.latin END AS maiden,
       date :'today' - made.pick(d.n, 'married when', 2500) AS married_on,
       d.birth_date,
       made.number(am.code, (d.mobile % 3200000 * 2)::int) AS mobile,
       CASE WHEN made.hit(d.n, 'new mobile', :new_mobile) THEN made.number(ao.code, (d.old_mobile % 3200000 * 2)::int) END AS old_mobile,
       date :'today' - made.pick(d.n, 'new mobile when', 2500) AS mobile_since,
       made.number(a.code, (d.landline % 3200000 * 2 + 1)::int) AS landline,
       CASE WHEN made.hit(d.n, 'employed', :employed) THEN 1 + made.pick_skewed(d.n, 'employer', :people / 12 + 1) END AS employer,
       CASE WHEN made.hit(d.n, 'gmail', :gmail) THEN 'zq' || substr(md5(d.n || ' gmail ' || :seed), 1, 11) || '@gmail.com'
            ELSE made.email_stem(g.latin, f.latin, made.pick(d.n, 'e-mail style', 6)) || made.scramble(d.n, 982451653, :people + 1)
                 || (ARRAY['@example.com', '@example.net', '@example.org', '@mail.example', '@post.example', '@inbox.example', '@webmail.example'])
                    [1 + made.pick_skewed(d.n, 'e-mail domain', 7)] END AS email,
       CASE WHEN made.hit(d.n, 'second e-mail', :second_email)
            THEN made.email_stem(g.latin, f.latin, made.pick(d.n, 'second e-mail style', 6)) || made.scramble(d.n, 961748941, :people + 1)
                 || (ARRAY['@work.example', '@office.example', '@campus.example', '@old-mail.example'])[1 + made.pick(d.n, 'second e-mail domain', 4)] END AS second_email,
       CASE WHEN d.size > 1 AND d.relation <> 'flatmate' AND made.hit(d.household, 'family e-mail', :family_email) THEN 'family' || d.household || '@home.example' END AS family_email,
       made.street(d.household, s.latin) AS street, a.city, a.state, a.zip3 || lpad(made.pick(d.household, 'zip', 100)::text, 2, '0') AS zip,
       CASE WHEN made.hit(d.mover, 'moved', :moved) THEN date :'today' - made.pick(d.mover, 'moved when', 3000) END AS moved_on,
       made.street(-d.mover, os.latin) AS old_street, b.city AS old_city, b.state AS old_state,
       b.zip3 || lpad(made.pick(-d.mover, 'zip', 100)::text, 2, '0') AS old_zip,
       date :'today' - made.pick(d.n, 'customer since', 3600) AS since,
       made.hit(d.n, 'crm', :in_crm)::int * (1 + made.hit(d.n, 'crm twice', :twice_in_crm)::int) AS in_crm,
       (made.hit(d.n, 'shop', :in_shop) OR NOT (made.hit(d.n, 'crm', :in_crm) OR made.hit(d.n, 'news', :in_news)))::int
       * (1 + made.hit(d.n, 'shop twice', :twice_in_shop)::int) AS in_shop,
       made.hit(d.n, 'news', :in_news)::int * (1 + made.hit(d.n, 'news twice', :twice_in_news)::int) AS in_news,
       made.hit(d.n, 'support', :in_support)::int * (1 + made.pick_skewed(d.n, 'tickets', 3)) AS in_support,
       made.hit(d.n, 'survey', :in_survey)::int * (1 + made.pick_skewed(d.n, 'answers', 2)) AS in_survey,
       made.hit(d.n, 'web', :in_web)::int * (1 + made.pick_skewed(d.n, 'web events', 9)) AS in_web
  FROM drawn d
  JOIN made.list gl ON gl.list = d.given_list
  JOIN made.word g ON g.id = gl.base + made.pick_skewed(d.name_key, 'given name', gl.size)
  JOIN made.word f ON f.id = d.family_word
  JOIN made.word m ON m.id = d.maiden_word
  JOIN made.word s ON s.id = d.street_word
  JOIN made.word os ON os.id = d.old_street_word
  JOIN made.area a ON a.area = d.landline / 3200000
  JOIN made.area am ON am.area = d.mobile / 3200000
  JOIN made.area ao ON ao.area = d.old_mobile / 3200000
  JOIN made.area b ON b.area = d.old_area
  LEFT JOIN made.nickname k ON k.given = g.latin;
ALTER TABLE truth.person ADD PRIMARY KEY (entity);
ANALYZE truth.person;
COMMENT ON TABLE truth.person IS 'the people as they are, before anything went wrong in writing them down; in_…: how many rows of that table are theirs';


-- n copies of a row, by a join that hashes
CREATE TABLE made.copy AS SELECT copies, copy FROM generate_series(1, 12) AS copies, generate_series(1, copies) AS copy;
ANALYZE made.copy;

CREATE TABLE truth.record AS
SELECT source COLLATE "C" AS source, made.key(split_part(source, '.', 1), entity, copy)::text COLLATE "C" AS source_key, entity
  FROM (SELECT entity, 'crm.contact' AS source, in_crm AS copies FROM truth.person
        UNION ALL SELECT entity, 'shop.customer', in_shop FROM truth.person
        UNION ALL SELECT entity, 'news.subscriber', in_news FROM truth.person
        UNION ALL SELECT entity, 'support.ticket', in_support FROM truth.person
        UNION ALL SELECT entity, 'survey.answer', in_survey FROM truth.person) AS p
  JOIN made.copy c USING (copies);
ALTER TABLE truth.record ADD PRIMARY KEY (source, source_key);
COMMENT ON TABLE truth.record IS 'whose each row is: source is schema.table, source_key its primary key as text';

-- A person as written down at a moment: the name, address and number of that time, in the writing and
-- with the e-mail address used there. made.draft gives one row per record, before slips.
CREATE FUNCTION made.draft(source text, native_percent numeric) RETURNS TABLE
    (entity bigint, copy int, rec bigint, key bigint, seen timestamptz, script text, sex text, given text, family text, birth_date date,
     mobile text, landline text, employer int, email text, in_shop boolean, street text, city text, state text, zip text, swapped boolean, has_address boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT entity, copy, rec, made.key(source, entity, copy), seen, script, sex,
       CASE WHEN nickname IS NOT NULL AND made.hit(rec, source || ' nickname', :nickname_used) THEN nickname WHEN native THEN given ELSE given_latin END,
       CASE WHEN maiden IS NOT NULL AND seen < married_on THEN maiden WHEN native THEN family ELSE family_latin END,
       birth_date,
       CASE WHEN old_mobile IS NOT NULL AND seen < mobile_since THEN old_mobile ELSE mobile END,
       landline, employer,
       CASE WHEN family_email IS NOT NULL AND made.hit(rec, source || ' family e-mail', :uses_family_email) THEN family_email
            WHEN second_email IS NOT NULL AND made.hit(rec, source || ' second e-mail', :uses_second_email) THEN second_email
            ELSE email END,
       in_shop > 0,
       CASE WHEN moved_on IS NOT NULL AND seen < moved_on THEN old_street ELSE street END,
       CASE WHEN moved_on IS NOT NULL AND seen < moved_on THEN old_city ELSE city END,
       CASE WHEN moved_on IS NOT NULL AND seen < moved_on THEN old_state ELSE state END,
       CASE WHEN moved_on IS NOT NULL AND seen < moved_on THEN old_zip ELSE zip END,
       made.hit(rec, source || ' swapped', :names_swapped),
       NOT made.hit(rec, source || ' address', :missing_address)
  FROM (SELECT p.*, c.copy, p.entity * 16 + c.copy AS rec,
               p.since::timestamptz + made.uniform(p.entity * 16 + c.copy, source || ' seen') * (timestamptz :'today' - p.since::timestamptz) AS seen,
               p.script <> 'latin' AND made.hit(p.entity * 16 + c.copy, source || ' native', native_percent) AS native
          FROM truth.person p
          JOIN made.copy c ON c.copies = CASE source WHEN 'crm' THEN p.in_crm WHEN 'shop' THEN p.in_shop WHEN 'news' THEN p.in_news
                                                    WHEN 'support' THEN p.in_support WHEN 'survey' THEN p.in_survey END
        OFFSET 0) AS r;
END;

-- The tables, in the order of their keys, so that people do not lie side by side -------------------------------------------------------------------
CREATE TABLE crm.contact AS
SELECT key AS contact_id,
       made.write_name(CASE WHEN swapped THEN family ELSE given END, rec, 'crm.first') AS first,
       made.write_name(CASE WHEN swapped THEN given ELSE family END, rec, 'crm.last') AS last,
       CASE WHEN employer IS NOT NULL AND made.hit(rec, 'crm role', :role_mailbox * 100.0 / :employed)
            THEN (ARRAY['info', 'sales', 'office', 'accounts'])[1 + made.pick(employer, 'role', 4)] || '@company' || employer || '.example'
            ELSE made.write_email(email, rec, 'crm.email') END AS email_address,
       made.write_phone(CASE WHEN made.hit(rec, 'crm landline', :landline_given) THEN landline ELSE mobile END, rec, 'crm.mobile') AS mobile,
       CASE WHEN employer IS NOT NULL AND made.hit(rec, 'crm office', :switchboard_given)
            THEN made.phone_format((ARRAY['212', '312', '415', '617', '713', '206', '303', '404'])[1 + employer % 8]
                                   || (2 + employer / 8 % 8) || '5' || substr('012346789', 1 + employer / 64 % 9, 1) || lpad((employer / 576 * 7919::bigint % 10000)::text, 4, '0'),
                                   made.pick(rec, 'crm office style', 10)) END AS office,
       made.write_date(birth_date, 'YYYY-MM-DD', rec, 'crm.dob') AS dob,
       CASE WHEN has_address THEN made.write_street(street, rec, 'crm.street') END AS street,
       CASE WHEN has_address THEN city END AS city, CASE WHEN has_address THEN state END AS state, CASE WHEN has_address THEN zip END AS zip,
       'US' AS country, seen AS updated_at
  FROM made.draft('crm', :native_in_crm)
 ORDER BY contact_id;

CREATE TABLE shop.customer AS
SELECT key AS customer_id,
       made.write_name(CASE WHEN swapped THEN family ELSE given END, rec, 'shop.first') AS first_name,
       made.write_name(CASE WHEN swapped THEN given ELSE family END, rec, 'shop.last') AS last_name,
       made.write_email(email, rec, 'shop.email') AS email,
       made.write_phone(CASE WHEN made.hit(rec, 'shop landline', :landline_given) THEN landline ELSE mobile END, rec, 'shop.phone') AS phone,
       made.write_date(birth_date, 'MM/DD/YYYY', rec, 'shop.birth') AS birth_date,
       CASE WHEN has_address THEN made.write_street(street, rec, 'shop.street') END AS address,
       CASE WHEN has_address THEN city END AS city, CASE WHEN has_address THEN state END AS state,
       CASE WHEN has_address THEN zip || CASE WHEN made.hit(rec, 'shop zip', 15) THEN '-' || lpad(made.pick(rec, 'zip 4', 10000)::text, 4, '0') ELSE '' END END AS postcode,
       seen - made.uniform(rec, 'shop created') * interval '400 days' AS created_at, seen AS updated_at
  FROM made.draft('shop', :native_in_shop)
 ORDER BY customer_id;

CREATE TABLE news.subscriber AS
SELECT key AS subscriber_id, written AS email,
       CASE WHEN made.hit(rec, 'news no name', :subscriber_without_name) THEN NULL
            ELSE made.write_name(CASE WHEN swapped OR script = 'han' AND family ~ '[^ -~]' THEN family || ' ' || given ELSE given || ' ' || family END, rec, 'news.name') END AS full_name,
       made.hit(rec, 'news opt-in', :opted_in) AS opted_in,
       seen AS subscribed_at,
       CASE WHEN made.hit(rec, 'news left', :unsubscribed) THEN seen + made.uniform(rec, 'news left when') * (timestamptz :'today' - seen) END AS unsubscribed_at
  FROM (SELECT *, coalesce(made.write_email(d.email, rec, 'news.email'), d.email) AS written FROM made.draft('news', :native_in_news) AS d OFFSET 0) AS d
 ORDER BY subscriber_id;

CREATE TABLE support.ticket AS
SELECT key AS ticket_id,
       made.write_name(CASE WHEN made.hit(rec, 'support last first', :name_last_first) THEN family || ', ' || given ELSE given || ' ' || family END, rec, 'support.name') AS name,
       made.write_email(email, rec, 'support.email') AS email,
       made.write_phone(CASE WHEN made.hit(rec, 'support landline', :landline_given) THEN landline ELSE mobile END, rec, 'support.phone') AS phone,
       (ARRAY['Where is my order?', 'Refund', 'Wrong size', 'Cannot log in', 'Damaged on arrival', 'Change of address', 'Invoice', 'Thank you'])[1 + topic] AS subject,
       (ARRAY['The parcel was due last week and the tracking page has not moved.', 'I sent it back and am still waiting for my money.',
              'It is two sizes too small, I would like to exchange it.', 'The password mail never arrives, please help.',
              'The box was torn and the lid is cracked. This is the second time!', 'We have moved, please use the new address from now on.',
              'I need an invoice in the name of my company.', 'Great service, it came the next day.'])[1 + topic] AS body,
       (ARRAY['web', 'mail', 'phone', 'chat'])[1 + made.pick_skewed(rec, 'support channel', 4)] AS channel,
       seen AS opened_at,
       CASE WHEN made.hit(rec, 'support closed', 92) THEN seen + made.uniform(rec, 'support days') * interval '9 days' END AS closed_at
  FROM (SELECT *, made.pick(rec, 'support topic', 8) AS topic FROM made.draft('support', :native_in_support) OFFSET 0) AS d
 ORDER BY ticket_id;

-- An answer comes from a signed-in customer (of whom shop says who) or by e-mail, and so with an address.
CREATE TABLE survey.answer AS
SELECT d.key AS answer_id,
       CASE WHEN d.in_shop AND made.hit(d.rec, 'survey signed in', :answer_signed_in) THEN made.key('shop', d.entity, 1) END AS customer_id,
       CASE WHEN d.in_shop AND made.hit(d.rec, 'survey signed in', :answer_signed_in) THEN NULL ELSE coalesce(made.write_email(d.email, d.rec, 'survey.email'), d.email) END AS email,
       d.seen AS asked_at,
       CASE WHEN made.hit(d.rec, 'survey unanswered', 4) THEN NULL
            WHEN made.hit(d.rec, 'survey happy', 50) THEN 9 + made.pick(d.rec, 'survey high', 2)
            WHEN made.hit(d.rec, 'survey passive', 55) THEN 7 + made.pick(d.rec, 'survey middle', 2)
            ELSE made.pick(d.rec, 'survey low', 7) END AS nps,
       CASE WHEN made.hit(d.rec, 'survey comment', 35)
            THEN (ARRAY['Love it', 'Fine, but shipping is slow', 'Too expensive', 'The app keeps crashing', 'Helpful staff', 'Would buy again',
                        'Not what I expected', 'ok'])[1 + made.pick(d.rec, 'survey words', 8)] END AS comment
  FROM made.draft('survey', 0) AS d
 ORDER BY answer_id;

-- Orders belong to a customer row; how many is skewed (most have few, a few have many).
CREATE TABLE shop.orders AS
SELECT 'A' || lpad((made.scramble(nr, 982451653, :people * 32 + 64) + 1)::text, 9, '0') COLLATE "C" AS order_no, customer_id,
       created_at + made.uniform(nr, 'order when') * (timestamptz :'today' - created_at) AS ordered_at,
       round((5 + 120 * made.uniform(nr, 'order total') * made.uniform(nr, 'order total 2') / (1.02 - made.uniform(nr, 'order total 3')))::numeric, 2) AS total,
       CASE WHEN made.hit(nr, 'order refunded', :order_refunded) THEN 'refunded' WHEN made.hit(nr, 'order cancelled', :order_cancelled) THEN 'cancelled' ELSE 'completed' END AS status
  FROM (SELECT s.customer_id, s.created_at, (s.customer_id - 1001) * 8 + c.copy AS nr
          FROM shop.customer s JOIN made.copy c ON c.copies = floor(made.uniform(s.customer_id, 'orders') * made.uniform(s.customer_id, 'orders') * made.uniform(s.customer_id, 'orders') * 9)::int
        OFFSET 0) AS o
 ORDER BY order_no;

-- A visitor is a device; most events are anonymous, a sign-in ties the device to the customer, a newsletter click to the address.
CREATE TABLE web.event AS
SELECT e.nr AS event_id,
       substr(md5(e.entity || ' device ' || made.pick(e.nr, 'which device', 2) || ' ' || :seed), 1, 16) AS anonymous_id,
       CASE WHEN e.in_shop > 0 AND made.hit(e.nr, 'signed in', :event_signed_in) THEN made.key('shop', e.entity, 1) END AS customer_id,
       CASE WHEN made.hit(e.nr, 'clicked', :event_with_email) THEN e.email END AS email,
       (ARRAY['Page Viewed', 'Product Viewed', 'Product Added', 'Checkout Started', 'Signed In', 'Email Clicked'])[1 + made.pick_skewed(e.nr, 'event', 6)] AS name,
       timestamptz :'today' - made.uniform(e.nr, 'event when') * made.uniform(e.nr, 'event when 2') * interval '720 days' AS at,
       jsonb_build_object('path', (ARRAY['/', '/sale', '/shoes', '/coats', '/help', '/account'])[1 + made.pick_skewed(e.nr, 'path', 6)],
                          'device', (ARRAY['mobile', 'desktop', 'tablet'])[1 + made.pick_skewed(e.nr, 'device', 3)]) AS properties
  FROM (SELECT p.entity, p.in_shop, p.email, p.entity * 16 + c.copy AS nr
          FROM truth.person p JOIN made.copy c ON c.copies = p.in_web
        OFFSET 0) AS e
 ORDER BY at, event_id;

-- Keys and statistics ------------------------------------------------------------
ALTER TABLE crm.contact     ADD PRIMARY KEY (contact_id);
ALTER TABLE shop.customer   ADD PRIMARY KEY (customer_id);
ALTER TABLE shop.orders     ADD PRIMARY KEY (order_no);
ALTER TABLE news.subscriber ADD PRIMARY KEY (subscriber_id);
ALTER TABLE support.ticket  ADD PRIMARY KEY (ticket_id);
ALTER TABLE survey.answer   ADD PRIMARY KEY (answer_id);
ALTER TABLE web.event       ADD PRIMARY KEY (event_id);
CREATE INDEX ON shop.orders (customer_id);
DROP SCHEMA made CASCADE;
COMMIT;
ANALYZE crm.contact, shop.customer, shop.orders, news.subscriber, support.ticket, survey.answer, web.event, truth.record;
RESET work_mem;
RESET maintenance_work_mem;
RESET jit;
RESET client_min_messages;
