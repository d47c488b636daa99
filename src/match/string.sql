-- match: string measures, for any query. Characters are code points.

CREATE OR REPLACE FUNCTION cdp.levenshtein(a text, b text)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_levenshtein_text';
COMMENT ON FUNCTION cdp.levenshtein(text, text) IS
'Levenshtein distance: the least number of characters to insert, delete or replace to make one text of the other (Levenshtein 1966; bit-parallel after Myers 1999 and Hyyrö 2003, banded after Ukkonen 1985). A metric: 0 for equal texts, at most the length of the longer.
Time grows with length times distance; two texts of a million characters that share nothing take a minute or two and can be cancelled. Errors: CDP23 when a text has more than 16777216 characters, or the distance is not found after 2^35 steps of 64 cells of the table, which texts of up to a million characters never reach.
Example: SELECT cdp.levenshtein(''kitten'', ''sitting'');  -- 3';

CREATE OR REPLACE FUNCTION cdp.levenshtein_within(a text, b text, k integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_levenshtein_text_within';
COMMENT ON FUNCTION cdp.levenshtein_within(text, text, integer) IS
'cdp.levenshtein when it is at most k, NULL when it is greater (or k is negative). Only what a distance of k can touch is computed, and it stops as soon as k is out of reach: for small k much faster on long texts.
Errors: CDP23 when a text has more than 16777216 characters, or k is so great that the work is that of two very long texts.
Example: SELECT cdp.levenshtein_within(''kitten'', ''sitting'', 1);  -- NULL';

CREATE OR REPLACE FUNCTION cdp.osa_distance(a text, b text)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_osa_text';
COMMENT ON FUNCTION cdp.osa_distance(text, text) IS
'Optimal string alignment: like cdp.levenshtein, and swapping two neighbouring characters counts 1, but no part of the text is edited twice (Hyyrö 2003, bit-parallel). Not a metric: the triangle inequality can fail; cdp.damerau_levenshtein is one.
Time grows with length times distance; two texts of a million characters that share nothing take a minute or two and can be cancelled. Errors: CDP23 when a text has more than 16777216 characters, or the distance is not found after 2^35 steps of 64 cells of the table, which texts of up to a million characters never reach.
Example: SELECT cdp.osa_distance(''ca'', ''abc'');  -- 3';

CREATE OR REPLACE FUNCTION cdp.osa_within(a text, b text, k integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_osa_text_within';
COMMENT ON FUNCTION cdp.osa_within(text, text, integer) IS
'cdp.osa_distance when it is at most k, NULL when it is greater (or k is negative). Only what a distance of k can touch is computed, and it stops as soon as k is out of reach: for small k much faster on long texts.
Errors: CDP23 when a text has more than 16777216 characters, or k is so great that the work is that of two very long texts.
Example: SELECT cdp.osa_within(''ca'', ''abc'', 1);  -- NULL';

CREATE OR REPLACE FUNCTION cdp.damerau_levenshtein(a text, b text)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_damerau_text';
COMMENT ON FUNCTION cdp.damerau_levenshtein(text, text) IS
'Unrestricted Damerau-Levenshtein distance: like cdp.levenshtein, and swapping two neighbouring characters counts 1, also when more is edited between them (Lowrance and Wagner 1975, in linear memory after Zhao and Sahni 2020). A metric.
Time grows with length times distance, one cell at a time, and can be cancelled. Errors: CDP23 when a text has more than 16777216 characters, or the distance is not found after 2^33 cells of the table, which texts of up to 65000 characters never reach.
Example: SELECT cdp.damerau_levenshtein(''ca'', ''abc'');  -- 2';

CREATE OR REPLACE FUNCTION cdp.damerau_levenshtein_within(a text, b text, k integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_damerau_text_within';
COMMENT ON FUNCTION cdp.damerau_levenshtein_within(text, text, integer) IS
'cdp.damerau_levenshtein when it is at most k, NULL when it is greater (or k is negative). Only what a distance of k can touch is computed, and it stops as soon as k is out of reach: for small k much faster on long texts.
Errors: CDP23 when a text has more than 16777216 characters, or k is so great that the work is that of two very long texts.
Example: SELECT cdp.damerau_levenshtein_within(''ca'', ''abc'', 1);  -- NULL';

CREATE OR REPLACE FUNCTION cdp.jaro(a text, b text)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_jaro_text';
COMMENT ON FUNCTION cdp.jaro(text, text) IS
'Jaro similarity, 0 to 1: with m characters that are equal and at most half the longer length less one apart, t of them out of order by halves (rounded down), (m/|a| + m/|b| + (m - t)/m) / 3 (Jaro 1989). Symmetric. 0 when a text is empty, also when both are: nothing agrees. Time is linear in the lengths.
Errors: CDP23 when a text has more than 16777216 characters.
Example: SELECT round(cdp.jaro(''martha'', ''marhta'')::numeric, 3);  -- 0.944';

CREATE OR REPLACE FUNCTION cdp.jaro_winkler(a text, b text, long_strings boolean DEFAULT false)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_jaro_winkler_text';
COMMENT ON FUNCTION cdp.jaro_winkler(text, text, boolean) IS
'Jaro-Winkler similarity, 0 to 1: when cdp.jaro s is above 0.7, s + p * 0.1 * (1 - s) with p the number of equal characters at the beginning, at most 4 (Winkler 1990). With long_strings, Winkler''s adjustment of 1994 for texts of more than 4 characters that agree in most: the rest moves a further (m - p - 1)/(|a| + |b| - 2p + 2) towards 1. 0 when a text is empty.
Errors: CDP23 when a text has more than 16777216 characters.
Example: SELECT round(cdp.jaro_winkler(''martha'', ''marhta'')::numeric, 3);  -- 0.961';

CREATE OR REPLACE FUNCTION cdp.qgram_jaccard(a text, b text, q integer DEFAULT 2)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_qgram_jaccard_text';
COMMENT ON FUNCTION cdp.qgram_jaccard(text, text, integer) IS
'Jaccard coefficient of the sets of q-grams, 0 to 1: how many both have by how many either has (Jaccard 1901; q-grams Ukkonen 1992). The q-grams are the substrings of q characters, without padding at the ends; a text shorter than q is its own only one. 1 for equal texts, also when both are empty; symmetric. With q = 1 the sets of characters.
Errors: CDP23 when q is less than 1 or a text has more than 16777216 characters.
Example: SELECT cdp.qgram_jaccard(''jones'', ''johnson'', 1);  -- 0.6666666666666666';

CREATE OR REPLACE FUNCTION cdp.qgram_dice(a text, b text, q integer DEFAULT 2)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_qgram_dice_text';
COMMENT ON FUNCTION cdp.qgram_dice(text, text, integer) IS
'Dice coefficient of the sets of q-grams, 0 to 1: twice what both have by the sum of what each has (Dice 1945). The q-grams are the substrings of q characters, without padding at the ends; a text shorter than q is its own only one. 1 for equal texts, also when both are empty; symmetric.
Errors: CDP23 when q is less than 1 or a text has more than 16777216 characters.
Example: SELECT cdp.qgram_dice(''night'', ''nacht'');  -- 0.25';

CREATE OR REPLACE FUNCTION cdp.qgram_cosine(a text, b text, q integer DEFAULT 2)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_qgram_cosine_text';
COMMENT ON FUNCTION cdp.qgram_cosine(text, text, integer) IS
'Cosine of the angle between the counts of q-grams, 0 to 1 (Salton 1975): unlike the sets of cdp.qgram_jaccard it sees how often each occurs. The q-grams are the substrings of q characters, without padding at the ends; a text shorter than q is its own only one. 1 for equal texts, also when both are empty; symmetric.
Errors: CDP23 when q is less than 1 or a text has more than 16777216 characters.
Example: SELECT cdp.qgram_cosine(''night'', ''nacht'');  -- 0.25';

CREATE OR REPLACE FUNCTION cdp.token_jaccard(a text, b text)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_token_jaccard_text';
COMMENT ON FUNCTION cdp.token_jaccard(text, text) IS
'Jaccard coefficient of the sets of words, 0 to 1 (Jaccard 1901). Words are what white space separates and are compared exactly: make keys first, for example by cdp.street_key or cdp.text_key. 1 when neither has a word.
Errors: CDP23 when a text has more than 16777216 characters.
Example: SELECT cdp.token_jaccard(''john smith'', ''smith john'');  -- 1';

CREATE OR REPLACE FUNCTION cdp.chunk_jaccard(a text, b text, size integer)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_chunk_jaccard_text';
COMMENT ON FUNCTION cdp.chunk_jaccard(text, text, integer) IS
'Jaccard coefficient of the sets of pieces of size characters, 0 to 1, cut off one after the other from the left; the last may be shorter. For codes in groups of fixed width, such as account numbers. cdp.qgram_jaccard takes every place instead.
Errors: CDP23 when size is less than 1 or a text has more than 16777216 characters.
Example: SELECT cdp.chunk_jaccard(''DE8937040044'', ''DE8937049999'', 4);  -- 0.5';

CREATE OR REPLACE FUNCTION cdp.token_sort_similarity(a text, b text)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_token_sort_text';
COMMENT ON FUNCTION cdp.token_sort_similarity(text, text) IS
'Similarity of two texts whose words were put in order (of their code points) and joined by one space, 0 to 1: the order of words does not count. levenshtein(x, y) is turned into a similarity by 1 - levenshtein(x, y) / length of the longer. Words are what white space separates and are compared exactly: make keys first, for example by cdp.street_key or cdp.text_key. 1 when neither has a word.
Errors: CDP23 as for cdp.levenshtein.
Example: SELECT cdp.token_sort_similarity(''smith jon'', ''jon smyth'');  -- 0.8888888888888888';

CREATE OR REPLACE FUNCTION cdp.token_set_similarity(a text, b text)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_token_set_text';
COMMENT ON FUNCTION cdp.token_set_similarity(text, text) IS
'Similarity of two sets of words, 0 to 1: with c the words that both have, the greatest similarity between any two of c, c with the other words of a, and c with the other words of b, each in order and joined by one space. So words that only one text has cost little, and a text that has all words of the other is 1. levenshtein(x, y) is turned into a similarity by 1 - levenshtein(x, y) / length of the longer. Words are what white space separates and are compared exactly: make keys first, for example by cdp.street_key or cdp.text_key. 1 when neither has a word.
Errors: CDP23 as for cdp.levenshtein.
Example: SELECT cdp.token_set_similarity(''acme trading'', ''acme trading company of ohio'');  -- 1';

CREATE OR REPLACE FUNCTION cdp.soundex(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_soundex_text';
COMMENT ON FUNCTION cdp.soundex(text) IS
'American Soundex of a name: its first character and three digits (Russell 1918, as the US National Archives use it: h and w do not part letters of one code). Letters without their marks; white space before the name, punctuation and digits within it do not count. Empty for a blank text.
Errors: CDP23 when the text has more than 16777216 characters.
Example: SELECT cdp.soundex(''Tymczak'');  -- T522';

CREATE OR REPLACE FUNCTION cdp.metaphone(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_metaphone_text';
COMMENT ON FUNCTION cdp.metaphone(text) IS
'Metaphone of a text: how its English consonants sound, word by word, with a vowel only at the beginning of a word; 0 is th, X is sh or ch (Lawrence Philips, Computer Language, December 1990). Letters without their marks; what is not a Latin letter does not count. Any length, empty when no letter is heard. For names of other origins cdp.double_metaphone knows more.
Errors: CDP23 when the text has more than 16777216 characters.
Example: SELECT cdp.metaphone(''Knight Bridge'');  -- NT BRJ';

CREATE OR REPLACE FUNCTION cdp.nysiis(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_nysiis_text';
COMMENT ON FUNCTION cdp.nysiis(text) IS
'NYSIIS code of a name, not cut at six letters (Taft, Name Search Techniques, New York State Identification and Intelligence System, 1970). Capitals; what is not a letter does not count, letters outside ASCII stay: make a key by cdp.name_key first.
Errors: CDP23 when the text has more than 16777216 characters.
Example: SELECT cdp.nysiis(''Montgomery'');  -- MANTGANARY';

CREATE OR REPLACE FUNCTION cdp.double_metaphone(value text)
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_double_metaphone_text';
COMMENT ON FUNCTION cdp.double_metaphone(text) IS
'Double Metaphone codes of a name, as an array of two: how most Americans say it, and how it may be said at its origin, equal to the first where no other is known. Two names may sound alike when their codes overlap: cdp.double_metaphone(a) && cdp.double_metaphone(b). 0 is th, X is sh or ch, A any vowel at the beginning (Lawrence Philips, C/C++ Users Journal, June 2000). The codes are not cut: take left(code, 4) for those of the article. Letters without their marks (ç is an s), apostrophes do not count. Both are empty when no letter is heard.
Errors: CDP23 when the text has more than 16777216 characters.
Example: SELECT cdp.double_metaphone(''Schmidt'');  -- {XMT,SMT}';
