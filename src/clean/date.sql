-- clean: dates.

CREATE OR REPLACE FUNCTION cdp.normalize_date(value text, "order" text DEFAULT 'YMD')
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_date';
COMMENT ON FUNCTION cdp.normalize_date(text, text) IS
'A calendar date from text: ISO 8601 extended and basic, year/month/day with any separator, English month names (7 Mar 1980, March 7th, 1980), and day and month as numbers before the year in the given order (YMD, MDY or DMY). With YMD, the default, no order is assumed for those: 13/04/1980 and 05/05/1980 have one meaning, 03/04/1980 is refused. A time of day after the date is dropped.
NULL when blank or refused; cdp.date_problem says why. Years 1600 to 2200.
Errors: CDP23 when the order is none of the three.
Example: SELECT cdp.normalize_date(''03/04/1980'', ''MDY'');  -- 1980-03-04';

CREATE OR REPLACE FUNCTION cdp.date_problem(value text, "order" text DEFAULT 'YMD')
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_date_problem';
COMMENT ON FUNCTION cdp.date_problem(text, text) IS
'Why cdp.normalize_date refuses a date, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder (zeros, nines, 1900-01-01 and other dates that programs write for none; 1970-01-01 is a date), ambiguous order, impossible in this order, two-digit year, incomplete date, impossible date, year out of range, not a date, too long (100 characters), invalid characters.
Errors: CDP23 when the order is none of YMD, MDY, DMY.
Example: SELECT cdp.date_problem(''03/04/1980'');  -- ambiguous order';

CREATE OR REPLACE FUNCTION cdp.normalize_birth_date(value text, "order" text DEFAULT 'YMD', as_of date DEFAULT current_date)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_date';
COMMENT ON FUNCTION cdp.normalize_birth_date(text, text, date) IS
'A birth date from text: as cdp.normalize_date, and neither after as_of nor more than 130 years before it. 1901-01-01 and 1800-01-01 are placeholders too.
NULL when blank or refused; cdp.birth_date_problem says why.
Errors: CDP23 when the order is none of YMD, MDY, DMY, or as_of is infinite.
Example: SELECT cdp.normalize_birth_date(''7 Mar 1980'');  -- 1980-03-07';

CREATE OR REPLACE FUNCTION cdp.birth_date_problem(value text, "order" text DEFAULT 'YMD', as_of date DEFAULT current_date)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_date_problem';
COMMENT ON FUNCTION cdp.birth_date_problem(text, text, date) IS
'Why cdp.normalize_birth_date refuses a date, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: those of cdp.date_problem, in the future, too old (130 years).
Errors: CDP23 when the order is none of YMD, MDY, DMY, or as_of is infinite.
Example: SELECT cdp.birth_date_problem(''2150-01-01'');  -- in the future';
