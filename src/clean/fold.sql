-- clean: the Unicode work under all normalisers, open to tests only.

CREATE OR REPLACE FUNCTION cdp_internal.tidy(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_tidy_text';
REVOKE ALL ON FUNCTION cdp_internal.tidy(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.tidy(text) IS
'A text in NFC with white space collapsed, invisible characters removed, apostrophes and dashes in ASCII; NULL when nothing is left or it is too long.
Example: SELECT cdp_internal.tidy(U&'' O\2019Brien '');';

CREATE OR REPLACE FUNCTION cdp_internal.tidy_icu(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_tidy_text_icu';
REVOKE ALL ON FUNCTION cdp_internal.tidy_icu(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.tidy_icu(text) IS
'The same as cdp_internal.tidy without its path for ASCII, to compare the two.
Example: SELECT cdp_internal.tidy_icu(x) = cdp_internal.tidy(x);';

CREATE OR REPLACE FUNCTION cdp_internal.fold_icu(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_fold_text_icu';
REVOKE ALL ON FUNCTION cdp_internal.fold_icu(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.fold_icu(text) IS
'The same as cdp.text_key without its path for ASCII, to compare the two.
Example: SELECT cdp_internal.fold_icu(x) = cdp.text_key(x);';
