-- dates and birth dates
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set SHOW_CONTEXT never

SELECT v, cdp.normalize_date(v) AS ymd, cdp.date_problem(v), cdp.normalize_date(v, 'MDY') AS mdy, cdp.date_problem(v, 'MDY') AS mdy_problem,
       cdp.normalize_date(v, 'dmy') AS dmy, cdp.date_problem(v, 'dmy') AS dmy_problem
  FROM unnest(ARRAY['1980-03-07', '19800307', '1980/3/7', '1980.3.7', '7 Mar 1980', 'March 7, 1980', 'Mar. 7th 1980', '7-MAR-1980', '1980 March 7', 'Fri, 7 Mar 1980', '3rd of May 1980', 'sept 1 1980',
                    '03/04/1980', '3/4/1980', '13/04/1980', '04/13/1980', '05/05/1980', '03.04.1980', '03041980', '20101210', '12101210', '31121980',
                    '1980-03-07T12:34:56Z', '1980-03-07 12:34', '1980-03-07 00:00:00.000+02', '19800307T123456', '7 Mar 1980, 5:04 PM', '03/04/1980 12:00',
                    '2000-02-29', '2100-02-29', '1999-02-29', '1980-13-01', '1980-02-30', '1980-00-07', '31/04/1980', '40/40/1980', '1500-01-01', '2300-01-01', '1970-01-01']) v;

-- refused and blank
SELECT left(v, 30) AS v, cdp.normalize_date(v), cdp.date_problem(v)
  FROM unnest(ARRAY['07/03/80', '800307', '7 Mar 80', '1-2-3', 'Mar 1980', '1980-03', '03/1980', '1980', '00/00/1980', 'yesterday', '1980-067', '1980-W10-5', '29221', '123456789', '1980-03-07 foo', '12:34', '1980-03-07-01',
                    '0000-00-00', '00/00/0000', '9999-12-31', '9999-99-99', '1111-11-11', '11/11/1111', '1900-01-01', '01/01/1900', '1899-12-30', '0001-01-01', '1753-01-01', 'n/a', 'unknown', '-',
                    '', '  ', U&'\FEFF', '１９８０-０３-０７', '1980–03–07', repeat('1', 100000), repeat('1-', 500000), 'Mar Mar 1980']) v;
SELECT cdp.normalize_date('1980-03-07', 'YDM');
\echo :LAST_ERROR_SQLSTATE

-- birth dates
SELECT v, cdp.normalize_birth_date(v, 'MDY', '2024-02-29'), cdp.birth_date_problem(v, 'MDY', '2024-02-29')
  FROM unnest(ARRAY['1980-03-07', '02/29/2024', '03/01/2024', '2024-02-30', '1894-02-28', '1894-03-01', '1900-01-01', '1901-01-01', '1970-01-01', '1850-06-01', '', 'n/a']) v;
SELECT cdp.normalize_birth_date(to_char(current_date, 'YYYY-MM-DD')) = current_date AS today, cdp.birth_date_problem(to_char(current_date + 1, 'YYYY-MM-DD')) AS tomorrow;
SELECT cdp.birth_date_problem('1980-03-07', 'YMD', 'infinity');
\echo :LAST_ERROR_SQLSTATE

-- every day of four centuries, in several writings, comes back
SELECT count(*), count(*) FILTER (WHERE cdp.normalize_date(to_char(d, 'YYYY-MM-DD')) = d::date AND cdp.normalize_date(to_char(d, 'YYYYMMDD')) = d::date
                                    AND cdp.normalize_date(to_char(d, 'FMDD Month YYYY')) = d::date AND cdp.normalize_date(to_char(d, 'Dy, Mon FMDDth, YYYY')) = d::date
                                    AND cdp.normalize_date(to_char(d, 'MM/DD/YYYY'), 'MDY') = d::date AND cdp.normalize_date(to_char(d, 'FMDD.FMMM.YYYY'), 'DMY') = d::date
                                    AND (cdp.normalize_date(to_char(d, 'DD/MM/YYYY')) = d::date
                                         OR (cdp.date_problem(to_char(d, 'DD/MM/YYYY')) = 'ambiguous order' AND extract(day FROM d) <= 12))) AS back
  FROM generate_series('1801-01-01'::timestamp, '2200-12-31', '1 day') d
 WHERE cdp.date_problem(to_char(d, 'YYYY-MM-DD')) IS NULL;
-- and no day that does not exist
SELECT count(*) FROM generate_series(1895, 2005) y, generate_series(0, 13) m, generate_series(0, 32) d, LATERAL (SELECT format('%s-%s-%s', y, lpad(m::text, 2, '0'), lpad(d::text, 2, '0')) AS v) z
 WHERE cdp.normalize_date(v) IS NOT NULL AND to_char(make_date(y, 1, 1) + make_interval(months => m - 1, days => d - 1), 'YYYY-MM-DD') <> v;
