-- clean: free text, streets, identifiers, numbers, genders.

CREATE OR REPLACE FUNCTION cdp.normalize_text(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_text';
COMMENT ON FUNCTION cdp.normalize_text(text) IS
'A text in NFC with white space collapsed to single spaces and trimmed, and controls and other invisible characters removed; case and punctuation stay.
NULL when blank or refused; cdp.text_problem says why. At most 100000 characters.
Example: SELECT cdp.normalize_text(''  two   words '');  -- two words';

CREATE OR REPLACE FUNCTION cdp.text_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_text_problem';
COMMENT ON FUNCTION cdp.text_problem(text) IS
'Why cdp.normalize_text refuses a text, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, too long (100000 characters), invalid characters.
Example: SELECT cdp.text_problem(''n/a'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.text_key(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_text_key';
COMMENT ON FUNCTION cdp.text_key(text) IS
'The matching key of a text: any script to Latin, Latin to ASCII, small letters and digits, words apart by one space; apostrophes and dots are removed, other punctuation ends a word. Letters of scripts that cannot be brought to Latin stay. The key of a key is the key.
NULL when nothing is left or the value is longer than 100000 bytes.
Example: SELECT cdp.text_key(U&''Caf\00E9  "Zo\00EB"'');  -- cafe zoe';

CREATE OR REPLACE FUNCTION cdp.normalize_street(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_street';
COMMENT ON FUNCTION cdp.normalize_street(text) IS
'A street line, tidied as cdp.normalize_text does, apostrophes and dashes in ASCII, punctuation at the end removed; words and case stay.
NULL when blank or refused; cdp.street_problem says why. At most 1000 characters.
Example: SELECT cdp.normalize_street('' 12  Main Street, '');  -- 12 Main Street';

CREATE OR REPLACE FUNCTION cdp.street_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_street_problem';
COMMENT ON FUNCTION cdp.street_problem(text) IS
'Why cdp.normalize_street refuses a street line, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, looks like an e-mail address, too long (1000 characters), invalid characters.
Example: SELECT cdp.street_problem(''unknown'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.street_key(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_street_key';
COMMENT ON FUNCTION cdp.street_key(text) IS
'The matching key of a street line: as cdp.text_key, with the words of addresses in their postal abbreviation (street st, avenue ave, north n, saint st, first 1st), a post office box as po box, and without the words that only announce a unit (apartment, unit, flat, number). American, British and Australian words. The key of a key is the key.
NULL when nothing is left.
Example: SELECT cdp.street_key(''12 North Main Street, Apt. 4'');  -- 12 n main st 4';

CREATE OR REPLACE FUNCTION cdp.normalize_id(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_id';
COMMENT ON FUNCTION cdp.normalize_id(text) IS
'An identifier (social security, loyalty, passport number) in the form in which it is compared: capitals and digits without punctuation or spaces.
NULL when blank or refused; cdp.id_problem says why. At most 200 characters.
Example: SELECT cdp.normalize_id('' ab-123 456 '');  -- AB123456';

CREATE OR REPLACE FUNCTION cdp.id_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_id_problem';
COMMENT ON FUNCTION cdp.id_problem(text) IS
'Why cdp.normalize_id refuses an identifier, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder (zeros, one digit throughout, a count up or down, n/a and the like, numbers printed in advertisements), too long (200 characters), invalid characters.
Example: SELECT cdp.id_problem(''000-00-0000'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.normalize_number(value text)
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_number';
COMMENT ON FUNCTION cdp.normalize_number(text) IS
'A number from text: sign or parentheses for negative, a currency sign or code around it, thousands apart by commas, dots, spaces, apostrophes or underscores, decimal dot or comma, exponent. Of two different separators the last is the decimal one; a single comma before exactly three digits groups thousands (1,234 is 1234), a single dot is decimal.
NULL when blank or refused; cdp.number_problem says why. At most 100 characters, exponent up to 200.
Example: SELECT cdp.normalize_number(''($1,234.50)'');  -- -1234.50';

CREATE OR REPLACE FUNCTION cdp.number_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_number_problem';
COMMENT ON FUNCTION cdp.number_problem(text) IS
'Why cdp.normalize_number refuses a number, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, not a number, out of range, too long (100 characters), invalid characters.
Example: SELECT cdp.number_problem(''twelve'');  -- not a number';

CREATE OR REPLACE FUNCTION cdp.normalize_gender(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_gender';
COMMENT ON FUNCTION cdp.normalize_gender(text) IS
'A gender as female, male or nonbinary, from the words and letters in use in English, German, French, Spanish and Italian; 1 and 2 are male and female (ISO 5218).
NULL when blank or refused; cdp.gender_problem says why.
Example: SELECT cdp.normalize_gender(''F'');  -- female';

CREATE OR REPLACE FUNCTION cdp.gender_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_gender_problem';
COMMENT ON FUNCTION cdp.gender_problem(text) IS
'Why cdp.normalize_gender refuses a value, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder (unknown, U, 0, 9, prefer not to say), unknown gender, too long (100 characters), invalid characters.
Example: SELECT cdp.gender_problem(''unknown'');  -- placeholder';
