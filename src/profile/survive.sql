-- profile: survivorship aggregates. Pure functions of their input: anyone may use them.

CREATE OR REPLACE FUNCTION cdp_internal.most_recent_step(state internal, value anyelement, at timestamptz)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_most_recent_step';
REVOKE ALL ON FUNCTION cdp_internal.most_recent_step(internal, anyelement, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.most_recent_step(internal, anyelement, timestamptz) IS 'Transition of cdp.most_recent.';

CREATE OR REPLACE FUNCTION cdp_internal.earliest_step(state internal, value anyelement, at timestamptz)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_earliest_step';
REVOKE ALL ON FUNCTION cdp_internal.earliest_step(internal, anyelement, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.earliest_step(internal, anyelement, timestamptz) IS 'Transition of cdp.earliest.';

CREATE OR REPLACE FUNCTION cdp_internal.most_trusted_step(state internal, value anyelement, trust int, at timestamptz)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_most_trusted_step';
REVOKE ALL ON FUNCTION cdp_internal.most_trusted_step(internal, anyelement, int, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.most_trusted_step(internal, anyelement, int, timestamptz) IS 'Transition of cdp.most_trusted.';

CREATE OR REPLACE FUNCTION cdp_internal.longest_step(state internal, value text)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_longest_step';
REVOKE ALL ON FUNCTION cdp_internal.longest_step(internal, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.longest_step(internal, text) IS 'Transition of cdp.longest.';

CREATE OR REPLACE FUNCTION cdp_internal.survivor_combine(a internal, b internal)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_survivor_combine';
REVOKE ALL ON FUNCTION cdp_internal.survivor_combine(internal, internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivor_combine(internal, internal) IS
'Joins two partial states of cdp.most_recent, cdp.earliest, cdp.most_trusted or cdp.longest.';

CREATE OR REPLACE FUNCTION cdp_internal.survivor_serial(state internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_survivor_serial';
REVOKE ALL ON FUNCTION cdp_internal.survivor_serial(internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivor_serial(internal) IS 'A partial state on its way from a parallel worker.';

CREATE OR REPLACE FUNCTION cdp_internal.survivor_deserial(state bytea, unused internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_survivor_deserial';
REVOKE ALL ON FUNCTION cdp_internal.survivor_deserial(bytea, internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivor_deserial(bytea, internal) IS 'A partial state that came from a parallel worker.';

CREATE OR REPLACE FUNCTION cdp_internal.survivor_final(state internal, value anyelement, at timestamptz)
RETURNS anyelement
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_survivor_final';
REVOKE ALL ON FUNCTION cdp_internal.survivor_final(internal, anyelement, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivor_final(internal, anyelement, timestamptz) IS
'Result of cdp.most_recent and cdp.earliest.';

CREATE OR REPLACE FUNCTION cdp_internal.survivor_final(state internal, value anyelement, trust int, at timestamptz)
RETURNS anyelement
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_survivor_final';
REVOKE ALL ON FUNCTION cdp_internal.survivor_final(internal, anyelement, int, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivor_final(internal, anyelement, int, timestamptz) IS 'Result of cdp.most_trusted.';

CREATE OR REPLACE FUNCTION cdp_internal.survivor_final(state internal)
RETURNS text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_survivor_final';
REVOKE ALL ON FUNCTION cdp_internal.survivor_final(internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.survivor_final(internal) IS 'Result of cdp.longest.';

CREATE OR REPLACE FUNCTION cdp_internal.most_frequent_step(state internal, value anyelement)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_most_frequent_step';
REVOKE ALL ON FUNCTION cdp_internal.most_frequent_step(internal, anyelement) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.most_frequent_step(internal, anyelement) IS 'Transition of cdp.most_frequent(value).';

CREATE OR REPLACE FUNCTION cdp_internal.most_frequent_step(state internal, value anyelement, at timestamptz)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_most_frequent_step';
REVOKE ALL ON FUNCTION cdp_internal.most_frequent_step(internal, anyelement, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.most_frequent_step(internal, anyelement, timestamptz) IS
'Transition of cdp.most_frequent(value, at).';

CREATE OR REPLACE FUNCTION cdp_internal.counter_combine(a internal, b internal)
RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_counter_combine';
REVOKE ALL ON FUNCTION cdp_internal.counter_combine(internal, internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.counter_combine(internal, internal) IS 'Joins two partial states of cdp.most_frequent.';

CREATE OR REPLACE FUNCTION cdp_internal.counter_serial(state internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_counter_serial';
REVOKE ALL ON FUNCTION cdp_internal.counter_serial(internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.counter_serial(internal) IS 'A partial state on its way from a parallel worker.';

CREATE OR REPLACE FUNCTION cdp_internal.counter_deserial(state bytea, unused internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_counter_deserial';
REVOKE ALL ON FUNCTION cdp_internal.counter_deserial(bytea, internal) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.counter_deserial(bytea, internal) IS 'A partial state that came from a parallel worker.';

CREATE OR REPLACE FUNCTION cdp_internal.most_frequent_final(state internal, value anyelement)
RETURNS anyelement
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_most_frequent_final';
REVOKE ALL ON FUNCTION cdp_internal.most_frequent_final(internal, anyelement) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.most_frequent_final(internal, anyelement) IS 'Result of cdp.most_frequent(value).';

CREATE OR REPLACE FUNCTION cdp_internal.most_frequent_final(state internal, value anyelement, at timestamptz)
RETURNS anyelement
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_most_frequent_final';
REVOKE ALL ON FUNCTION cdp_internal.most_frequent_final(internal, anyelement, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.most_frequent_final(internal, anyelement, timestamptz) IS
'Result of cdp.most_frequent(value, at).';

CREATE AGGREGATE cdp.most_recent(value anyelement, at timestamptz) (
    SFUNC = cdp_internal.most_recent_step, STYPE = internal, SSPACE = 128,
    COMBINEFUNC = cdp_internal.survivor_combine,
    SERIALFUNC = cdp_internal.survivor_serial, DESERIALFUNC = cdp_internal.survivor_deserial,
    FINALFUNC = cdp_internal.survivor_final, FINALFUNC_EXTRA,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.most_recent(anyelement, timestamptz) IS
'The value with the greatest at. NULL values are skipped; a NULL at counts as older than any. Between values of the same
time the smaller wins (order of the type under collation C), so the result does not depend on the order of rows.
NULL when there is no value.
Example: SELECT customer_no, cdp.most_recent(email, updated_at) FROM crm.contact GROUP BY customer_no;';

CREATE AGGREGATE cdp.earliest(value anyelement, at timestamptz) (
    SFUNC = cdp_internal.earliest_step, STYPE = internal, SSPACE = 128,
    COMBINEFUNC = cdp_internal.survivor_combine,
    SERIALFUNC = cdp_internal.survivor_serial, DESERIALFUNC = cdp_internal.survivor_deserial,
    FINALFUNC = cdp_internal.survivor_final, FINALFUNC_EXTRA,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.earliest(anyelement, timestamptz) IS
'The value with the least at. NULL values are skipped; a NULL at counts as later than any. Between values of the same
time the smaller wins (order of the type under collation C). NULL when there is no value.
Example: SELECT customer_no, cdp.earliest(campaign, ordered_at) FROM shop.orders GROUP BY customer_no;';

CREATE AGGREGATE cdp.most_trusted(value anyelement, trust int, at timestamptz) (
    SFUNC = cdp_internal.most_trusted_step, STYPE = internal, SSPACE = 128,
    COMBINEFUNC = cdp_internal.survivor_combine,
    SERIALFUNC = cdp_internal.survivor_serial, DESERIALFUNC = cdp_internal.survivor_deserial,
    FINALFUNC = cdp_internal.survivor_final, FINALFUNC_EXTRA,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.most_trusted(anyelement, int, timestamptz) IS
'The value with the greatest trust, between equals the one with the greatest at, then the smaller value (order of the
type under collation C). NULL values are skipped; a NULL trust counts as less than any, a NULL at as older than any.
NULL when there is no value.
Example: SELECT customer_no, cdp.most_trusted(birth_date, trust, observed_at) FROM all_contacts GROUP BY customer_no;';

CREATE AGGREGATE cdp.most_frequent(value anyelement) (
    SFUNC = cdp_internal.most_frequent_step, STYPE = internal, SSPACE = 256,
    COMBINEFUNC = cdp_internal.counter_combine,
    SERIALFUNC = cdp_internal.counter_serial, DESERIALFUNC = cdp_internal.counter_deserial,
    FINALFUNC = cdp_internal.most_frequent_final, FINALFUNC_EXTRA,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.most_frequent(anyelement) IS
'The value that occurs most often, between equals the smaller one (order of the type under collation C). NULL values are
skipped. NULL when there is no value. Memory grows with the number of distinct values.
Example: SELECT customer_no, cdp.most_frequent(city) FROM shop.orders GROUP BY customer_no;';

CREATE AGGREGATE cdp.most_frequent(value anyelement, at timestamptz) (
    SFUNC = cdp_internal.most_frequent_step, STYPE = internal, SSPACE = 256,
    COMBINEFUNC = cdp_internal.counter_combine,
    SERIALFUNC = cdp_internal.counter_serial, DESERIALFUNC = cdp_internal.counter_deserial,
    FINALFUNC = cdp_internal.most_frequent_final, FINALFUNC_EXTRA,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.most_frequent(anyelement, timestamptz) IS
'The value that occurs most often, between equals the one seen last, then the smaller one (order of the type under
collation C). NULL values are skipped; a NULL at counts as older than any. NULL when there is no value. Memory grows with
the number of distinct values.
Example: SELECT customer_no, cdp.most_frequent(city, ordered_at) FROM shop.orders GROUP BY customer_no;';

CREATE AGGREGATE cdp.longest(value text) (
    SFUNC = cdp_internal.longest_step, STYPE = internal, SSPACE = 128,
    COMBINEFUNC = cdp_internal.survivor_combine,
    SERIALFUNC = cdp_internal.survivor_serial, DESERIALFUNC = cdp_internal.survivor_deserial,
    FINALFUNC = cdp_internal.survivor_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.longest(text) IS
'The text with most characters (code points), between equals the one with the smaller bytes. NULLs are skipped. NULL when
there is no value.
Example: SELECT customer_no, cdp.longest(given_name) FROM crm.contact GROUP BY customer_no;';
