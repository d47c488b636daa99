-- names: display form, key, reasons
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

SELECT v, cdp.normalize_name(v), cdp.name_problem(v), cdp.name_key(v)
  FROM unnest(ARRAY['O''BRIEN', 'ann-marie', 'McDonald', 'MCDONALD', '  Zoë   Müller ', 'ИВАН', 'Иван', 'd’Arcy', 'jean–luc',
                    'KING''S', 'JD', 'JOHN SMITH III', '"Ann",', 'van der Berg', 'VAN DER BERG', 'ÅSA ØSTERGÅRD', 'محمد', '王小明', 'Σωκράτης',
                    'J.R. R.', 'Łukasz', 'straße', 'Na', 'Mary (Ann)', 'Ngô Bảo Châu', 'ｆｕｌｌ ｗｉｄｔｈ', 'Ann, 2ND', 'O‘neil', 'ᏣᎳᎩ']) v;

-- refused, and blank
SELECT v, cdp.normalize_name(v), cdp.name_problem(v)
  FROM unnest(ARRAY['n/a', 'N/A', 'NA', 'none', 'NULL', 'Unknown', 'test', 'xxx', 'XXXX', '-', '.', '?', '???', 'First Name', 'no name',
                    'FNU', '12345', 'ann@example.com', 'http://example.com', 'www.example.com', '—', '', '   ', E'\t\n', U&'\200B\FEFF', U&'\00A0']) v;

-- invisible characters, controls, composed and decomposed
SELECT cdp.normalize_name(U&'A\0301nna\200D Le\202Ee\00AD'), cdp.normalize_name(E'Ann\x01 \t Lee'),
       cdp.normalize_name(U&'Zoe\0308') = cdp.normalize_name(U&'Zo\00EB') AS same;

-- long input
SELECT cdp.name_problem(repeat('a ', 500)), cdp.name_problem(repeat('ab ', 334)), cdp.name_problem(repeat('ab', 50000)), cdp.name_problem(repeat('é', 1000)),
       cdp.name_problem(repeat('é', 1001)), cdp.name_problem(repeat('é', 500000)), cdp.normalize_name(repeat(' ', 1000000) || 'Ann'),
       cdp.name_key(repeat('x', 200000)), length(cdp.name_key(repeat('王', 30000)));
