-- clean: countries, states, postal codes.

CREATE OR REPLACE FUNCTION cdp.normalize_country(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_country';
COMMENT ON FUNCTION cdp.normalize_country(text) IS
'A country as its ISO 3166-1 alpha-2 code, from any of its three codes, its name in English or in its own main language, or a common variant (USA, England, Holland). NA is Namibia, n/a is a placeholder.
NULL when blank or refused; cdp.country_problem says why.
Example: SELECT cdp.normalize_country(''United States of America'');  -- US';

CREATE OR REPLACE FUNCTION cdp.country_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_country_problem';
COMMENT ON FUNCTION cdp.country_problem(text) IS
'Why cdp.normalize_country refuses a country, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, unknown country, too long (200 characters), invalid characters.
Example: SELECT cdp.country_problem(''Atlantis'');  -- unknown country';

CREATE OR REPLACE FUNCTION cdp.normalize_state(value text, country text DEFAULT 'US')
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_state';
COMMENT ON FUNCTION cdp.normalize_state(text, text) IS
'A state, province or territory as its postal code, from the code, the ISO 3166-2 code (US-CA), the name or a common abbreviation, for the United States with territories and military addresses, Canada and Australia. For other countries the text, tidied. country in any form that cdp.normalize_country takes.
NULL when blank or refused; cdp.state_problem says why.
Example: SELECT cdp.normalize_state(''Calif.'');  -- CA';

CREATE OR REPLACE FUNCTION cdp.state_problem(value text, country text DEFAULT 'US')
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_state_problem';
COMMENT ON FUNCTION cdp.state_problem(text, text) IS
'Why cdp.normalize_state refuses a state, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, unknown state, too long (200 characters), invalid characters.
Example: SELECT cdp.state_problem(''Ontario'', ''US'');  -- unknown state';

CREATE OR REPLACE FUNCTION cdp.normalize_postal_code(value text, country text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_postal_code';
COMMENT ON FUNCTION cdp.normalize_postal_code(text, text) IS
'A postal code in the writing of its country: capitals, space and hyphen where the country has them (12345-6789, K1A 0B1, SW1A 1AA). Known are the patterns of more than 120 countries; a code of any other country or of an unknown one is taken when its shape is plausible. For the United States a leading zero that was lost is put back (2134 is 02134), and the four digits of ZIP+4 are kept unless they are zeros. country in any form that cdp.normalize_country takes.
NULL when blank or refused; cdp.postal_code_problem says why.
Example: SELECT cdp.normalize_postal_code(''sw1a1aa'', ''GB'');  -- SW1A 1AA';

CREATE OR REPLACE FUNCTION cdp.normalize_postal_code(value text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_postal_code';
COMMENT ON FUNCTION cdp.normalize_postal_code(text) IS
'The same for the country in the setting cdp.default_region.
Example: SELECT cdp.normalize_postal_code(''123456789'');  -- 12345-6789';

CREATE OR REPLACE FUNCTION cdp.postal_code_problem(value text, country text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_postal_code_problem';
COMMENT ON FUNCTION cdp.postal_code_problem(text, text) IS
'Why cdp.normalize_postal_code refuses a code, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder (zeros, nines, X), not valid for its country, too long (40 characters), invalid characters.
Example: SELECT cdp.postal_code_problem(''00000'', ''US'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.postal_code_problem(value text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_postal_code_problem';
COMMENT ON FUNCTION cdp.postal_code_problem(text) IS
'The same for the country in the setting cdp.default_region.
Example: SELECT cdp.postal_code_problem(''1234567'');  -- not valid for its country';
