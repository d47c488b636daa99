-- string measures: values, invariants, bounds, bad input
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA string_t;
SET search_path = string_t, public;
SET extra_float_digits = 0;

-- distances by hand; the last two tell optimal string alignment from the unrestricted distance
SELECT a, b, cdp.levenshtein(a, b) AS lev, cdp.osa_distance(a, b) AS osa, cdp.damerau_levenshtein(a, b) AS dl
  FROM (VALUES ('', ''), ('', 'abc'), ('abc', ''), ('same', 'same'), ('kitten', 'sitting'), ('marble', 'mrable'), ('ab', 'ba'), ('abcdef', 'badcfe'),
               ('Zoë', 'Zoe'), ('東京都', '京都'), ('naïve', 'naïve'), (E'e\u0301', 'é'), ('😀x', 'x😀'), ('ca', 'abc'), ('a cat', 'an act')) t (a, b);

-- beyond a word of bits: a swap on either side of the seam at 64 and across it
SELECT n, cdp.levenshtein(x, y), cdp.osa_distance(x, y), cdp.damerau_levenshtein(x, y), cdp.osa_within(x, y, 3), cdp.osa_within(y, x, 2)
  FROM (SELECT n, 'q' || repeat('x', n) || 'ab' || repeat('y', 70) || 'q' AS x, 'p' || repeat('x', n) || 'ba' || repeat('y', 70) || 'p' AS y
          FROM unnest(ARRAY[60, 61, 62, 63, 64, 125, 126, 127, 128, 1000]) n) s;

-- within a bound: the distance, or NULL beyond it
SELECT k, cdp.levenshtein_within('kitten', 'sitting', k), cdp.osa_within('ca', 'abc', k), cdp.damerau_levenshtein_within('ca', 'abc', k)
  FROM generate_series(-1, 4) k;
SELECT cdp.levenshtein_within('x', 'x', 0) AS equal, cdp.levenshtein_within('x', 'y', 0) AS unequal, cdp.levenshtein_within('', repeat('x', 9), 8) AS by_length, cdp.levenshtein_within('a', 'b', 2147483647) AS any_bound;

SELECT a, b, round(cdp.jaro(a, b)::numeric, 4) AS jaro, round(cdp.jaro_winkler(a, b)::numeric, 4) AS winkler, round(cdp.jaro_winkler(a, b, true)::numeric, 4) AS long_strings
  FROM (VALUES ('', ''), ('', 'x'), ('x', 'x'), ('x', 'y'), ('ab', 'ba'), ('elena', 'helena'), ('thorsten', 'torsten'), ('catherine', 'katherine'), ('robertson', 'robinson'),
               -- 0.7 itself gets no boost; more than four equal characters count as four
               ('abcd', 'abxyzw'), ('johannes', 'johanna'), ('johannesburg', 'johannesberg'), ('Łukasz', 'Lukasz')) t (a, b);
SELECT cdp.jaro('aaaaabbbbb', 'aaacccccdd') <= 0.7 AS below, cdp.jaro_winkler('aaaaabbbbb', 'aaacccccdd') = cdp.jaro('aaaaabbbbb', 'aaacccccdd') AS no_boost;

SELECT a, b, q, round(cdp.qgram_jaccard(a, b, q)::numeric, 4) AS jaccard, round(cdp.qgram_dice(a, b, q)::numeric, 4) AS dice, round(cdp.qgram_cosine(a, b, q)::numeric, 4) AS cosine
  FROM (VALUES ('', '', 2), ('', 'ab', 2), ('a', 'a', 2), ('a', 'b', 2), ('a', 'ab', 2), ('night', 'nacht', 1), ('night', 'nacht', 2), ('banana', 'bananas', 3), ('aaaa', 'aa', 1), ('aaaab', 'aabbb', 1),
               ('abcdefgh', 'abcdefgx', 4), ('abcdefgh', 'abcdefgx', 7), ('abcdefgh', 'abcdefgx', 8), ('abcdefgh', 'abcdefgh', 8), ('straße', 'strasse', 2)) t (a, b, q);
SELECT cdp.qgram_jaccard('night', 'nacht') = cdp.qgram_jaccard('night', 'nacht', 2) AS two_by_default;

SELECT a, b, round(cdp.token_jaccard(a, b)::numeric, 4) AS jaccard, round(cdp.token_sort_similarity(a, b)::numeric, 4) AS sorted, round(cdp.token_set_similarity(a, b)::numeric, 4) AS sets
  FROM (VALUES ('', ''), ('  ', ''), ('', 'one'), ('one two', 'two  one '), ('one one two', 'two one'), ('acme trading', 'acme trading company of ohio'), ('12 high st apt 4', '12 high street apt 4'), ('north one', 'south two'),
               ('smith jon', 'jon smyth'), (E'a\u00a0b\u3000c\td', 'd c b a')) t (a, b);
SELECT cdp.chunk_jaccard('DE8937040044', 'DE8937049999', 4), cdp.chunk_jaccard('abcabcab', 'abc', 3), cdp.chunk_jaccard('', '', 3), cdp.chunk_jaccard('ab', 'xyab', 2);

-- phonetic codes
SELECT v, cdp.soundex(v), cdp.metaphone(v), cdp.nysiis(v), cdp.double_metaphone(v) AS double
  FROM unnest(ARRAY['Robert', 'Rupert', 'Ashcraft', 'Honeyman', 'O''Hara', 'Zoë', 'Knight', 'Philip', 'Schmidt', 'Smith', 'Thumb', 'Sign', 'Signed', 'School', 'Christine', 'Maggie', 'Xavier', 'Wright', 'Aesop',
                    'Macdonald', 'Evelyn', 'Hughes', 'Browne', 'Caesar', 'Bacher', 'Michael', 'Orchestra', 'McHugh', 'Czerny', 'Focaccia', 'Bellocchio', 'Accident', 'Edge', 'Edgar', 'Ghislane', 'Laughlin', 'Broughton', 'Cagney', 'Tagliaro',
                    'Danger', 'Biaggi', 'San Jacinto', 'José', 'Bajador', 'Cabrillo', 'Gallegos', 'Plumber', 'Rogier', 'Hochmeier', 'Island', 'Sugar', 'Windsheim', 'Schermerhorn', 'Resnais', 'Thomas', 'Tichner', 'Wasserman', 'Filipowicz', 'Arnow',
                    'Breaux', 'Zhao', 'Françoise', 'Nuñez', 'van der Berg', ' Lee ', '', ' ', '42', 'Łukasz', '李', '¿']) v;
SELECT cdp.metaphone('Thompson Bridge, 42 Main Street') AS by_word, length(cdp.nysiis(repeat('Montgomery', 1000))) AS not_cut, length((cdp.double_metaphone(repeat('Schmidt ', 100000)))[1]) AS long_text;
SELECT cdp.double_metaphone('Smith') && cdp.double_metaphone('Schmidt') AS alike, cdp.double_metaphone('Smith') && cdp.double_metaphone('Jones') AS not_alike;

-- Random words, always the same: three letters, so that much is repeated, some of them wide; and the plain tables
-- in SQL to compare with.
CREATE TABLE word AS
SELECT n, (SELECT coalesce(string_agg(CASE h % 5 WHEN 0 THEN 'a' WHEN 1 THEN 'b' WHEN 2 THEN 'a' WHEN 3 THEN 'ж' ELSE 'c' END, '' ORDER BY i), '')
             FROM (SELECT i, abs(hashint8(n * 1000 + i)::bigint) AS h FROM generate_series(1, abs(hashint8(n)::bigint) % 9) i) c) AS w
  FROM generate_series(1, 40) n;
CREATE FUNCTION plain_distance(a text, b text, swaps int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    m int := length(a); n int := length(b); t int[]; best int; k int; l int;
BEGIN
    t := array_fill(0, ARRAY[m + 1, n + 1], ARRAY[0, 0]);
    FOR i IN 0..m LOOP
        FOR j IN 0..n LOOP
            IF i = 0 OR j = 0 THEN
                t[i][j] := i + j;
                CONTINUE;
            END IF;
            best := least(t[i - 1][j - 1] + (substr(a, i, 1) <> substr(b, j, 1))::int, t[i - 1][j] + 1, t[i][j - 1] + 1);
            IF swaps = 1 AND i > 1 AND j > 1 AND substr(a, i, 1) = substr(b, j - 1, 1) AND substr(a, i - 1, 1) = substr(b, j, 1) THEN
                best := least(best, t[i - 2][j - 2] + 1);
            ELSIF swaps = 2 THEN
                k := i - 1;
                WHILE k > 0 AND substr(a, k, 1) <> substr(b, j, 1) LOOP k := k - 1; END LOOP;
                l := j - 1;
                WHILE l > 0 AND substr(b, l, 1) <> substr(a, i, 1) LOOP l := l - 1; END LOOP;
                IF k > 0 AND l > 0 THEN
                    best := least(best, t[k - 1][l - 1] + (i - k - 1) + 1 + (j - l - 1));
                END IF;
            END IF;
            t[i][j] := best;
        END LOOP;
    END LOOP;
    RETURN t[m][n];
END $$;
-- all as many as there are pairs
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE cdp.levenshtein(x.w, y.w) = plain_distance(x.w, y.w, 0)) AS levenshtein,
       count(*) FILTER (WHERE cdp.osa_distance(x.w, y.w) = plain_distance(x.w, y.w, 1)) AS osa,
       count(*) FILTER (WHERE cdp.damerau_levenshtein(x.w, y.w) = plain_distance(x.w, y.w, 2)) AS damerau
  FROM word x, word y;

CREATE TABLE measured AS
SELECT x.n AS a, y.n AS b, x.w = y.w AS equal, x.w = '' AS empty, l.*, s.*
  FROM word x, word y,
       LATERAL (VALUES (cdp.levenshtein(x.w, y.w), cdp.osa_distance(x.w, y.w), cdp.damerau_levenshtein(x.w, y.w))) l (lev, osa, dl),
       LATERAL (VALUES (cdp.jaro(x.w, y.w), cdp.jaro_winkler(x.w, y.w), cdp.jaro_winkler(x.w, y.w, true), cdp.qgram_jaccard(x.w, y.w), cdp.qgram_dice(x.w, y.w), cdp.qgram_cosine(x.w, y.w),
                        cdp.token_jaccard(x.w, y.w), cdp.token_sort_similarity(x.w, y.w), cdp.token_set_similarity(x.w, y.w))) s (jaro, winkler, longer, jaccard, dice, cosine, tokens, sorted, sets);
-- symmetry, identity (Jaro of two empty texts is 0), range, order: no rows
SELECT p.a, p.b FROM measured p JOIN measured r ON (r.a, r.b) = (p.b, p.a)
 WHERE (p.lev, p.osa, p.dl, p.jaro, p.winkler, p.longer, p.jaccard, p.dice, p.cosine, p.tokens, p.sorted, p.sets) IS DISTINCT FROM
       (r.lev, r.osa, r.dl, r.jaro, r.winkler, r.longer, r.jaccard, r.dice, r.cosine, r.tokens, r.sorted, r.sets);
SELECT a, b FROM measured
 WHERE equal <> (lev = 0) OR equal <> (osa = 0) OR equal <> (dl = 0) OR (equal AND NOT empty) <> (winkler = 1)
    OR (equal AND (jaccard, dice, cosine, tokens, sorted, sets) <> (1, 1, 1, 1, 1, 1));
SELECT a, b FROM measured
 WHERE least(jaro, winkler, longer, jaccard, dice, cosine, tokens, sorted, sets) < 0 OR greatest(jaro, winkler, longer, jaccard, dice, cosine, tokens, sorted, sets) > 1
    OR winkler < jaro OR longer < winkler OR dice < jaccard OR NOT (dl <= osa AND osa <= lev);
-- the triangle inequality of the two metrics: no rows; for optimal string alignment it may fail
SELECT p.a, p.b, r.b AS c FROM measured p JOIN measured r ON r.a = p.b JOIN measured w ON (w.a, w.b) = (p.a, r.b)
 WHERE w.lev > p.lev + r.lev OR w.dl > p.dl + r.dl;
SELECT cdp.osa_distance('ca', 'abc') > cdp.osa_distance('ca', 'ac') + cdp.osa_distance('ac', 'abc') AS osa_is_no_metric;
-- every bound answers as the distance does: no rows
SELECT x.n, y.n, k FROM word x, word y, generate_series(0, 9) k, measured m
 WHERE (m.a, m.b) = (x.n, y.n)
   AND (cdp.levenshtein_within(x.w, y.w, k), cdp.osa_within(x.w, y.w, k), cdp.damerau_levenshtein_within(x.w, y.w, k)) IS DISTINCT FROM
       (CASE WHEN m.lev <= k THEN m.lev END, CASE WHEN m.osa <= k THEN m.osa END, CASE WHEN m.dl <= k THEN m.dl END);

-- long texts: close ones are found at once, far ones are left at once, and the rest can be cancelled
SELECT cdp.levenshtein(a, b), cdp.osa_distance(a, b), cdp.damerau_levenshtein(a, b), cdp.levenshtein_within(a, c, 100) AS beyond, round(cdp.jaro(a, b)::numeric, 3) AS jaro, cdp.qgram_jaccard(a, b) AS jaccard
  FROM (SELECT repeat('abcdefghij', 100000) AS a, 'X' || repeat('abcdefghij', 100000) AS b, repeat('klmnopqrst', 100000) AS c) t;
SET statement_timeout = '300ms';
\set VERBOSITY terse
SELECT cdp.levenshtein(repeat('a', 1000000), repeat('b', 1000000));
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.damerau_levenshtein(repeat('a', 1000000), repeat('b', 1000000));
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
-- and the call after a cancelled one is right
SELECT cdp.levenshtein('kitten', 'sitting'), cdp.osa_distance(repeat('a', 70), repeat('b', 70)), cdp.jaro('ab', 'ab');

SELECT cdp.qgram_jaccard('a', 'b', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.chunk_jaccard('a', 'b', -1);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.jaro(repeat('x', 16777217), 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.levenshtein(NULL, 'x') IS NULL AND cdp.jaro('x', NULL) IS NULL AS null_in_null_out;

-- usable by anyone, also in an index and in parallel
SELECT p.proname FROM pg_proc p
 WHERE p.pronamespace = 'cdp'::regnamespace AND p.prosrc ~ '^cdp_(levenshtein|osa|damerau|jaro|jaro_winkler|qgram|token|chunk|soundex|metaphone|nysiis|double)_.*text'
   AND (p.provolatile, p.proparallel, p.proisstrict) <> ('i', 's', true);

RESET search_path;
DROP SCHEMA string_t CASCADE;
