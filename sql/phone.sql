-- telephone numbers: E.164, extensions, reasons, fast path
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

SELECT cdp_internal.phone_fast_path();

SELECT left(v, 30) AS v, cdp.normalize_phone(v, 'US'), cdp.phone_problem(v, 'US')
  FROM unnest(ARRAY['(212) 555-1234', '212-555-1234', '212.555.1234', '2125551234', '1 212 555 1234', '+1 212 555 1234', '+1-(212)-555-1234', ' 12125551234 ',
                    '212-555-1234 x77', '212-555-1234 ext. 0077', '+12125551234;ext=77', 'tel:+1-212-555-1234', '1-800-FLOWERS', '011 44 20 7946 0018', '+44 20 7946 0018',
                    '+49 30 901820', '+39 06 698 82222', '٢١٢٥٥٥١٢٣٤', '２１２５５５１２３４', U&'\202A+1 212 555 1234\202C', U&'212\00A0555\00A01234', '787-555-1234', '(416) 555-1234', '246 252 1234', '+800 1234 5678']) v;

-- seen from elsewhere
SELECT v, r, cdp.normalize_phone(v, r), cdp.phone_problem(v, r)
  FROM (VALUES ('020 7946 0018', 'GB'), ('020 7946 0018', 'gb'), ('020 7946 0018', 'US'), ('030 901820', 'DE'), ('06 698 82222', 'IT'), ('555-1234', 'BS'), ('323-1234', 'BS'), ('(416) 555-1234', 'CA'),
               ('212 555 1234', 'ZZ'), ('+1 212 555 1234', 'ZZ'), ('212 555 1234', ''), ('212 555 1234', 'United States'), ('212 555 1234', 'xx'), ('9123456789', 'IN'), ('8 (912) 345-67-89', 'RU')) t (v, r);

-- refused, placeholders, blank
SELECT left(v, 30) AS v, cdp.normalize_phone(v, 'US'), cdp.phone_problem(v, 'US')
  FROM unnest(ARRAY['n/a', 'none', 'unknown', '-', '0', '000-000-0000', '0000000000', '(555) 555-5555', '123-456-7890', '1234567890', '9999999999', '1-111-111-1111', '987-654-3210', '+1 888 888 8888',
                    '12', '1', '212', '555-1234', '212-555-123', '212-555-12345', '212-555-1234-5678-9012-3456', '112-555-1234', '212-155-1234', '999-555-1234', '+999 123456', '+1', '+',
                    'call me', 'ann@example.com', '2125551234 or 9175551234', '', '   ', U&'\200B', repeat('2125551234', 26), repeat('1', 1000000), repeat('٢', 1000)]) v;

SET cdp.default_region = 'GB';
SELECT cdp.normalize_phone('020 7946 0018'), cdp.phone_problem('020 7946 0018'), cdp.phone_problem('12');
RESET cdp.default_region;

-- the fast path and the library agree: every area code, with exchanges of all kinds, in several writings
CREATE TEMP TABLE writing AS
SELECT format(f, lpad(a::text, 3, '0'), lpad(((a * 7919 + x * 104729) % 1000)::text, 3, '0'), lpad(((a * 31 + x * 7907) % 10000)::text, 4, '0')) AS v
  FROM generate_series(0, 999) a, generate_series(1, 3) x,
       unnest(ARRAY['(%s) %s-%s', '%s%s%s', '+1%s%s%s', '1 %s.%s.%s', '%s %s %s x5', '+%s%s%s', '011%s%s%s']) f;
SELECT count(*), count(*) FILTER (WHERE cdp.normalize_phone(v, r) IS NOT NULL) BETWEEN 3000 AND 20000 AS plausible,
       count(*) FILTER (WHERE cdp.normalize_phone(v, r) IS DISTINCT FROM cdp_internal.normalize_phone_library(v, r)
                           OR cdp.phone_problem(v, r) IS DISTINCT FROM cdp_internal.phone_problem_library(v, r)) AS differ
  FROM writing, LATERAL (SELECT (ARRAY['US', 'CA', 'BS', 'BB', 'GB', 'ZZ'])[1 + length(v) % 6] AS r) z;
