-- clean: names of people.

CREATE OR REPLACE FUNCTION cdp.normalize_name(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_name';
COMMENT ON FUNCTION cdp.normalize_name(text) IS
'A name of a person, cleaned for display: NFC, white space collapsed, invisible characters and noise at the ends removed, apostrophes and dashes in ASCII. All capitals and all small letters become title case (O''BRIEN is O''Brien, MCDONALD is McDonald, ann-marie is Ann-Marie); mixed case stays as written.
NULL when blank or refused; cdp.name_problem says why. At most 1000 characters.
Example: SELECT cdp.normalize_name(U&''  ANN   O\2019BRIEN '');  -- Ann O''Brien';

CREATE OR REPLACE FUNCTION cdp.name_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_name_problem';
COMMENT ON FUNCTION cdp.name_problem(text) IS
'Why cdp.normalize_name refuses a name, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, no letter, looks like an e-mail address, looks like a web address, too long (1000 characters), invalid characters.
Example: SELECT cdp.name_problem(''n/a'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.name_key(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_name_key';
COMMENT ON FUNCTION cdp.name_key(text) IS
'The matching key of a name: any script to Latin, Latin to ASCII, small letters, apostrophes and dots removed, other punctuation a space. Letters of scripts that cannot be brought to Latin stay. The key of a key is the key.
NULL when nothing is left or the value is longer than 100000 bytes. Placeholders are not looked for: make keys of normalised names.
Example: SELECT cdp.name_key(U&''M\00FCller-O\2019Brien'');  -- muller obrien';
