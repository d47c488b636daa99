-- core: expressions and conditions that users declare, checked by Postgres's
-- own parser and analyser.

CREATE OR REPLACE FUNCTION cdp_internal.check_expression(
    expression text, relation regclass, what text, want regtype DEFAULT NULL, allow_aggregate boolean DEFAULT false,
    OUT sql text, OUT type regtype)
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_check_expression';
REVOKE ALL ON FUNCTION cdp_internal.check_expression(text, regclass, text, regtype, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.check_expression(text, regclass, text, regtype, boolean) IS
'Checks one SQL expression over a row of relation and gives its stored form: columns as s.column, everything outside of pg_catalog qualified,
coerced to want by assignment. Run it as SELECT <sql> FROM <relation> AS s under search_path = pg_catalog, pg_temp.
In the text, columns may be bare or qualified by the relation''s name or s; other names are looked up in pg_catalog and cdp only.
what starts every error message. allow_aggregate: an aggregate expression over many rows, with no column outside of an aggregate.
Errors (with the text and a position): CDP30 when it is empty or not one bare expression, CDP31 when it has another type than wanted,
CDP32 when it holds a subquery, window, set-returning or volatile function, parameter, whole row, system column or an aggregate that is not allowed,
CDP41 when the relation is gone, and Postgres''s own 42601, 42703, 42883, … for what does not parse or does not exist.
Example: SELECT sql FROM cdp_internal.check_expression(''lower(email)'', ''crm.contact'', ''the field "email"'', ''text'');';

CREATE OR REPLACE FUNCTION cdp_internal.expression_columns(
    expression text, relation regclass, what text, allow_aggregate boolean DEFAULT false)
RETURNS name[]
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_expression_columns';
REVOKE ALL ON FUNCTION cdp_internal.expression_columns(text, regclass, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.expression_columns(text, regclass, text, boolean) IS
'The columns of relation that an expression reads, in the order of the relation. Checks like cdp_internal.check_expression.';
