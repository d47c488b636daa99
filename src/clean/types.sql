-- clean: the types cdp.email and cdp.phone. Run once.

CREATE TYPE cdp.email;

CREATE FUNCTION cdp_internal.email_in(value cstring)
RETURNS cdp.email
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_in';
COMMENT ON FUNCTION cdp_internal.email_in(cstring) IS 'Input of cdp.email: cleans, or raises CDP80 with the reason.';

CREATE FUNCTION cdp_internal.email_out(value cdp.email)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_out';
COMMENT ON FUNCTION cdp_internal.email_out(cdp.email) IS 'Output of cdp.email.';

CREATE FUNCTION cdp_internal.email_recv(value internal)
RETURNS cdp.email
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_recv';
COMMENT ON FUNCTION cdp_internal.email_recv(internal) IS 'Binary input of cdp.email: cleans, or raises CDP80 with the reason.';

CREATE FUNCTION cdp_internal.email_send(value cdp.email)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_send';
COMMENT ON FUNCTION cdp_internal.email_send(cdp.email) IS 'Binary output of cdp.email: the text in the encoding of the client.';

CREATE TYPE cdp.email (
    INPUT = cdp_internal.email_in,
    OUTPUT = cdp_internal.email_out,
    RECEIVE = cdp_internal.email_recv,
    SEND = cdp_internal.email_send,
    LIKE = text,
    CATEGORY = 'S'
);
COMMENT ON TYPE cdp.email IS
'an e-mail address in its clean form, see cdp.normalize_email; input cleans, and refuses with CDP80 what is none (while check_function_bodies is off, as in restoring a dump, a value in the shape of the clean form is taken as it is).
Compared and ordered by its bytes. The operators are in schema cdp: with cdp in search_path a literal beside an address is cleaned too (email = ''Ann@Example.com''); without it the comparison is that of text.';

CREATE FUNCTION cdp.email(value text)
RETURNS cdp.email
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_from_text';
COMMENT ON FUNCTION cdp.email(text) IS 'A text as cdp.email: cleans, or raises CDP80 with the reason.
Example: SELECT cdp.email(''Ann@Example.com'');';

CREATE FUNCTION cdp_internal.email_trusted(value text)
RETURNS cdp.email
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_trusted';
REVOKE ALL ON FUNCTION cdp_internal.email_trusted(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.email_trusted(text) IS 'A text that cdp.normalize_email has just made, as cdp.email, without checking it again.';

CREATE FUNCTION cdp_internal.personal_email(value cdp.email)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_personal_email';
REVOKE ALL ON FUNCTION cdp_internal.personal_email(cdp.email) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.personal_email(cdp.email) IS 'The matching key (cdp.email_key) of an address, by which people are compared; null for that of a role.';

CREATE CAST (cdp.email AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS cdp.email) WITH FUNCTION cdp.email(text) AS ASSIGNMENT;

CREATE FUNCTION cdp_internal.email_cmp(a cdp.email, b cdp.email)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_cmp';
COMMENT ON FUNCTION cdp_internal.email_cmp(cdp.email, cdp.email) IS 'Order of cdp.email by its bytes: less than, equal to or greater than 0.';

CREATE FUNCTION cdp_internal.email_eq(a cdp.email, b cdp.email)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_eq';
COMMENT ON FUNCTION cdp_internal.email_eq(cdp.email, cdp.email) IS 'cdp.email equal to, by bytes.';

CREATE FUNCTION cdp_internal.email_ne(a cdp.email, b cdp.email)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_ne';
COMMENT ON FUNCTION cdp_internal.email_ne(cdp.email, cdp.email) IS 'cdp.email different from, by bytes.';

CREATE FUNCTION cdp_internal.email_lt(a cdp.email, b cdp.email)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_lt';
COMMENT ON FUNCTION cdp_internal.email_lt(cdp.email, cdp.email) IS 'cdp.email before, by bytes.';

CREATE FUNCTION cdp_internal.email_le(a cdp.email, b cdp.email)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_le';
COMMENT ON FUNCTION cdp_internal.email_le(cdp.email, cdp.email) IS 'cdp.email before or equal to, by bytes.';

CREATE FUNCTION cdp_internal.email_gt(a cdp.email, b cdp.email)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_gt';
COMMENT ON FUNCTION cdp_internal.email_gt(cdp.email, cdp.email) IS 'cdp.email after, by bytes.';

CREATE FUNCTION cdp_internal.email_ge(a cdp.email, b cdp.email)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_ge';
COMMENT ON FUNCTION cdp_internal.email_ge(cdp.email, cdp.email) IS 'cdp.email after or equal to, by bytes.';

CREATE FUNCTION cdp_internal.email_hash(value cdp.email)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_hash';
COMMENT ON FUNCTION cdp_internal.email_hash(cdp.email) IS 'Hash of cdp.email.';

CREATE FUNCTION cdp_internal.email_hash_extended(value cdp.email, seed bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_hash_extended';
COMMENT ON FUNCTION cdp_internal.email_hash_extended(cdp.email, bigint) IS 'Hash of cdp.email with a seed.';

CREATE FUNCTION cdp_internal.email_smaller(a cdp.email, b cdp.email)
RETURNS cdp.email
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_smaller';
COMMENT ON FUNCTION cdp_internal.email_smaller(cdp.email, cdp.email) IS 'The first of two values of cdp.email.';

CREATE FUNCTION cdp_internal.email_larger(a cdp.email, b cdp.email)
RETURNS cdp.email
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_larger';
COMMENT ON FUNCTION cdp_internal.email_larger(cdp.email, cdp.email) IS 'The last of two values of cdp.email.';

CREATE OPERATOR cdp.= (
    FUNCTION = cdp_internal.email_eq, LEFTARG = cdp.email, RIGHTARG = cdp.email,
    COMMUTATOR = OPERATOR(cdp.=), NEGATOR = OPERATOR(cdp.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR cdp.<> (
    FUNCTION = cdp_internal.email_ne, LEFTARG = cdp.email, RIGHTARG = cdp.email,
    COMMUTATOR = OPERATOR(cdp.<>), NEGATOR = OPERATOR(cdp.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR cdp.< (
    FUNCTION = cdp_internal.email_lt, LEFTARG = cdp.email, RIGHTARG = cdp.email,
    COMMUTATOR = OPERATOR(cdp.>), NEGATOR = OPERATOR(cdp.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR cdp.<= (
    FUNCTION = cdp_internal.email_le, LEFTARG = cdp.email, RIGHTARG = cdp.email,
    COMMUTATOR = OPERATOR(cdp.>=), NEGATOR = OPERATOR(cdp.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR cdp.> (
    FUNCTION = cdp_internal.email_gt, LEFTARG = cdp.email, RIGHTARG = cdp.email,
    COMMUTATOR = OPERATOR(cdp.<), NEGATOR = OPERATOR(cdp.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR cdp.>= (
    FUNCTION = cdp_internal.email_ge, LEFTARG = cdp.email, RIGHTARG = cdp.email,
    COMMUTATOR = OPERATOR(cdp.<=), NEGATOR = OPERATOR(cdp.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);

CREATE OPERATOR CLASS cdp.email_ops DEFAULT FOR TYPE cdp.email USING btree AS
    OPERATOR 1 cdp.<, OPERATOR 2 cdp.<=, OPERATOR 3 cdp.=, OPERATOR 4 cdp.>=, OPERATOR 5 cdp.>,
    FUNCTION 1 cdp_internal.email_cmp(cdp.email, cdp.email), FUNCTION 4 btequalimage(oid);
CREATE OPERATOR CLASS cdp.email_hash_ops DEFAULT FOR TYPE cdp.email USING hash AS
    OPERATOR 1 cdp.=,
    FUNCTION 1 cdp_internal.email_hash(cdp.email), FUNCTION 2 cdp_internal.email_hash_extended(cdp.email, bigint);

CREATE AGGREGATE cdp.min(cdp.email) (
    SFUNC = cdp_internal.email_smaller, STYPE = cdp.email, COMBINEFUNC = cdp_internal.email_smaller,
    SORTOP = OPERATOR(cdp.<), PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.min(cdp.email) IS 'The first value by bytes.
Example: SELECT cdp.min(email) FROM customer.profile;';
CREATE AGGREGATE cdp.max(cdp.email) (
    SFUNC = cdp_internal.email_larger, STYPE = cdp.email, COMBINEFUNC = cdp_internal.email_larger,
    SORTOP = OPERATOR(cdp.>), PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.max(cdp.email) IS 'The last value by bytes.
Example: SELECT cdp.max(email) FROM customer.profile;';

CREATE TYPE cdp.phone;

CREATE FUNCTION cdp_internal.phone_in(value cstring)
RETURNS cdp.phone
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_in';
COMMENT ON FUNCTION cdp_internal.phone_in(cstring) IS 'Input of cdp.phone: cleans, or raises CDP80 with the reason.';

CREATE FUNCTION cdp_internal.phone_out(value cdp.phone)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_out';
COMMENT ON FUNCTION cdp_internal.phone_out(cdp.phone) IS 'Output of cdp.phone.';

CREATE FUNCTION cdp_internal.phone_recv(value internal)
RETURNS cdp.phone
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_recv';
COMMENT ON FUNCTION cdp_internal.phone_recv(internal) IS 'Binary input of cdp.phone: cleans, or raises CDP80 with the reason.';

CREATE FUNCTION cdp_internal.phone_send(value cdp.phone)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_send';
COMMENT ON FUNCTION cdp_internal.phone_send(cdp.phone) IS 'Binary output of cdp.phone: the text in the encoding of the client.';

CREATE TYPE cdp.phone (
    INPUT = cdp_internal.phone_in,
    OUTPUT = cdp_internal.phone_out,
    RECEIVE = cdp_internal.phone_recv,
    SEND = cdp_internal.phone_send,
    LIKE = text,
    CATEGORY = 'S'
);
COMMENT ON TYPE cdp.phone IS
'a telephone number in E.164 with ;ext= and an extension where there is one, see cdp.normalize_phone; input cleans, as seen from cdp.default_region, and refuses with CDP80 what is none (while check_function_bodies is off, as in restoring a dump, a value in the shape of the clean form is taken as it is).
Compared and ordered by its bytes. The operators are in schema cdp: with cdp in search_path a literal beside a number is cleaned too (phone = ''(212) 555-1234''); without it the comparison is that of text.';

CREATE FUNCTION cdp.phone(value text)
RETURNS cdp.phone
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_from_text';
COMMENT ON FUNCTION cdp.phone(text) IS 'A text as cdp.phone: cleans, or raises CDP80 with the reason.
Example: SELECT cdp.phone(''(212) 555-1234'');';

CREATE FUNCTION cdp_internal.phone_trusted(value text)
RETURNS cdp.phone
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_trusted';
REVOKE ALL ON FUNCTION cdp_internal.phone_trusted(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.phone_trusted(text) IS 'A text that cdp.normalize_phone has just made, as cdp.phone, without checking it again.';

CREATE CAST (cdp.phone AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS cdp.phone) WITH FUNCTION cdp.phone(text) AS ASSIGNMENT;

CREATE FUNCTION cdp_internal.phone_cmp(a cdp.phone, b cdp.phone)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_cmp';
COMMENT ON FUNCTION cdp_internal.phone_cmp(cdp.phone, cdp.phone) IS 'Order of cdp.phone by its bytes: less than, equal to or greater than 0.';

CREATE FUNCTION cdp_internal.phone_eq(a cdp.phone, b cdp.phone)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_eq';
COMMENT ON FUNCTION cdp_internal.phone_eq(cdp.phone, cdp.phone) IS 'cdp.phone equal to, by bytes.';

CREATE FUNCTION cdp_internal.phone_ne(a cdp.phone, b cdp.phone)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_ne';
COMMENT ON FUNCTION cdp_internal.phone_ne(cdp.phone, cdp.phone) IS 'cdp.phone different from, by bytes.';

CREATE FUNCTION cdp_internal.phone_lt(a cdp.phone, b cdp.phone)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_lt';
COMMENT ON FUNCTION cdp_internal.phone_lt(cdp.phone, cdp.phone) IS 'cdp.phone before, by bytes.';

CREATE FUNCTION cdp_internal.phone_le(a cdp.phone, b cdp.phone)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_le';
COMMENT ON FUNCTION cdp_internal.phone_le(cdp.phone, cdp.phone) IS 'cdp.phone before or equal to, by bytes.';

CREATE FUNCTION cdp_internal.phone_gt(a cdp.phone, b cdp.phone)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_gt';
COMMENT ON FUNCTION cdp_internal.phone_gt(cdp.phone, cdp.phone) IS 'cdp.phone after, by bytes.';

CREATE FUNCTION cdp_internal.phone_ge(a cdp.phone, b cdp.phone)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_ge';
COMMENT ON FUNCTION cdp_internal.phone_ge(cdp.phone, cdp.phone) IS 'cdp.phone after or equal to, by bytes.';

CREATE FUNCTION cdp_internal.phone_hash(value cdp.phone)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_hash';
COMMENT ON FUNCTION cdp_internal.phone_hash(cdp.phone) IS 'Hash of cdp.phone.';

CREATE FUNCTION cdp_internal.phone_hash_extended(value cdp.phone, seed bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_hash_extended';
COMMENT ON FUNCTION cdp_internal.phone_hash_extended(cdp.phone, bigint) IS 'Hash of cdp.phone with a seed.';

CREATE FUNCTION cdp_internal.phone_smaller(a cdp.phone, b cdp.phone)
RETURNS cdp.phone
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_smaller';
COMMENT ON FUNCTION cdp_internal.phone_smaller(cdp.phone, cdp.phone) IS 'The first of two values of cdp.phone.';

CREATE FUNCTION cdp_internal.phone_larger(a cdp.phone, b cdp.phone)
RETURNS cdp.phone
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_value_larger';
COMMENT ON FUNCTION cdp_internal.phone_larger(cdp.phone, cdp.phone) IS 'The last of two values of cdp.phone.';

CREATE OPERATOR cdp.= (
    FUNCTION = cdp_internal.phone_eq, LEFTARG = cdp.phone, RIGHTARG = cdp.phone,
    COMMUTATOR = OPERATOR(cdp.=), NEGATOR = OPERATOR(cdp.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR cdp.<> (
    FUNCTION = cdp_internal.phone_ne, LEFTARG = cdp.phone, RIGHTARG = cdp.phone,
    COMMUTATOR = OPERATOR(cdp.<>), NEGATOR = OPERATOR(cdp.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR cdp.< (
    FUNCTION = cdp_internal.phone_lt, LEFTARG = cdp.phone, RIGHTARG = cdp.phone,
    COMMUTATOR = OPERATOR(cdp.>), NEGATOR = OPERATOR(cdp.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR cdp.<= (
    FUNCTION = cdp_internal.phone_le, LEFTARG = cdp.phone, RIGHTARG = cdp.phone,
    COMMUTATOR = OPERATOR(cdp.>=), NEGATOR = OPERATOR(cdp.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR cdp.> (
    FUNCTION = cdp_internal.phone_gt, LEFTARG = cdp.phone, RIGHTARG = cdp.phone,
    COMMUTATOR = OPERATOR(cdp.<), NEGATOR = OPERATOR(cdp.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR cdp.>= (
    FUNCTION = cdp_internal.phone_ge, LEFTARG = cdp.phone, RIGHTARG = cdp.phone,
    COMMUTATOR = OPERATOR(cdp.<=), NEGATOR = OPERATOR(cdp.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);

CREATE OPERATOR CLASS cdp.phone_ops DEFAULT FOR TYPE cdp.phone USING btree AS
    OPERATOR 1 cdp.<, OPERATOR 2 cdp.<=, OPERATOR 3 cdp.=, OPERATOR 4 cdp.>=, OPERATOR 5 cdp.>,
    FUNCTION 1 cdp_internal.phone_cmp(cdp.phone, cdp.phone), FUNCTION 4 btequalimage(oid);
CREATE OPERATOR CLASS cdp.phone_hash_ops DEFAULT FOR TYPE cdp.phone USING hash AS
    OPERATOR 1 cdp.=,
    FUNCTION 1 cdp_internal.phone_hash(cdp.phone), FUNCTION 2 cdp_internal.phone_hash_extended(cdp.phone, bigint);

CREATE AGGREGATE cdp.min(cdp.phone) (
    SFUNC = cdp_internal.phone_smaller, STYPE = cdp.phone, COMBINEFUNC = cdp_internal.phone_smaller,
    SORTOP = OPERATOR(cdp.<), PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.min(cdp.phone) IS 'The first value by bytes.
Example: SELECT cdp.min(phone) FROM customer.profile;';
CREATE AGGREGATE cdp.max(cdp.phone) (
    SFUNC = cdp_internal.phone_larger, STYPE = cdp.phone, COMBINEFUNC = cdp_internal.phone_larger,
    SORTOP = OPERATOR(cdp.>), PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp.max(cdp.phone) IS 'The last value by bytes.
Example: SELECT cdp.max(phone) FROM customer.profile;';
COMMENT ON OPERATOR cdp.< (cdp.email, cdp.email) IS 'is less, by bytes';
COMMENT ON OPERATOR cdp.<= (cdp.email, cdp.email) IS 'is less or equal, by bytes';
COMMENT ON OPERATOR cdp.= (cdp.email, cdp.email) IS 'is equal';
COMMENT ON OPERATOR cdp.<> (cdp.email, cdp.email) IS 'is not equal';
COMMENT ON OPERATOR cdp.>= (cdp.email, cdp.email) IS 'is greater or equal, by bytes';
COMMENT ON OPERATOR cdp.> (cdp.email, cdp.email) IS 'is greater, by bytes';
COMMENT ON OPERATOR cdp.< (cdp.phone, cdp.phone) IS 'is less, by bytes';
COMMENT ON OPERATOR cdp.<= (cdp.phone, cdp.phone) IS 'is less or equal, by bytes';
COMMENT ON OPERATOR cdp.= (cdp.phone, cdp.phone) IS 'is equal';
COMMENT ON OPERATOR cdp.<> (cdp.phone, cdp.phone) IS 'is not equal';
COMMENT ON OPERATOR cdp.>= (cdp.phone, cdp.phone) IS 'is greater or equal, by bytes';
COMMENT ON OPERATOR cdp.> (cdp.phone, cdp.phone) IS 'is greater, by bytes';
