-- What a space with an odd name, altered tables or triggers of its owner's must not
-- break: no crash, no text that ends up as SQL, no kept plan in use freed.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

-- a name with quotes goes through the whole course
CREATE SCHEMA hard_src;
CREATE TABLE hard_src.person (id int PRIMARY KEY, mail text, crm text);
INSERT INTO hard_src.person VALUES (1, 'a@b.example', 'x'), (2, 'A@B.example', 'y'), (3, 'c@d.example', 'z'), (4, 'e@f.example', 'z');
SELECT cdp.create_space('it''s "hard');
SELECT quote_ident('it''s "hard') AS s \gset
SELECT cdp.add_attribute(:'s', 'crm_id', 'id', is_identifier => true, priority => 5, max_per_profile => 1);
SELECT cdp.add_source(:'s', 'hard_src.person', 'id', '{"email": "mail", "crm_id": "crm"}') > 0 AS added;
SELECT records, profiles, added, refused FROM cdp.resolve(:'s');
UPDATE hard_src.person SET mail = 'g@h.example' WHERE id = 4;
SELECT records, profiles, changed FROM cdp.resolve(:'s');
SELECT cdp.add_purpose(:'s', 'mail', 'marketing', 'deny');
SELECT cdp.record_consent(:'s', 'email', 'a@b.example', 'mail', 'granted') > 0 AS recorded;
SELECT count(*) FROM cdp.consented_profiles(:'s', 'mail');
SELECT cdp.define_segment(:'s', 'all', 'record_count > 0');
SELECT segment, size FROM cdp.refresh_segments(:'s');
SELECT topic, count FROM cdp.status(:'s') WHERE topic IN ('records', 'profiles');
SELECT cdp.drop_space(:'s', 'it''s "hard');
SELECT cdp_internal.require_space('hard_src');

-- settings of others, some of which hold no value at all, are not shown
SELECT cdp_internal.setting('cdp.default_region');
SELECT cdp_internal.setting('external_pid_file');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.setting('cdp.no_such_setting');
\echo :LAST_ERROR_SQLSTATE

-- a message that is cut is still valid text
SET client_min_messages = notice;
SELECT cdp_internal.progress(repeat('x', n) || repeat('é', 200)) FROM generate_series(0, 1) n;
SET client_min_messages = warning;

-- triggers of the owner's on the ledger: one that leaves the row out …
SELECT cdp.create_space('hard_t');
SELECT cdp.add_purpose('hard_t', 'mail', 'marketing', 'deny'), cdp.add_purpose('hard_t', 'sms', 'marketing', 'deny');
CREATE FUNCTION hard_src.leave_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER leave_out BEFORE INSERT ON hard_t.consent_event FOR EACH ROW EXECUTE FUNCTION hard_src.leave_out();
SELECT cdp.record_consent('hard_t', 'email', 'a@b.example', 'mail', 'granted');
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER leave_out ON hard_t.consent_event;

-- … and one that records another decision through the same function, after what made its plan invalid
CREATE FUNCTION hard_src.also_sms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.purpose = 'mail' THEN
        EXECUTE 'ANALYZE hard_t.consent_event, hard_t.consent, hard_t.purpose';
        PERFORM cdp.record_consent('hard_t', new.kind, new.value, 'sms', new.decision);
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER also_sms BEFORE INSERT ON hard_t.consent_event FOR EACH ROW EXECUTE FUNCTION hard_src.also_sms();
SELECT cdp.record_consent('hard_t', 'email', n || '@b.example', 'mail', 'granted') > 0 AS recorded FROM generate_series(1, 3) n;
SELECT purpose, decision, count(*) FROM hard_t.consent GROUP BY 1, 2 ORDER BY 1;
DROP TRIGGER also_sms ON hard_t.consent_event;

-- a space that is renamed, or dropped and made again, between two uses of a kept plan
SELECT cdp.current_profile('hard_t', 1) IS NULL AS nobody;
ALTER SCHEMA hard_t RENAME TO hard_u;
SELECT cdp.current_profile('hard_u', 1) IS NULL AS nobody;
BEGIN;
ALTER SCHEMA hard_u RENAME TO hard_v;
SELECT cdp.current_profile('hard_v', 1) IS NULL AS nobody;
ROLLBACK;
SELECT cdp.current_profile('hard_u', 1) IS NULL AS nobody;
BEGIN;
SELECT cdp.drop_space('hard_u', 'hard_u');
SELECT cdp.create_space('hard_u');
SELECT cdp.current_profile('hard_u', 1) IS NULL AS nobody;
COMMIT;
SELECT cdp.current_profile('hard_u', 1) IS NULL AS nobody;
ALTER TABLE hard_u.space_info RENAME TO info;
SELECT cdp.current_profile('hard_u', 1);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE hard_u.info RENAME TO space_info;

-- plans of dropped spaces do not pile up in a session
DO $$
DECLARE
    before bigint;
    n      bigint;
BEGIN
    FOR i IN 1..12 LOOP
        PERFORM cdp.create_space('hard_plans');
        COMMIT;
        PERFORM cdp.current_profile('hard_plans', 1);
        COMMIT;
        PERFORM cdp.drop_space('hard_plans', 'hard_plans');
        COMMIT;
        SELECT count(*) INTO n FROM pg_backend_memory_contexts WHERE ident ~ 'hard_plans.profile_alias';
        before := coalesce(before, n);
        IF n > before THEN
            RAISE EXCEPTION 'kept plans pile up: % contexts, then %', before, n;
        END IF;
    END LOOP;
END
$$;

-- record ids as far apart as they can be
SELECT cdp.add_source('hard_u', 'hard_src.person', 'id', '{"email": "mail"}') > 0 AS added;
SELECT records, profiles FROM cdp.resolve('hard_u');
UPDATE hard_u.record SET record_id = CASE source_key WHEN '1' THEN -9223372036854775808 ELSE 9223372036854775807 END WHERE source_key IN ('1', '3');
SELECT cdp.add_rule('hard_u', 'same_mail', ARRAY['email']);
SELECT records FROM cdp.resolve('hard_u');

-- a column of another type than the clustering reads
ALTER TABLE hard_u.identifier ALTER value TYPE bigint USING 7;
SELECT count(*) >= 0 AS survived FROM cdp_internal.cluster('hard_u', false, 50, 0);

-- double rows where a key should have been, in components that constraints take apart; a region that is gone
SELECT cdp.create_space('hard_w');
SELECT cdp.add_attribute('hard_w', 'crm_id', 'id', is_identifier => true, priority => 5, max_per_profile => 1);
SELECT cdp.add_attribute('hard_w', 'tel', 'phone', is_identifier => true, priority => 6);
UPDATE hard_src.person SET mail = 'same@b.example';
SELECT cdp.add_source('hard_w', 'hard_src.person', 'id', '{"email": "mail", "crm_id": "crm"}') > 0 AS added;
SELECT records, profiles FROM cdp.resolve('hard_w');
ALTER TABLE hard_w.identity DROP CONSTRAINT identity_pkey;
INSERT INTO hard_w.identity SELECT * FROM hard_w.identity;
SELECT count(*) >= 0 AS survived FROM cdp_internal.cluster('hard_w', false, 50, 0);
ALTER TABLE hard_w.space_info ALTER region DROP NOT NULL;
UPDATE hard_w.space_info SET region = NULL;
SELECT cdp_internal.identifier_key('hard_w', 'tel', '+1 202 555 0123');
SELECT cdp.drop_space('hard_w', 'hard_w');

SELECT cdp.drop_space('hard_u', 'hard_u');
DROP SCHEMA hard_src CASCADE;
