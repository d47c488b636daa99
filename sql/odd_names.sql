-- quotes, percent signs and blanks in every name, and sessions with settings of their own
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA "Odd""Src %s";
CREATE TABLE "Odd""Src %s"."T%I" ("K'ey" text, "Na""me" text, mail text, "W%L" timestamptz, stay interval, score float8, n int);
INSERT INTO "Odd""Src %s"."T%I"
SELECT 'k' || i, 'Ann ' || chr(64 + i), 'u' || i % 4 || '@example.com', timestamptz '2026-01-01 00:00+00' + i * interval '1 day', i * interval '36 hours', i / 7.0, i FROM generate_series(1, 10) i;
SELECT cdp.create_space('odd%t"a''b');
SELECT cdp.add_attribute('"odd%t""a''b"', 'lo"ng %s', 'text');
SELECT cdp.add_attribute('"odd%t""a''b"', 'sc%I''ore', 'text');
SELECT cdp.add_source('"odd%t""a''b"', '"Odd""Src %s"."T%I"', key => '"K''ey"', name => 'so%u''r"ce', observed_at => '"W%L"',
       fields => '{"full_name": "\"Na\"\"me\"", "email": "mail", "lo\"ng %s": "stay", "sc%I''ore": "score"}');
SELECT cdp.add_rule('"odd%t""a''b"', 'ru%l''"e', '{"lo\"ng %s",full_name}');
SELECT records, profiles FROM cdp.resolve('"odd%t""a''b"');
-- the same rows give the same texts, whatever the session writes them like
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = -5;
SET quote_all_identifiers = on;
ALTER TABLE "Odd""Src %s"."T%I" RENAME TO old;
CREATE TABLE "Odd""Src %s"."T%I" AS TABLE "Odd""Src %s".old;
DROP TABLE "Odd""Src %s".old;
SELECT name, note FROM cdp.status('"odd%t""a''b"') WHERE topic = 'source';
SELECT added, changed FROM cdp.resolve('"odd%t""a''b"');
RESET datestyle;
RESET intervalstyle;
RESET extra_float_digits;
RESET quote_all_identifiers;
SELECT cdp.define_trait('"odd%t""a''b"', 'tr%a''"it', 'sum(n)', source => 'so%u''r"ce', within => '10 years', filter => '"Na""me" <> ''%s''');
SELECT cdp.define_trait('"odd%t""a''b"', 'rest', '"tr%a''""it" % 2');
SELECT cdp.define_segment('"odd%t""a''b"', 'se%g''"ment', '"tr%a''""it" > 0 AND "lo""ng %s" IS NOT NULL');
SELECT segment, size FROM cdp.refresh_segments('"odd%t""a''b"');
SELECT part, holds FROM cdp.explain_segment('"odd%t""a''b"', 'se%g''"ment', 1);
SELECT count(*) > 0 AS explained FROM cdp.explain_profile('"odd%t""a''b"', 1);
SELECT source, attribute, rows, filled, valid FROM cdp.quality_report('"odd%t""a''b"');
SELECT cdp.add_purpose('"odd%t""a''b"', 'pu%r''"pose', channels => '{ch%,a''b}');
SELECT cdp.record_consent('"odd%t""a''b"', 'so%u''r"ce', 'k1', 'pu%r''"pose', 'granted', channel => 'ch%');
SELECT cdp.consented('"odd%t""a''b"', p.profile_id, 'pu%r''"pose', 'ch%') FROM "odd%t""a'b".profile p ORDER BY p.profile_id;
CREATE ROLE "regress_cdp o%d""d";
SELECT cdp.grant_role('"odd%t""a''b"', '"regress_cdp o%d""d"', 'admin');
SELECT cdp.revoke_role('"odd%t""a''b"', '"regress_cdp o%d""d"');
CALL cdp.run('"odd%t""a''b"');
SELECT topic, name, count FROM cdp.status('"odd%t""a''b"') WHERE topic IN ('space', 'source', 'trait', 'segment');
SELECT cdp.drop_space('"odd%t""a''b"', confirm => 'odd%t"a''b');
DROP SCHEMA "Odd""Src %s" CASCADE;
DROP OWNED BY "regress_cdp o%d""d";
DROP ROLE "regress_cdp o%d""d";
