-- consent: decisions.

CREATE OR REPLACE FUNCTION cdp.consented(space regnamespace, profile_id bigint, purpose text, channel text DEFAULT NULL, at timestamptz DEFAULT NULL)
RETURNS boolean
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'cdp_consented';
REVOKE ALL ON FUNCTION cdp.consented(regnamespace, bigint, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp.consented(regnamespace, bigint, text, text, timestamptz) IS
'May this profile''s data be used for this purpose? Reads the current state of every identifier of the profile''s records in
the snapshot of the query: a withdrawal that committed is seen by the next statement.
Refused when the decision of any identifier is denied or withdrawn; else granted when any identifier''s is granted; else the purpose''s
default rule. With a channel, an identifier''s decision for the channel takes the place of its decision for all channels where it is
the stricter or the later of the two; without one only decisions for all channels count.
at asks what the ledger knows of an earlier time (of today''s profiles); null is now. An id that was merged away
answers for the profile it lives in; null, an id that never was, and a retired purpose are false.
Many calls in one query are answered from memory; beyond about 15 million profiles that takes more than the default work_mem, and
cdp.consented_profiles is the faster form.
Errors: CDP11 no such purpose, CDP13 no such channel of the purpose, CDP20 no such space.
Example: SELECT p.profile_id FROM customer.profile p WHERE cdp.consented(''customer'', p.profile_id, ''email_marketing'');';

CREATE OR REPLACE FUNCTION cdp.consent_decision(space regnamespace, profile_id bigint, purpose text, channel text DEFAULT NULL, at timestamptz DEFAULT NULL)
RETURNS TABLE (decision text, because text, consent_event_id bigint, since timestamptz)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
AS 'MODULE_PATHNAME', 'cdp_consent_decision';
REVOKE ALL ON FUNCTION cdp.consent_decision(regnamespace, bigint, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp.consent_decision(regnamespace, bigint, text, text, timestamptz) IS
'What cdp.consented decides, and why: one row. decision is granted or refused. because says what decided: a row of the
ledger (consent_event_id, since the person''s decision; of several the latest), the default rule (since the purpose was added), that the purpose is retired,
or that there is no such profile.
Errors: as cdp.consented.
Example: SELECT * FROM cdp.consent_decision(''customer'', 42, ''email_marketing'');';

CREATE OR REPLACE FUNCTION cdp_internal.consented_profiles_support(request internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_consented_profiles_support';
REVOKE ALL ON FUNCTION cdp_internal.consented_profiles_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.consented_profiles_support(internal) IS
'Tells the planner how many rows cdp.consented_profiles returns.';

CREATE OR REPLACE FUNCTION cdp.consented_profiles(space regnamespace, purpose text, channel text DEFAULT NULL, at timestamptz DEFAULT NULL)
RETURNS TABLE (profile_id bigint)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100000
SUPPORT cdp_internal.consented_profiles_support
AS 'MODULE_PATHNAME', 'cdp_consented_profiles';
REVOKE ALL ON FUNCTION cdp.consented_profiles(regnamespace, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp.consented_profiles(regnamespace, text, text, timestamptz) IS
'The live profiles for which cdp.consented is true, for joins; each once, in no order.
Errors: as cdp.consented.
Example: SELECT count(*) FROM customer.profile p JOIN cdp.consented_profiles(''customer'', ''email_marketing'') c ON c.profile_id = p.profile_id;';
