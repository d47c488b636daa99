-- Time per call of each string measure, on names and on street lines. Needs cdp.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE name AS
SELECT n, (ARRAY['anderson', 'martinez', 'schneider', 'kowalski', 'o''brien', 'fernandez', 'lee', 'wilkinson'])[1 + n % 8] || chr(97 + n % 26) AS a,
       (ARRAY['andersson', 'martines', 'snyder', 'kowalsky', 'obrian', 'hernandez', 'leigh', 'wilkensen'])[1 + n / 8 % 8] || chr(97 + n / 3 % 26) AS b
  FROM generate_series(1, 100000) n;
CREATE TEMP TABLE street AS
SELECT n, format('%s %s street apartment %s', n, a, n % 77) AS a, format('%s %s st apt %s', n + n % 3, b, n % 77) AS b FROM name WHERE n % 4 = 0;
CREATE TEMP TABLE letter AS
SELECT n, repeat(a || ' ', 100) AS a, repeat(b || ' ', 100) AS b FROM name WHERE n % 500 = 0;

CREATE FUNCTION pg_temp.nanoseconds(source regclass, call text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    best interval; start timestamptz; rows bigint; base interval; found interval;
BEGIN
    -- the fastest of three, less the time of reading the rows
    FOR i IN 1..3 LOOP
        start := clock_timestamp();
        EXECUTE format('SELECT count(*) FROM %s WHERE a IS NOT NULL AND b IS NOT NULL', source) INTO rows;
        base := least(base, clock_timestamp() - start);
        start := clock_timestamp();
        EXECUTE format('SELECT count(*) FROM %s WHERE (%s) IS NOT NULL', source, call);
        found := clock_timestamp() - start;
        best := least(best, found);
    END LOOP;
    RETURN round(greatest(extract(epoch FROM best - base), 0) * 1e9 / rows);
END $$;
\set QUIET off
\echo nanoseconds per call; letters are texts of about a thousand characters
SELECT call, pg_temp.nanoseconds('name', call) AS names, pg_temp.nanoseconds('street', call) AS streets, pg_temp.nanoseconds('letter', call) AS letters
  FROM unnest(ARRAY['cdp.levenshtein(a, b)', 'cdp.levenshtein_within(a, b, 2)', 'cdp.osa_distance(a, b)', 'cdp.damerau_levenshtein(a, b)', 'cdp.damerau_levenshtein_within(a, b, 2)', 'cdp.jaro(a, b)', 'cdp.jaro_winkler(a, b)',
                    'cdp.qgram_jaccard(a, b)', 'cdp.qgram_cosine(a, b, 3)', 'cdp.token_jaccard(a, b)', 'cdp.token_sort_similarity(a, b)', 'cdp.token_set_similarity(a, b)',
                    'cdp.soundex(a)', 'cdp.metaphone(a)', 'cdp.nysiis(a)', 'cdp.double_metaphone(a)']) call;
