-- match: the engine. Callers hold the advisory lock of the space.

CREATE OR REPLACE FUNCTION cdp_internal.train_model(space regnamespace, pairs_per_record double precision DEFAULT NULL)
RETURNS int
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cdp_train_model';
REVOKE ALL ON FUNCTION cdp_internal.train_model(regnamespace, double precision) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.train_model(regnamespace, double precision) IS
'Learns a matching model from the records of a space and writes its rows (match_model and its sisters), not active; returns its number. pairs_per_record: the budget of pairs, null for cdp.max_pairs_per_record.
Too little data (fewer than 50 records, or fewer than two comparisons with different values) gives a model of origin default. Progress is shown in pg_stat_activity.
Errors: CDP20 no space, CDP23 bad budget or a text too long to compare.';

CREATE OR REPLACE FUNCTION cdp_internal.choose_rules(space regnamespace, model_id int)
RETURNS int
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cdp_choose_rules';
REVOKE ALL ON FUNCTION cdp_internal.choose_rules(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.choose_rules(regnamespace, int) IS
'Chooses blocking rules for a model that has none (an imported one) on the records of the space, writes them (match_rule) and returns how many. Errors: CDP20 no space, CDP23 no such model.';

CREATE OR REPLACE FUNCTION cdp_internal.score_pairs(space regnamespace, model_id int, changed_only boolean DEFAULT false)
RETURNS TABLE (record_a bigint, record_b bigint, weight double precision)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 100000
AS 'MODULE_PATHNAME', 'cdp_score_pairs';
REVOKE ALL ON FUNCTION cdp_internal.score_pairs(regnamespace, int, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.score_pairs(regnamespace, int, boolean) IS
'The pairs of records of a space that speak for one person under a model, each once: record_a < record_b, weight is log2 odds, above 0. changed_only: only pairs with a record in pg_temp.cdp_changed, or with one that shares a divided block with such a record as it is or was (pg_temp.cdp_former, when it is there); each of the latter also as a row of its own, with record_a = record_b and weight 0: all its links are given anew. Of the records only those are read then that the index of look-ups (match_key) has in one block with these, where it is there.
Pairs are found by the model''s blocking rules and the user''s (match_user_rule). Errors: CDP20 no space, CDP23 no such model.';

CREATE OR REPLACE FUNCTION cdp_internal.block_sizes(space regnamespace, model_id int)
RETURNS TABLE (rule int, keys text[], comparisons text[], pairs bigint, new_pairs bigint, blocks bigint, largest bigint, refined bigint)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 48
AS 'MODULE_PATHNAME', 'cdp_block_sizes';
REVOKE ALL ON FUNCTION cdp_internal.block_sizes(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.block_sizes(regnamespace, int) IS
'What each blocking rule of a model and of the user''s finds, without comparing any pair: pairs in its blocks, those that no earlier rule found (where cdp.match_memory makes groups of rules: none of its group), blocks, records in the largest, blocks that were over the cap and divided.
Errors: CDP20 no space, CDP23 no such model.';
