-- attributes and rules: how they are declared and changed, and what a change does to profiles
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA attribute_src;
CREATE TABLE attribute_src.member (id int PRIMARY KEY, name text, card text, score text, note text, at date);
INSERT INTO attribute_src.member VALUES (1, 'Ann', 'K-1', '10', 'b', '2026-01-01'), (2, 'Ann B', 'k 1', '9', 'aa', '2026-01-02'), (3, 'Cleo', 'K-3', 'many', NULL, '2026-01-03'), (4, 'Dora', NULL, '2', 'b', '2026-01-04');
SELECT cdp.create_space('attribute_t');
SELECT attribute, kind, storage_type, survivorship, is_identifier, priority, in_use FROM attribute_t.attribute ORDER BY attribute;

-- what cannot be
CREATE FUNCTION attribute_src.try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT call, attribute_src.try(call) FROM unnest(ARRAY[
    $$SELECT cdp.add_attribute('nowhere', 'card', 'id')$$, $$SELECT cdp.add_attribute(NULL, 'card', 'id')$$, $$SELECT cdp.add_attribute('attribute_t', NULL, 'id')$$, $$SELECT cdp.add_attribute('attribute_t', '', 'id')$$,
    $$SELECT cdp.add_attribute('attribute_t', 'card', 'barcode')$$, $$SELECT cdp.add_attribute('attribute_t', 'card', 'reference')$$, $$SELECT cdp.add_attribute('attribute_t', 'card', NULL)$$,
    $$SELECT cdp.add_attribute('attribute_t', 'card', 'id', survivorship => 'newest')$$, $$SELECT cdp.add_attribute('attribute_t', 'card', 'id', survivorship => NULL)$$,
    $$SELECT cdp.add_attribute('attribute_t', 'card', 'id', is_identifier => NULL)$$, $$SELECT cdp.add_attribute('attribute_t', 'card', 'id', max_per_profile => 0)$$,
    $$SELECT cdp.add_attribute('attribute_t', 'email', 'email')$$, $$SELECT cdp.add_attribute('attribute_t', 'profile_id', 'id')$$, $$SELECT cdp.add_attribute('attribute_t', 'source_key', 'id')$$, $$SELECT cdp.add_attribute('attribute_t', 'record_count', 'number')$$,
    $$SELECT cdp.add_attribute('attribute_t', repeat('x', 60)::name, 'id')$$,
    $$SELECT cdp.set_attribute(NULL, 'email', 'priority', '1')$$, $$SELECT cdp.set_attribute('attribute_t', NULL, 'priority', '1')$$, $$SELECT cdp.set_attribute('attribute_t', 'card', 'priority', '1')$$,
    $$SELECT cdp.set_attribute('attribute_t', 'email', NULL, '1')$$, $$SELECT cdp.set_attribute('attribute_t', 'email', 'kind', 'id')$$, $$SELECT cdp.set_attribute('attribute_t', 'email', 'survivorship', 'newest')$$, $$SELECT cdp.set_attribute('attribute_t', 'email', 'survivorship', NULL)$$,
    $$SELECT cdp.set_attribute('attribute_t', 'email', 'is_identifier', NULL)$$, $$SELECT cdp.set_attribute('attribute_t', 'email', 'is_identifier', 'perhaps')$$, $$SELECT cdp.set_attribute('attribute_t', 'email', 'priority', 'high')$$,
    $$SELECT cdp.set_attribute('attribute_t', 'email', 'max_per_profile', '0')$$, $$SELECT cdp.set_attribute('attribute_t', 'email', 'max_per_profile', '1.5')$$,
    $$SELECT cdp.add_rule(NULL, 'r', '{email}')$$, $$SELECT cdp.add_rule('attribute_t', NULL, '{email}')$$, $$SELECT cdp.add_rule('attribute_t', '', '{email}')$$, $$SELECT cdp.add_rule('attribute_t', 'r', NULL)$$, $$SELECT cdp.add_rule('attribute_t', 'r', '{}')$$,
    $$SELECT cdp.add_rule('attribute_t', 'r', '{email,NULL}')$$, $$SELECT cdp.add_rule('attribute_t', 'r', '{email,card}')$$, $$SELECT cdp.add_rule('attribute_t', 'email', '{email}')$$, $$SELECT cdp.add_rule('attribute_t', 'r', '{email}', NULL)$$,
    $$SELECT cdp.drop_rule(NULL, 'r')$$, $$SELECT cdp.drop_rule('attribute_t', NULL)$$, $$SELECT cdp.drop_rule('attribute_t', 'r')$$,
    $$SELECT cdp.block_value(NULL, 'email', 'x@example.com', 'why')$$, $$SELECT cdp.block_value('attribute_t', NULL, 'x@example.com', 'why')$$, $$SELECT cdp.block_value('attribute_t', 'shoe', 'x', 'why')$$, $$SELECT cdp.block_value('attribute_t', 'given_name', 'x', 'why')$$,
    $$SELECT cdp.block_value('attribute_t', 'email', NULL, 'why')$$, $$SELECT cdp.block_value('attribute_t', 'email', 'x@example.com')$$, $$SELECT cdp.block_value('attribute_t', 'email', 'x@example.com', '')$$, $$SELECT cdp.block_value('attribute_t', 'email', 'not an address', 'why')$$,
    $$SELECT cdp.block_value('attribute_t', 'email', 'x@example.com', 'why', pattern => 'y')$$, $$SELECT cdp.block_value('attribute_t', 'email', why => 'why', pattern => '(')$$,
    $$SELECT cdp.unblock_value(NULL, 'email', 'x@example.com')$$, $$SELECT cdp.unblock_value('attribute_t', 'email', 'x@example.com')$$, $$SELECT cdp.unblock_value('attribute_t', 'email')$$, $$SELECT cdp.unblock_value('attribute_t', NULL, NULL)$$,
    $$SELECT cdp.rule_same(NULL, 1, 2, 'why')$$, $$SELECT cdp.rule_same('attribute_t', 1, NULL, 'why')$$, $$SELECT cdp.rule_same('attribute_t', 1, 1, 'why')$$, $$SELECT cdp.rule_different('attribute_t', 1, 2, NULL)$$, $$SELECT cdp.rule_different('attribute_t', 1, 999999, 'why')$$,
    $$SELECT cdp.withdraw_ruling(NULL, 1, 2)$$, $$SELECT cdp.withdraw_ruling('attribute_t', 1, 2)$$, $$SELECT cdp.withdraw_ruling('attribute_t', NULL, 2)$$]) AS call;
SELECT count(*) AS left_behind FROM attribute_t.attribute WHERE attribute NOT IN (SELECT attribute FROM attribute_t.attribute WHERE description IS NOT NULL);

-- an identifier of one's own, a number, a text
SELECT cdp.add_attribute('attribute_t', 'card', 'id', is_identifier => true, description => 'loyalty card');
SELECT cdp.add_attribute('attribute_t', 'score', 'number', survivorship => 'max');
SELECT cdp.add_attribute('attribute_t', 'note', 'text', survivorship => 'none');
SELECT cdp.add_source('attribute_t', 'attribute_src.member', key => 'id', name => 'member', observed_at => 'at', fields => '{"full_name": "name", "card": "card", "score": "score", "note": "note"}');
SELECT records, profiles, rejected FROM cdp.resolve('attribute_t');
CREATE VIEW attribute_src.person AS
SELECT string_agg(r.source_key, ' ' ORDER BY r.source_key) AS members, p.* FROM attribute_t.profile p JOIN attribute_t.identity i USING (profile_id) JOIN attribute_t.record r USING (record_id) GROUP BY p.profile_id;
SELECT members, card, score, pg_typeof(score) FROM attribute_src.person ORDER BY 1;
SELECT col_description('attribute_t.profile'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'attribute_t.profile'::regclass AND attname = 'card';
SELECT attribute, raw, reason FROM attribute_t.rejected_value;
-- a survivorship of none has no column in the profile
SELECT count(*) FROM pg_attribute WHERE attrelid = 'attribute_t.profile'::regclass AND attname = 'note';

-- survivorship changes, and one that was none begins
SELECT cdp.set_attribute('attribute_t', 'score', 'survivorship', 'min'), cdp.set_attribute('attribute_t', 'note', 'survivorship', 'longest');
SELECT definitions_changed FROM attribute_t.space_info;
SELECT note FROM cdp.status('attribute_t') WHERE topic = 'profiles';
SELECT records, profiles FROM cdp.resolve('attribute_t');
SELECT r.source_key, p.score, p.note FROM attribute_t.profile p JOIN attribute_t.identity i USING (profile_id) JOIN attribute_t.record r USING (record_id) ORDER BY 1;
SELECT count(*) FROM cdp.status('attribute_t') WHERE topic = 'profiles' AND note IS NULL;
SELECT cdp.set_attribute('attribute_t', 'score', 'survivorship', 'most_recent');
SELECT records, profiles FROM cdp.resolve('attribute_t');
SELECT r.source_key, p.score FROM attribute_t.profile p JOIN attribute_t.identity i USING (profile_id) JOIN attribute_t.record r USING (record_id) ORDER BY 1;

-- an attribute becomes an identifier, one that ties nobody, none, and a limit
SELECT cdp.set_attribute('attribute_t', 'note', 'is_identifier', 'true');
SELECT profiles, merged FROM cdp.resolve('attribute_t');
SELECT cdp.set_attribute('attribute_t', 'note', 'priority', NULL);
SELECT profiles, split FROM cdp.resolve('attribute_t');
SELECT count(*) AS kept_as_identifiers FROM attribute_t.identifier WHERE kind = 'note';
SELECT cdp.set_attribute('attribute_t', 'note', 'is_identifier', 'false');
SELECT profiles FROM cdp.resolve('attribute_t');
SELECT count(*) AS no_longer FROM attribute_t.identifier WHERE kind = 'note';
SELECT cdp.set_attribute('attribute_t', 'score', 'max_per_profile', '1');
SELECT profiles, split, refused FROM cdp.resolve('attribute_t');
SELECT kind, value, refused_by FROM attribute_t.refused_merge;
SELECT name, note IS NULL AS plain, count FROM cdp.status('attribute_t') WHERE topic = 'refused merges';
-- the limit holds although the attribute is said to be no identifier
SELECT cdp.set_attribute('attribute_t', 'score', 'is_identifier', 'false');
SELECT profiles, merged, refused FROM cdp.resolve('attribute_t');
SELECT cdp.set_attribute('attribute_t', 'score', 'max_per_profile', NULL);
SELECT profiles, merged, refused FROM cdp.resolve('attribute_t');

-- rules: over present and equal values only; lower numbers first; dropped again
SELECT cdp.add_rule('attribute_t', 'note and score', '{note,score}');
SELECT profiles FROM cdp.resolve('attribute_t');
SELECT cdp.add_rule('attribute_t', 'note', '{note}');
SELECT cdp.add_rule('attribute_t', 'same note', '{note}');
SELECT profiles, merged FROM cdp.resolve('attribute_t');
SELECT kind, count(*) FROM attribute_t.identifier WHERE kind IN ('note and score', 'same note') GROUP BY 1 ORDER BY 1;
-- a row that comes later is seen by the rule, a changed one too
INSERT INTO attribute_src.member VALUES (5, 'Ed', NULL, NULL, 'B', '2026-01-05');
UPDATE attribute_src.member SET note = 'b' WHERE id = 3;
SELECT profiles, added, changed FROM cdp.resolve('attribute_t');
SELECT cdp.add_rule('attribute_t', 'same note', '{note}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_attribute('attribute_t', 'same note', 'text');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_rule('attribute_t', 'same note');
SELECT profiles FROM cdp.resolve('attribute_t');
SELECT count(*) FROM attribute_t.identifier WHERE kind = 'same note';

-- a source's row keys stay identifiers whatever is done to references to them
SELECT cdp.add_source('attribute_t', 'attribute_src.member', key => 'id', name => 'again', fields => '{"member": "id"}');
SELECT profiles FROM cdp.resolve('attribute_t');
SELECT cdp.set_attribute('attribute_t', 'member', 'is_identifier', 'false');
SELECT profiles FROM cdp.resolve('attribute_t');
SELECT cdp.set_attribute('attribute_t', 'member', 'is_identifier', 'true');
SELECT profiles FROM cdp.resolve('attribute_t');
SELECT count(*) AS own_keys FROM attribute_t.identifier i JOIN attribute_t.record r USING (record_id) WHERE i.kind = 'member' AND r.source_id = 1;

SELECT cdp.drop_space('attribute_t', confirm => 'attribute_t');
DROP SCHEMA attribute_src CASCADE;
