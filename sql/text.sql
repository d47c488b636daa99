-- free text, streets, identifiers, numbers, genders
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

SELECT v, cdp.normalize_text(v), cdp.text_problem(v), cdp.text_key(v)
  FROM unnest(ARRAY['  two   words ', E'line\nand\tline', 'Café "Zoë"', 'It’s — fine', 'test', 'n/a', 'N.A.', 'na', '-', '...', 'xxx', 'aaa', 'unknown', '👍', '', '   ', U&'\200B', 'Ελλάδα 12', 'AT&T', '№ 5', 'ﬁnance', '½ off', 'x²']) v;
SELECT length(cdp.normalize_text(repeat('ab ', 33333))), cdp.text_problem(repeat('ab ', 33334)), cdp.text_problem(repeat('a', 1000000)), length(cdp.text_key(repeat('жук ', 12000))), cdp.text_key(repeat('ж', 1000000));

-- marks heaped on a letter would take quadratic time
SELECT cdp.text_problem('a' || repeat(U&'\0301\0323', 50000)), cdp.text_problem('a' || repeat(U&'\0301\0323', 15)), cdp.name_problem('a' || repeat(U&'\0301\0323', 16)), length(cdp.text_key('a' || repeat(U&'\0301\0323', 20000)));

SELECT v, cdp.normalize_street(v), cdp.street_problem(v), cdp.street_key(v)
  FROM unnest(ARRAY[' 12  Main Street, ', '12 N. Main St.', '12 North Main Street Apt 4', '12 n main st #4', '12 N Main St, Unit 4', 'P.O. Box 12', 'PO Box 12', 'P O BOX 12', 'Post Office Box 12', 'Saint John''s Road', 'St Johns Rd', 'Flat 2, 10 High Street', '1 Fifth Avenue', '1 5th Ave',
                    'Straße des 17. Juni 135', 'unit', 'n/a', 'unknown', 'no fixed address', '', 'ann@example.com', '12 Northeast 4th Blvd', '12 NE 4th Boulevard', '...']) v;
SELECT cdp.street_problem(repeat('x', 100000));

SELECT v, cdp.normalize_id(v), cdp.id_problem(v)
  FROM unnest(ARRAY[' ab-123 456 ', '123-45-6788', 'A1', '7', 'ÄÖ 12', '000-00-0000', '000000000', '0', '123456789', '123-45-6789', '999999999', '987654321', '078-05-1120', 'N/A', 'none', 'xxx', 'aaaa', '---', '', '  ', '1234', '111', '12-3']) v;
SELECT cdp.id_problem(repeat('1', 100000));

SELECT v, cdp.normalize_number(v), cdp.number_problem(v)
  FROM unnest(ARRAY['12', '-12.50', '+3', '007', '0', '-0', '.5', '5.', '1,234', '1,234.50', '1.234,50', '1.234.567', '1,234,567', '12,5', '0,123', '1 234 567,89', '1''234.5', '($1,234.50)', '$ 12', '12 €', '-$5', '$-5', '1e3', '1.5E-3', 'USD 12',
                    '1e999', '1e', 'e5', '1,23,4', '1.2.3', '1,2,3', '12%', 'twelve', 'NaN', 'n/a', '-', '', ' ', '1-2', '--1', '1,234,56', '1..2', '١٢', '１２', 'Infinity', '1,234e2', '1 2']) v;
SELECT cdp.number_problem(repeat('1', 100000)), cdp.normalize_number(repeat('9', 100)) = repeat('9', 100)::numeric;

SELECT v, cdp.normalize_gender(v), cdp.gender_problem(v)
  FROM unnest(ARRAY['F', 'female', 'Woman', 'm', 'MALE', 'Mr.', 'weiblich', 'Männlich', 'X', 'non-binary', 'Non binary', 'diverse', '1', '2', 'u', 'unknown', 'prefer not to say', 'n/a', '0', '9', '', 'purple', repeat('f', 50)]) v;
