-- What the generated business promises, as figures within bounds: psql -f check.sql
-- after business.sql. Prints one row per figure; an error when one is out of bounds.
-- The bounds are those of the rates at the top of business.sql, wide enough for the
-- chance of 1,000 people.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE TEMP TABLE figure (what text, value numeric, low numeric, high numeric);

-- The truth is complete and points nowhere else.
INSERT INTO figure
SELECT 'rows of ' || source || ' without truth', count(*), 0, 0
  FROM (SELECT 'crm.contact' AS source, contact_id::text AS source_key FROM crm.contact
        UNION ALL SELECT 'shop.customer', customer_id::text FROM shop.customer
        UNION ALL SELECT 'news.subscriber', subscriber_id::text FROM news.subscriber
        UNION ALL SELECT 'support.ticket', ticket_id::text FROM support.ticket
        UNION ALL SELECT 'survey.answer', answer_id::text FROM survey.answer) AS r
  LEFT JOIN truth.record t USING (source, source_key)
 WHERE t.entity IS NULL
 GROUP BY source;
INSERT INTO figure
SELECT 'truths without a row', (SELECT count(*) FROM truth.record)
       - (SELECT count(*) FROM crm.contact) - (SELECT count(*) FROM shop.customer) - (SELECT count(*) FROM news.subscriber)
       - (SELECT count(*) FROM support.ticket) - (SELECT count(*) FROM survey.answer), 0, 0;
INSERT INTO figure
SELECT 'people without a record', count(*), 0, 0 FROM truth.person p WHERE NOT EXISTS (SELECT FROM truth.record r WHERE r.entity = p.entity);
INSERT INTO figure
SELECT unnest(ARRAY['records per person', '% of people with two to six records', 'most records of one person']),
       unnest(ARRAY[avg(n), 100.0 * avg((n BETWEEN 2 AND 6)::int), max(n)]), unnest(ARRAY[2.8, 78, 6]), unnest(ARRAY[3.4, 92, 11])
  FROM (SELECT count(*) AS n FROM truth.record GROUP BY entity) AS p;
INSERT INTO figure
SELECT '% of people in ' || source || ' only', 100.0 * count(*) / (SELECT count(*) FROM truth.person), 0.2, 14
  FROM (SELECT entity, min(source) AS source FROM truth.record GROUP BY entity HAVING min(source) = max(source)) AS p
 WHERE source IN ('crm.contact', 'shop.customer') GROUP BY source;
INSERT INTO figure
SELECT 'people twice or more in ' || source || ', %', 100.0 * avg((n > 1)::int), CASE WHEN source ~ 'support|survey' THEN 15 ELSE 2 END, CASE WHEN source ~ 'support|survey' THEN 70 ELSE 12 END
  FROM (SELECT source, entity, count(*) AS n FROM truth.record GROUP BY source, entity) AS p GROUP BY source;

-- True numbers and addresses are one person's own, true landlines one household's.
INSERT INTO figure SELECT 'people who share a true mobile', count(*) - count(DISTINCT mobile), 0, 0 FROM truth.person;
INSERT INTO figure SELECT 'people who share a true e-mail address', count(*) - count(DISTINCT email), 0, 0 FROM truth.person;
INSERT INTO figure SELECT 'households who share a true landline', count(DISTINCT household) - count(DISTINCT landline), 0, 0 FROM truth.person;
INSERT INTO figure SELECT 'true mobiles that are somebody''s landline', count(*), 0, 0
  FROM (SELECT mobile AS number FROM truth.person UNION ALL SELECT old_mobile FROM truth.person) AS m JOIN truth.person l ON l.landline = m.number;
INSERT INTO figure SELECT 'true numbers not of the form NXXNXXXXXX', count(*), 0, 0 FROM truth.person, unnest(ARRAY[mobile, old_mobile, landline]) AS n
 WHERE n !~ '^[2-9]\d\d[2-9][0-9]\d{5}$' OR substr(n, 4, 3) ~ '.11|555';
INSERT INTO figure SELECT 'people younger than 16', count(*), 0, 0 FROM truth.person WHERE birth_date > (SELECT max(since) FROM truth.person) - 16 * 365;
INSERT INTO figure SELECT '% of people in a household of two or more', 100.0 * avg((n > 1)::int), 70, 80
  FROM (SELECT count(*) OVER (PARTITION BY household) AS n FROM truth.person) AS p;
INSERT INTO figure SELECT 'households with two of the same name and other birth dates (junior)', count(*), 1, count(*) + 1
  FROM truth.person p JOIN truth.person o ON o.household = p.household AND o.entity > p.entity AND o.given = p.given AND o.family = p.family AND o.birth_date <> p.birth_date;
INSERT INTO figure SELECT 'households with children of one birth date (twins)', count(*), 1, count(*) + 1
  FROM truth.person p JOIN truth.person o ON o.household = p.household AND o.entity > p.entity AND o.birth_date = p.birth_date;
INSERT INTO figure SELECT '% in ' || script, 100.0 * count(*) / sum(count(*)) OVER (), CASE script WHEN 'latin' THEN 60 WHEN 'greek' THEN 0.2 ELSE 1 END,
       CASE script WHEN 'latin' THEN 78 WHEN 'accented' THEN 28 ELSE 8 END FROM truth.person GROUP BY script;
-- Persons of one name and birth date are as rare as in life: in 10,000 people hardly one pair.
INSERT INTO figure SELECT 'pairs of one name and birth date per million pairs of people', coalesce(sum(n * (n - 1) / 2), 0) * 1e6 / (SELECT count(*) * (count(*) - 1) / 2 FROM truth.person), 0, 5
  FROM (SELECT count(*) AS n FROM truth.person GROUP BY given, family, birth_date HAVING count(*) > 1) AS p;

-- What was written down.
CREATE TEMP TABLE written AS
SELECT t.source, p.*, w.w_given, w.w_family, w.w_email, w.w_phone, w.w_birth
  FROM (SELECT 'crm.contact' AS source, contact_id::text AS source_key, first AS w_given, last AS w_family, email_address AS w_email, mobile AS w_phone, dob AS w_birth FROM crm.contact
        UNION ALL SELECT 'shop.customer', customer_id::text, first_name, last_name, email, phone, birth_date FROM shop.customer) AS w
  JOIN truth.record t USING (source, source_key) JOIN truth.person p USING (entity);
INSERT INTO figure
SELECT unnest(ARRAY['% e-mail missing', '% phone missing', '% birth date missing', '% e-mail a placeholder', '% names swapped', '% given name a nickname', '% maiden name',
                    '% native script, of those who have one', '% birth date as it is, of those given', '% phone a number of the person''s, of those given',
                    '% e-mail an address of the person''s but for tag, dots and case, of those given', '% family name as it is, but for case and space']) || ' in ' || source,
       unnest(ARRAY[
           100.0 * avg((w_email IS NULL)::int), 100.0 * avg((w_phone IS NULL)::int), 100.0 * avg((w_birth IS NULL)::int),
           100.0 * avg((coalesce(w_email, '') ~* '^(test@test.com|n/a|none@none.com|noemail@noemail.com|-|unknown|a@a.com|none)$')::int),
           100.0 * avg((w_given IN (family, family_latin) AND w_given NOT IN (given, given_latin))::int),
           100.0 * avg((w_given = nickname)::int) FILTER (WHERE nickname IS NOT NULL),
           100.0 * avg((w_family = maiden)::int) FILTER (WHERE maiden IS NOT NULL),
           100.0 * avg((w_given = given OR w_family = family)::int) FILTER (WHERE script IN ('cyrillic', 'greek', 'han')),
           100.0 * avg((w_birth IN (birth_date::text, to_char(birth_date, 'MM/DD/YYYY')))::int) FILTER (WHERE w_birth IS NOT NULL),
           100.0 * avg(coalesce(right(regexp_replace(split_part(w_phone, 'x', 1), '\D', '', 'g'), 10) IN (mobile, old_mobile, landline), false)::int) FILTER (WHERE w_phone IS NOT NULL),
           100.0 * avg(coalesce(lower(trim(CASE WHEN w_email ILIKE '%gmail.com' THEN replace(split_part(w_email, '@', 1), '.', '') || '@gmail.com' ELSE regexp_replace(w_email, '\+[a-z]+@', '@') END))
                        IN (regexp_replace(email, '\+[a-z]+@', '@'), second_email, family_email), false)::int) FILTER (WHERE w_email IS NOT NULL),
           100.0 * avg(coalesce(upper(trim(w_family) COLLATE "und-x-icu") IN (upper(family COLLATE "und-x-icu"), upper(family_latin), upper(maiden)), false)::int)]),
       unnest(ARRAY[5, 21, 30, 0.5, 0.5, 28, 25, CASE source WHEN 'crm.contact' THEN 30 ELSE 4 END, 87, 93, 88, 92]),
       unnest(ARRAY[11, 29, 40, 3.5, 3, 50, 75, CASE source WHEN 'crm.contact' THEN 68 ELSE 32 END, 96, 98.5, 98.5, 98.5])
  FROM written GROUP BY source;
INSERT INTO figure SELECT 'role mailboxes shared by contacts', count(*), 1, count(*) + 1 FROM crm.contact WHERE email_address ~ '^(info|sales|office|accounts)@company';
INSERT INTO figure SELECT 'switchboards shared by contacts', count(*), 1, count(*) + 1 FROM (SELECT FROM crm.contact WHERE office IS NOT NULL GROUP BY regexp_replace(split_part(office, 'x', 1), '\D', '', 'g') HAVING count(*) > 1) AS o;
INSERT INTO figure SELECT 'people whose addresses differ between tables', count(*), 1, count(*) + 1
  FROM crm.contact c JOIN truth.record r ON r.source = 'crm.contact' AND r.source_key = c.contact_id::text
  JOIN truth.record s ON s.entity = r.entity AND s.source = 'shop.customer' JOIN shop.customer o ON o.customer_id = s.source_key::bigint
 WHERE c.city <> o.city;
INSERT INTO figure SELECT '% of people whose keys in two tables are equal', 100.0 * avg((r.source_key = s.source_key)::int), 0, 1
  FROM truth.record r JOIN truth.record s ON s.entity = r.entity AND s.source < r.source;
INSERT INTO figure SELECT 'orders per customer', (SELECT count(*) FROM shop.orders)::numeric / (SELECT count(*) FROM shop.customer), 1.4, 2.4;
INSERT INTO figure SELECT 'orders of nobody', count(*), 0, 0 FROM shop.orders o LEFT JOIN shop.customer c USING (customer_id) WHERE c.customer_id IS NULL;
INSERT INTO figure SELECT 'orders before their customer or after today', count(*), 0, 0 FROM shop.orders o JOIN shop.customer c USING (customer_id)
 WHERE o.ordered_at < c.created_at OR o.ordered_at > (SELECT max(at) + interval '2 days' FROM web.event);
INSERT INTO figure SELECT 'answers and events of unknown customers', count(*), 0, 0 FROM (SELECT customer_id FROM survey.answer UNION ALL SELECT customer_id FROM web.event) AS a
 WHERE customer_id IS NOT NULL AND NOT EXISTS (SELECT FROM shop.customer c WHERE c.customer_id = a.customer_id);
INSERT INTO figure SELECT '% of events without customer or address', 100.0 * avg((customer_id IS NULL AND email IS NULL)::int), 55, 80 FROM web.event;

SELECT what, round(value, 2) AS value, low, CASE WHEN high >= low THEN high END AS high, CASE WHEN value BETWEEN low AND high THEN '' ELSE 'out of bounds' END AS verdict FROM figure ORDER BY what COLLATE "C";
DO $$
BEGIN
    IF EXISTS (SELECT FROM figure WHERE value IS NULL OR value NOT BETWEEN low AND high) THEN
        RAISE EXCEPTION 'the generated business is not as promised: %',
            (SELECT string_agg(what, ', ') FROM figure WHERE value IS NULL OR value NOT BETWEEN low AND high);
    END IF;
END
$$;
