-- job: who may do what. Functions run with their caller's rights, so a role needs the
-- function and the tables behind it; both lists are here, in one place.

CREATE OR REPLACE FUNCTION cdp_internal.role_levels()
RETURNS TABLE (level int, role_kind text, functions text[], reads text[], writes text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
SET search_path = pg_catalog, pg_temp
AS $$
    VALUES
    (1, 'reader',
        '{current_profile,explain_profile,status,quality_report,common_values,members,in_segment,explain_segment,consented,consent_decision,consented_profiles,'
        'comparisons,show_model,explain_pair,match_values,export_model,review,blocking_keys,lookup}'::text[],
        '{space_info,source,attribute,record,identity,identifier,rule,blocked_value,link,refused_merge,merge_log,profile,profile_alias,trait,segment,segment_member,purpose,consent,run,rejected_value,'
        'match_comparison,match_nickname,match_model,match_level,match_input,match_frequency,match_rule,match_user_rule,match_key,match_key_rule,match_key_info,weakest_link}'::text[],
        '{}'::text[]),
    (2, 'analyst',
        '{define_segment,drop_segment,refresh_segments,refresh_traits,evaluate,false_merges,missed_pairs,blocking_report}',
        '{consent_event}',
        '{segment,segment_member,trait,run,profile}'),
    (3, 'steward',
        '{resolve,run,record_consent,rule_same,rule_different,withdraw_ruling,block_value,unblock_value,train,activate_model,import_model}',
        '{}',
        '{space_info,source,record,identity,identifier,rule,blocked_value,link,refused_merge,merge_log,profile_alias,rejected_value,consent,consent_event,'
        'match_model,match_level,match_input,match_frequency,match_rule,match_key,match_key_rule,match_key_info,weakest_link}'),
    (4, 'admin',
        '{create_space,drop_space,add_attribute,set_attribute,add_source,add_event_source,drop_source,add_rule,drop_rule,add_purpose,retire_purpose,define_trait,drop_trait,grant_role,revoke_role,'
        'set_comparison,drop_comparison,add_nickname,add_blocking_rule,drop_blocking_rule}',
        '{}',
        '{attribute,purpose,match_comparison,match_nickname,match_user_rule}')
$$;
REVOKE ALL ON FUNCTION cdp_internal.role_levels() FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.role_levels() IS
'What each kind of role has beyond the one below it: functions of cdp, tables it reads, tables it writes.';

CREATE OR REPLACE FUNCTION cdp.revoke_role(space regnamespace, role regrole)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF role IS NULL THEN
        RAISE EXCEPTION 'revoke_role needs a role' USING ERRCODE = 'CDP23', HINT = 'Call cdp.revoke_role(space, ''bi_tool'').';
    END IF;
    EXECUTE format('REVOKE SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s FROM %s CASCADE', space, role);
    EXECUTE format('REVOKE USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %s FROM %s CASCADE', space, role);
    EXECUTE format('REVOKE USAGE ON SCHEMA %s FROM %s CASCADE', space, role);
END
$$;
REVOKE ALL ON FUNCTION cdp.revoke_role(regnamespace, regrole) FROM PUBLIC;
COMMENT ON FUNCTION cdp.revoke_role(regnamespace, regrole) IS
'Takes away what cdp.grant_role gave a role in a space. The functions themselves stay with it, since another space may need them; without the tables they do nothing.
Example: SELECT cdp.revoke_role(''customer'', ''bi_tool'');';

CREATE OR REPLACE FUNCTION cdp.grant_role(space regnamespace, role regrole, role_kind text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    top       int;
    functions text;
    reads     text;
    writes    text;
    option    text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    SELECT l.level INTO top FROM cdp_internal.role_levels() l WHERE l.role_kind = grant_role.role_kind;
    IF top IS NULL OR role IS NULL THEN
        RAISE EXCEPTION 'there is no kind of role "%"', role_kind USING ERRCODE = 'CDP23',
            HINT = 'Kinds are reader, analyst, steward and admin.';
    END IF;
    option := CASE WHEN role_kind = 'admin' THEN ' WITH GRANT OPTION' ELSE '' END;

    SELECT string_agg(DISTINCT p.oid::regprocedure::text, ', ') INTO functions
      FROM cdp_internal.role_levels() l CROSS JOIN LATERAL unnest(l.functions) f(name)
      JOIN pg_proc p ON p.proname = f.name AND p.pronamespace = 'cdp'::regnamespace
     WHERE l.level <= top;
    SELECT string_agg(DISTINCT format('%s.%I', space, t.name), ', ') INTO reads
      FROM cdp_internal.role_levels() l CROSS JOIN LATERAL unnest(l.reads) t(name) WHERE l.level <= top;
    SELECT string_agg(DISTINCT format('%s.%I', space, t.name), ', ') INTO writes
      FROM cdp_internal.role_levels() l CROSS JOIN LATERAL unnest(l.writes) t(name) WHERE l.level <= top;

    EXECUTE format('GRANT USAGE ON SCHEMA %s, cdp, cdp_internal TO %s%s', space, role, option);
    EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA cdp_internal TO %s%s', role, option);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s%s', functions, role, option);
    EXECUTE format('GRANT SELECT ON %s TO %s%s', reads, role, option);
    IF writes IS NOT NULL THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO %s%s', writes, role, option);
        EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %s TO %s%s', space, role, option);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.grant_role(regnamespace, regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.grant_role(regnamespace, regrole, text) IS
'Gives an existing role what it needs in a space. reader: profiles, audiences, consent, look-ups, explanations, the model. analyst: also segments, refreshes, the consent ledger, evaluation (reading the truth needs SELECT on it besides), blocking. steward: also resolve, run, rulings, blocked values, recording consent, training, importing and activating models (reading the sources needs SELECT on them besides). admin: also all definitions, those of comparisons, nicknames and blocking rules too, and may grant on. Statements that add columns (add_source, define_trait) or drop the space belong to the owner of its tables: for those, make the role a member of the owner.
Errors: CDP23 unknown kind, 42501 when the caller may not grant.
Example: SELECT cdp.grant_role(''customer'', ''bi_tool'', ''reader'');';
