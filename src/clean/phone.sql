-- clean: telephone numbers.

CREATE OR REPLACE FUNCTION cdp.normalize_phone(value text, region text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_phone';
COMMENT ON FUNCTION cdp.normalize_phone(text, text) IS
'A telephone number, written in any way, in E.164, with ;ext= and the extension after it when there is one. region is the country that a number without + is seen from (ISO 3166-1 alpha-2). A number is accepted when libphonenumber holds it for valid.
NULL when blank or refused; cdp.phone_problem says why.
Example: SELECT cdp.normalize_phone(''(212) 555-1234 x77'', ''US'');  -- +12125551234;ext=77';

CREATE OR REPLACE FUNCTION cdp.normalize_phone(value text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_phone';
COMMENT ON FUNCTION cdp.normalize_phone(text) IS
'The same, as seen from the country in the setting cdp.default_region.
Example: SELECT cdp.normalize_phone(''(212) 555-1234'');  -- +12125551234';

CREATE OR REPLACE FUNCTION cdp.phone_problem(value text, region text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_problem';
COMMENT ON FUNCTION cdp.phone_problem(text, text) IS
'Why cdp.normalize_phone refuses a number, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, not a number, too short, too long, wrong length, no area code, not valid for its region, unknown region (no + and region is no country), unknown country calling code, invalid characters.
Example: SELECT cdp.phone_problem(''000-000-0000'', ''US'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.phone_problem(value text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_problem';
COMMENT ON FUNCTION cdp.phone_problem(text) IS
'The same, as seen from the country in the setting cdp.default_region.
Example: SELECT cdp.phone_problem(''12'');  -- too short';

CREATE OR REPLACE FUNCTION cdp_internal.normalize_phone_library(value text, region text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_phone_library';
REVOKE ALL ON FUNCTION cdp_internal.normalize_phone_library(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.normalize_phone_library(text, text) IS
'The same as cdp.normalize_phone without its fast path for North America, to compare the two.
Example: SELECT cdp_internal.normalize_phone_library(x, ''US'') IS NOT DISTINCT FROM cdp.normalize_phone(x, ''US'');';

CREATE OR REPLACE FUNCTION cdp_internal.phone_problem_library(value text, region text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_problem_library';
REVOKE ALL ON FUNCTION cdp_internal.phone_problem_library(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.phone_problem_library(text, text) IS
'The same as cdp.phone_problem without its fast path for North America, to compare the two.
Example: SELECT cdp_internal.phone_problem_library(x, ''US'') IS NOT DISTINCT FROM cdp.phone_problem(x, ''US'');';

CREATE OR REPLACE FUNCTION cdp_internal.phone_fast_path()
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_phone_fast_path';
REVOKE ALL ON FUNCTION cdp_internal.phone_fast_path() FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.phone_fast_path() IS
'Whether the fast path for North American numbers is on: it is off when the numbering plans of the installed libphonenumber cannot be read or do not give its answers.
Example: SELECT cdp_internal.phone_fast_path();';
