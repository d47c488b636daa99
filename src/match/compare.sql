-- match: comparisons, for any query. What has no matching key is missing.

CREATE OR REPLACE FUNCTION cdp.compare(measure text, a text, b text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_compare_values';
COMMENT ON FUNCTION cdp.compare(text, text, text) IS
'How two values of a kind agree: the name of the level, as cdp.comparison_levels lists them; NULL when a value is missing or empty. Symmetric. The measures of one value are name, birth_date, date, email, phone, postal_code, street, city, code, id, text and number; given and family names are compared together by cdp.compare_names.
Names, cities, streets, texts and addresses of mail may be as people write them: their matching key is compared (cdp.name_key, cdp.street_key and so on). Of the other kinds give the cleaned value: a date as YYYY-MM-DD, a phone number in E.164, codes and identifiers in capitals.
Errors: CDP23 for an unknown measure or a value of more than 16777216 characters.
Example: SELECT cdp.compare(''name'', ''Bob'', ''Robert'');  -- nickname';

CREATE OR REPLACE FUNCTION cdp.compare_names(given_a text, family_a text, given_b text, family_b text)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_compare_names';
COMMENT ON FUNCTION cdp.compare_names(text, text, text, text) IS
'How the names of two people agree, given and family name together, so that an exchange of the two is seen: the name of the level of the measure person_name, as cdp.comparison_levels lists them. Symmetric. Any name may be NULL: levels that begin with given_ or family_, and misplaced, tell of pairs where a family or a given name is missing; NULL when neither name is there on both sides. A family name that begins with @ is the local part of a mailbox, of somebody of whom no name is known: levels that begin with mail_ tell how it spells the whole name of the other. Names may be as people write them. The built-in nicknames are used.
Errors: CDP23 when a name has more than 16777216 characters.
Example: SELECT cdp.compare_names(''Kate'', ''O''''Hara'', ''Catherine'', ''Ohara'');  -- nickname_exact';

CREATE OR REPLACE FUNCTION cdp.are_nicknames(a text, b text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_are_nicknames';
COMMENT ON FUNCTION cdp.are_nicknames(text, text) IS
'Whether two given names stand for one another: one is a short or pet form or another spelling of the other, or both are of the same name, in the built-in list of English, German, Dutch, Scandinavian, French, Spanish, Italian, Polish and Russian names. Names may be as people write them. Equal names are not nicknames of one another; NULL when a name is missing.
Errors: CDP23 when a name has more than 16777216 characters.
Example: SELECT cdp.are_nicknames(''Bill'', ''William'');  -- t';

CREATE OR REPLACE FUNCTION cdp.comparison_levels(of_measure text DEFAULT NULL)
RETURNS TABLE (measure text, level int, name text, description text, m_default double precision, u_default double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 80
AS 'MODULE_PATHNAME', 'cdp_comparison_levels';
COMMENT ON FUNCTION cdp.comparison_levels(text) IS
'The levels of agreement of a measure, or of all, best first: name, what it says in words, and its default probabilities. m_default: how often two records of one person agree so; u_default: the same for two people. They stand where there is too little data to train, and sum to 1 over a measure; of person_name over the levels with both names, those with a family name only, those with a given name only and those with a mailbox in place of a name. Where people are matched a model has the levels of the parts of an address after the first, in the order of cdp.comparisons, once more: moved_exact, moved_else, ... stand beside a part before that is at its last level, so that a move counts once.
Errors: CDP23 for an unknown measure.
Example: SELECT level, name, description FROM cdp.comparison_levels(''email'');';
