-- comparisons: a pair of every level that a person would agree with, symmetry, missing and odd values
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA compare_t;
SET search_path = compare_t, public;
\set SHOW_CONTEXT never
\set VERBOSITY terse

-- every pair is at the level that is written beside it, from both sides: no row
CREATE TABLE pair (measure text, level text, a text, b text);
COPY pair FROM stdin WITH (FORMAT csv);
name,exact,Anne-Marie,anne marie
name,exact,Zoë,ZOE
generation,exact,2,2
generation,else,1,2
name,nickname,Margaret,Peggie
name,close,Sarah,Sahra
name,close,Faisal,فيصل
name,else,Faisal,محمد
name,nickname,Robert,Bob
name,nickname,Will,Liam
name,nickname,Katarzyna,Kasia
name,nickname,Robert Smith,Smith Bob
name,close,Catherine,Cathrine
name,close,Marcia,Marica
name,close,Jean Paul,Paul Jean
name,close,Maria Santos,Maria Elena Santos
name,close,Alfredson,Alfred
name,part,Steven Paul,Paul
name,part,John Smith,John Baker
name,part,Mary Ann,Polly
name,initial,J Smith,John Smith
name,close,Jo Ellen,Joellen
name,close,Xylander,Zailinder
name,initial,M,Marcus
name,initial,J P,Jerome
name,else,Linda,Robert
name,else,John Smith,Linda Baker
name,else,Dan,Jan
name,else,Li,Lu
birth_date,exact,1970-05-12,1970-05-12
birth_date,one_edit,1970-05-12,1971-05-12
birth_date,one_edit,1970-05-12,1970-05-21
birth_date,one_edit,1970-05-12,1907-05-12
birth_date,day_month_swapped,1970-05-12,1970-12-05
birth_date,two_edits,1970-05-12,1971-05-13
birth_date,two_edits,1970-01-23,1970-12-30
birth_date,same_year_placeholder,1970-01-01,1970-05-12
birth_date,same_year_placeholder,1970-12-31,1970-01-01
birth_date,within_month,1970-05-28,1970-06-13
birth_date,within_month,1999-12-28,2000-01-13
birth_date,within_year,1970-05-18,1971-04-29
birth_date,within_ten_years,1970-05-18,1979-04-29
birth_date,else,1970-05-18,1981-04-29
birth_date,else,1970-05-18,sometime
date,exact,2021-02-03,2021-02-03
date,one_edit,2021-02-03,2021-02-04
date,day_month_swapped,2021-02-10,2021-10-02
date,two_edits,2021-02-03,2022-03-03
date,same_year_placeholder,2021-12-25,2021-01-01
date,within_month,2021-02-25,2021-03-12
date,within_year,2021-02-25,2022-01-11
date,within_ten_years,2021-02-25,2012-11-16
date,else,2021-02-25,1999-11-16
email,exact,Ann.Lee+shop@gmail.com,annlee@googlemail.com
email,local_close,marta.nowak@mail.example,marta.nowk@mail.example
email,local_close,marta.nowak@mail.example,matra.nwak@mail.example
email,same_local,marta.nowak@mail.example,marta.nowak@post.example
email,close,martanowak@mail.example,marta.nowak@post.example
email,close,m.nowak@mail.example,m.novak@mial.example
email,same_letters,7marta.nowak@mail.example,nowak.marta3@post.example
email,same_letters,marta.nowak.1987@mail.example,42martanowak@post.example
email,else,marta.nowak@mail.example,peter.smit@mail.example
email,else,anna@mail.example,aldo@mail.example
phone,exact,+12125550123,+12125550123
phone,one_digit,+12125550123,+12125550133
phone,one_digit,+12125550123,+12125551023
phone,one_digit,+12125550123,+1212555012
phone,one_digit,+12125550123,+12125550123;ext=7
phone,last_seven,+12125550123,+13105550123
phone,else,+12125550123,+12125559999
phone,else,+123456,+993456
postal_code,exact,12345,12345
postal_code,same_code,12345,12345-6789
postal_code,same_code,12345-6788,12345-6789
postal_code,one_edit,12345,12435
postal_code,one_edit,SW1A 1AA,SW1A 1AB
postal_code,same_area,12345,12399
postal_code,same_area,SW1A 1AA,SW1A 2BB
postal_code,same_area,K1A 0B1,K1A 9Z9
postal_code,else,12345,98765
postal_code,else,SW1A 1AA,EC1A 1BB
street,exact,12 High Street,12 high st
street,close,12 High Street,"12 High Rd, Apt 4"
street,close,12 Highbury Street,12 Highbery Street
street,close,"Flat 4, 12 Highbury Street",12 Highbury Street
street,close,239 West Broadway,239 West Broadway between Walker and White Street
street,close,Rose Cottage,Rose Cotage
street,close,12a High Street,12 High Street
street,close,12Highbury Street,12 Highbury St
street,close,5 Park Avenue,5 Park Avenue South
street,same_number_part,12 High Street Apt 4,12 High Street Apt 5
street,same_number_part,18 Newman Morris Circuit,18 Newman Wood Circuit
street,number_edit,165 Oak Street,156 Oak Street
street,number_edit,165 Oak Street,16 Oak Street
street,same_street,165 Oak Street,9 Oak Street
street,same_street,165 Oak Street,Oak Street
street,part,165 Green Oak Street,9 Red Oak Street
street,else,12 High Street,12 Oak Street
street,else,12 High Street,PO Box 12
street,else,5112 145th Street,5112 146th Street
city,exact,São Paulo,Sao Paulo
city,close,North Wiltshire,Wiltshire
city,close,St. Louis,Saint Louis
city,close,Mount Vernon,Mt Vernon
city,close,Philadelphia,Philadelpia
city,close,Leeds,Leds
city,similar,London,Lnnod
city,similar,Boston,Houston
city,else,Boston,Chicago
city,else,Berlin,Hamburg
code,exact,NY,NY
code,else,NY,NJ
id,exact,AB123456,AB123456
id,one_edit,AB123456,AB123465
id,one_edit,AB123456,AB12345
id,close,AB123456,AB128956
id,close,AB123456,123456
id,else,AB123456,ZZ999999
id,else,123,124
text,exact,Acme Trading,ACME trading
text,close,Acme Trading Ltd,Acme Trading
text,close,Trading Acme Inc,The Acme Trading Co.
text,close,Acme Tradign,Acme Trading
text,close,Carpentry,Carpenter
text,close,Wine Bar,Winebar
text,contained,Acme,Acme Trading of Ohio
text,contained,Chardonnay Los Angeles,Le Chardonnay
text,part,Software Engineer,Software Developer
text,part,Universal Exports India,Universal Exports Usa
text,else,Bakery Miller,Garage Young
text,else,The Company,Garage Young
number,exact,12.50,12.5
number,exact,-3,-3.0
number,next,1907,1908
number,next,45,44
number,one_digit,1907,1967
number,one_digit,45,54
number,else,1,3
number,else,4.5,3.5
number,near,1995,2004
number,close,1000,1092
number,else,1000,1234
number,else,5,-5
number,else,NaN,5
\.
SELECT p.measure, p.level, p.a, p.b, cdp.compare(p.measure, p.a, p.b) AS found, cdp.compare(p.measure, p.b, p.a) AS other_way
  FROM pair p
 WHERE cdp.compare(p.measure, p.a, p.b) IS DISTINCT FROM p.level OR cdp.compare(p.measure, p.b, p.a) IS DISTINCT FROM p.level
 ORDER BY p.measure COLLATE "C", p.level COLLATE "C", p.a COLLATE "C";
CREATE TABLE names (level text, given_a text, family_a text, given_b text, family_b text);
COPY names FROM stdin WITH (FORMAT csv);
exact,Kate,O'Hara,KATE,Ohara
close_exact,Jean Paul,Baker,Jean,Baker
close_exact,Steven Paul,Baker,Paul,Baker
nickname_exact,Mary Ann,Baker,Polly,Baker
swapped,Martin,Lewis,Lewis,Martin
swapped,Martin,Lewis,Lewiss,Martin
nickname_exact,Kate,O'Hara,Catherine,O'Hara
close_exact,Jonathon,Baker,Jonathen,Baker
initial_exact,J,Baker,Jonathan,Baker
exact_close,Maria,García López,Maria,Lopez
exact_close,Maria,van der Berg,Maria,Berg
exact_close,Paul,Meyer,Paul,Mayer
exact_close,Paul,Meyer,Paul,M.
both_close,Bob,Fischer,Robert,Fisher
both_close,J,Fischer,John,Fisher
exact_else,Maria,Baker,Maria,Winter
close_else,Bob,Baker,Robert,Winter
close_else,J,Baker,John,Winter
similar_exact,Mia,Cook,Hia,Cook
similar_exact,Mohamed,Antoun,Mhd,Antoun
else_exact,Mi,Cook,Hi,Cook
else_exact,Linda,Baker,Robert,Baker
else_close,Linda,Fischer,Robert,Fisher
else,Linda,Baker,Robert,Winter
else,Linda,de la Cruz,Robert,de la Vega
family_exact,,Baker,Linda,Baker
family_close,,Fischer,Linda,Fisher
family_misplaced,,Linda,Linda,Baker
family_else,,Baker,Linda,Winter
given_exact,Linda,,Linda,Baker
given_close,Bob,,Robert,Baker
given_close,L,,Linda,Baker
misplaced,Baker,,Linda,Baker
given_else,Robert,,Linda,Baker
,Linda,,,Baker
,,,,
mail_exact,Tyler,Dordon,,@tyler.dordon90
mail_exact,Tyler,Dordon,,@dordontyler
mail_exact,Li,Wu,,@wu.li
mail_initial_exact,Tyler,Dordon,,@tdordon90
mail_initial_exact,Tyler,Dordon,,@dordon_t
mail_initial_exact,Tyler,Dordon,,@tjdordon
mail_initial_exact,Tyler,van der Dordon,,@t.dordon
mail_initial_exact,Tyler,van der Dordon,,@tvanderdordon
mail_near_exact,William,Dordon,,@bill.dordon
mail_near_exact,Tyler,Dordon,,@tyl_dordon
mail_near_exact,Tyler,Dordon,,@tylerr-dordon
mail_exact_near,Tyler,Dordon,,@tyler.d85
mail_exact_near,Tyler,Dordon,,@dordtyler
mail_near,Tyler,Dordon,,@tdordan
mail_near,Tyler,Dordon,,@tylerdorton
mail_near,Maria,García López,,@mlopez
mail_none_exact,Tyler,Dordon,,@dordon1985
mail_exact_none,Tyler,Dordon,,@tyler.85
mail_else_exact,Tyler,Dordon,,@jane.dordon
mail_exact_else,Tyler,Dordon,,@tylersmith
mail_else,Tyler,Dordon,,@skater
mail_else,Tyler,Dordon,,@jdoe
,Tyler,Dordon,,@zq43c4b53a7
,Tyler,Dordon,,@td85
,Tyler,Dordon,,@
,Tyler,,,@tyler
,,Dordon,,@dordon
,,@tdordon,,@tdordon
\.
SELECT n.*, cdp.compare_names(given_a, family_a, given_b, family_b) AS found, cdp.compare_names(given_b, family_b, given_a, family_a) AS other_way
  FROM names n
 WHERE cdp.compare_names(given_a, family_a, given_b, family_b) IS DISTINCT FROM level OR cdp.compare_names(given_b, family_b, given_a, family_a) IS DISTINCT FROM level
 ORDER BY n.level COLLATE "C", n.given_a COLLATE "C";
-- and no level is without one
SELECT l.measure, l.name FROM cdp.comparison_levels() l
 WHERE NOT EXISTS (SELECT FROM pair p WHERE p.measure = l.measure AND p.level = l.name)
   AND NOT EXISTS (SELECT FROM names n WHERE l.measure = 'person_name' AND n.level = l.name);

-- the catalogue of levels
SELECT measure, level, name, description, m_default, u_default FROM cdp.comparison_levels();
SELECT measure, round(sum(m_default)::numeric, 9) AS m, round(sum(u_default)::numeric, 9) AS u, bool_and(m_default > 0 AND u_default > 0) AS positive, count(DISTINCT name) = count(*) AS names_differ, min(level) = 1 AND max(level) = count(*) AS numbered
  FROM cdp.comparison_levels()
 WHERE measure <> 'person_name' GROUP BY measure ORDER BY measure COLLATE "C";
SELECT part, round(sum(m_default)::numeric, 9) AS m, round(sum(u_default)::numeric, 9) AS u, bool_and(m_default > 0 AND u_default > 0) AS positive
  FROM (SELECT *, CASE WHEN level <= 13 THEN 'both' WHEN level <= 17 THEN 'family only' WHEN level <= 21 THEN 'given only' ELSE 'mailbox' END AS part FROM cdp.comparison_levels('person_name')) l GROUP BY part ORDER BY part COLLATE "C";
SELECT count(*) FROM cdp.comparison_levels('email');

-- nicknames
SELECT a, b, cdp.are_nicknames(a, b) AS ab, cdp.are_nicknames(b, a) AS ba
  FROM (VALUES ('Bill', 'William'), ('Will', 'Billy'), ('Alex', 'Alexander'), ('Alex', 'Alexandra'), ('Alexander', 'Alexandra'), ('Peggy', 'Margaret'), ('Jack', 'John'), ('José', 'Pepe'), ('Sasha', 'Aleksandr'),
               ('Beppe', 'Giuseppe'), ('Hans', 'Johannes'), ('Gosia', 'Małgorzata'), ('Maarten', 'Martinus'), ('Robert', 'William'), ('John', 'John'), ('', 'John'), ('Xqzt', 'Wvbn')) t (a, b);
SELECT cdp.are_nicknames(NULL, 'John') AS missing;

-- missing values
SELECT cdp.compare('name', NULL, 'x') AS null_a, cdp.compare('name', 'x', NULL) AS null_b, cdp.compare('name', '', 'x') AS empty, cdp.compare('name', '---', 'x') AS no_key, cdp.compare('code', '', '') AS both_empty, cdp.compare('email', 'x', 'x') AS no_address,
       cdp.compare_names(NULL, '', 'x', 'y') AS no_names;
-- what is no measure, and what has a function of its own
SELECT cdp.compare('surname', 'a', 'b');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.compare('', 'a', 'b');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.compare('person_name', 'a', 'b');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.comparison_levels('surname');
\echo :LAST_ERROR_SQLSTATE

-- Symmetry, determinism, identity over random values: digits, letters, separators and wide characters, related by an edit or not.
CREATE TABLE random_value AS
SELECT m.measure, n, (SELECT string_agg(substr(CASE WHEN m.measure IN ('phone', 'number') THEN '0123456789' WHEN m.measure LIKE '%date' THEN '0129' ELSE 'aabcdeinrst 1290-@.жß' END,
                                               1 + (abs(hashint8(n * 1000 + i)::bigint) % CASE WHEN m.measure IN ('phone', 'number') THEN 10 WHEN m.measure LIKE '%date' THEN 4 ELSE 21 END)::int, 1), '' ORDER BY i)
                      FROM generate_series(1, 1 + abs(hashint8(n)::bigint) % CASE WHEN m.measure LIKE '%date' THEN 8 ELSE 14 END) i) AS v
  FROM (SELECT DISTINCT measure FROM cdp.comparison_levels() WHERE measure <> 'person_name') m, generate_series(1, 60) n;
UPDATE random_value SET v = to_char(date '1970-01-01' + (abs(hashint8(n)::bigint) % 9000)::int, 'YYYY-MM-DD') WHERE measure LIKE '%date';
INSERT INTO random_value SELECT measure, n + 1000, overlay(v PLACING 'x' FROM 1 + (n % length(v))::int FOR 1) FROM random_value;
INSERT INTO random_value SELECT measure, n + 2000, v || ' 12 ann' FROM random_value WHERE n <= 20;
SELECT x.measure, x.v, y.v FROM random_value x JOIN random_value y ON y.measure = x.measure
 WHERE cdp.compare(x.measure, x.v, y.v) IS DISTINCT FROM cdp.compare(x.measure, y.v, x.v);
SELECT measure, v FROM random_value WHERE cdp.compare(measure, v, v) <> 'exact';
SELECT x.v, y.v, z.v, w.v
  FROM random_value x JOIN random_value y ON y.measure = 'name' AND y.n = x.n + 1000 JOIN random_value z ON z.measure = 'name' JOIN random_value w ON w.measure = 'name' AND w.n = z.n + 1000
 WHERE x.measure = 'name' AND x.n <= 60 AND z.n <= 60 AND cdp.compare_names(x.v, y.v, z.v, w.v) IS DISTINCT FROM cdp.compare_names(z.v, w.v, x.v, y.v);

-- long and strange values
SELECT l.measure, cdp.compare(l.measure, repeat('ab 12 ', 16000) || 'x', repeat('ab 12 ', 16000) || 'y') IS NOT NULL AS compared, cdp.compare(l.measure, repeat('x', 100000), repeat('x', 100000)) AS itself
  FROM (SELECT DISTINCT measure COLLATE "C" AS measure FROM cdp.comparison_levels() WHERE measure NOT IN ('person_name', 'email')) l ORDER BY 1;
SELECT cdp.compare('email', repeat('a', 60) || '@mail.example', repeat('b', 60) || '@mail.example') AS email;
SELECT cdp.compare('id', E'\u0301\u0301\u0301', E'\u0301\u0301') AS marks, cdp.compare('code', '😀', '😀') AS wide, cdp.compare('birth_date', '0000-00-00', '9999-99-99') AS no_date, cdp.compare('number', '-', '.') AS no_number, cdp.compare('number', '12a', '34b') AS nor_these,
       cdp.compare('number', repeat('9', 400), repeat('9', 401)) AS too_great, cdp.compare('street', repeat('9', 40) || ' oak st', '1 oak st') AS long_number;

RESET search_path;
DROP SCHEMA compare_t CASCADE;
