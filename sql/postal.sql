-- countries, states, postal codes
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

SELECT v, cdp.normalize_country(v), cdp.country_problem(v)
  FROM unnest(ARRAY['US', 'us', 'USA', '840', 'United States', 'UNITED STATES OF AMERICA', 'U.S.A.', 'the United Kingdom', 'UK', 'GB', 'GBR', 'England', 'Deutschland', 'Allemagne', 'España', 'Österreich', 'Schweiz', 'Holland', 'Côte d’Ivoire', 'Ivory Coast',
                    'Bosnia and Herzegovina', 'Trinidad & Tobago', 'Saint Lucia', 'St. Kitts and Nevis', 'Korea, Republic of', 'Viet Nam', 'Türkiye', 'Turkey', 'Czech Republic', 'Congo', 'DRC', 'Россия', '日本', 'Éire', '004', 'NA', 'Namibia',
                    'n/a', 'unknown', '-', 'Atlantis', 'XX', '999', '', '  ', repeat('x', 100000)]) v WHERE length(v) < 60;
SELECT cdp.country_problem(repeat('x', 100000)), cdp.country_problem(repeat('é', 100000));
SELECT count(*) > 240 AS all_codes, bool_and(cdp.normalize_country(code) = code) FROM (SELECT chr(a) || chr(b) AS code FROM generate_series(65, 90) a, generate_series(65, 90) b) c
 WHERE cdp.normalize_country(code) IS NOT NULL AND code NOT IN ('UK', 'EL');

SELECT v, c, cdp.normalize_state(v, c), cdp.state_problem(v, c)
  FROM (VALUES ('CA', 'US'), ('california', 'US'), ('Calif.', 'USA'), ('US-CA', 'US'), ('N.Y.', 'US'), ('new  york', 'US'), ('D.C.', 'US'), ('Washington, DC', 'US'), ('Puerto Rico', 'US'), ('AE', 'US'), ('Québec', 'CA'), ('PQ', 'CA'), ('ontario', 'Canada'), ('ON', 'US'),
               ('Vic.', 'AU'), ('New South Wales', 'AU'), ('  Bayern ', 'DE'), ('n/a', 'US'), ('unknown', 'DE'), ('', 'US'), ('XY', 'US'), ('São Paulo', ''), ('CA', 'ZZ')) t (v, c);
SELECT cdp.normalize_state('tx'), cdp.state_problem(repeat('x', 100000));

SELECT v, c, cdp.normalize_postal_code(v, c), cdp.postal_code_problem(v, c)
  FROM (VALUES ('12345', 'US'), ('12345-6789', 'US'), ('123456789', 'US'), ('12345 6789', 'US'), ('12345-0000', 'US'), ('2134', 'US'), ('21341234', 'US'), ('501', 'US'), ('00501', 'US'), ('00500', 'US'), ('02134.0', 'US'), ('00000', 'US'), ('99999', 'US'), ('00000-0000', 'US'), ('1234567', 'US'), ('ABCDE', 'US'), ('96910', 'GU'),
               ('k1a0b1', 'CA'), ('K1A-0B1', 'CA'), ('Z1A 0B1', 'CA'), ('D1A 0B1', 'CA'), ('sw1a1aa', 'GB'), ('SW1A 1AA', 'UK'), ('m1 1ae', 'GB'), ('B338TH', 'GB'), ('GIR0AA', 'GB'), ('SW1A 1CA', 'GB'), ('10115', 'DE'), ('D-10115', 'DE'), ('00123', 'DE'),
               ('1012ab', 'NL'), ('123 45', 'SE'), ('SE-12345', 'SE'), ('00950', 'PL'), ('1000205', 'PT'), ('1000001', 'JP'), ('〒100-0001', 'JP'), ('01310100', 'BR'), ('D02AF30', 'IE'), ('D6WXY00', 'IE'), ('1010', 'LV'), ('lv1010', 'LV'), ('AD500', 'AD'), ('500', 'AD'), ('L-1234', 'LU'),
               ('C1425DKA', 'AR'), ('110001', 'IN'), ('110 001', 'IN'), ('2000', 'AU'), ('1000', 'CH'), ('CH-1000', 'CH'), ('75001', 'FR'), ('F-75001', 'France'), ('00178', 'IT'), ('ab-12', 'ZW'), ('x', 'ZW'), ('12345', ''), ('12345', 'Atlantis'),
               ('n/a', 'US'), ('-', 'US'), ('XXXXX', 'US'), ('', 'US'), ('  ', 'GB'), ('１２３４５', 'US'), ('12345é', 'US'), ('12345#', 'US')) t (v, c);
SELECT cdp.normalize_postal_code('123456789'), cdp.postal_code_problem('x', 'US'), cdp.postal_code_problem(repeat('1', 100000), 'US'), cdp.postal_code_problem(repeat('é', 100000), 'US');
SET cdp.default_region = 'GB';
SELECT cdp.normalize_postal_code('sw1a1aa'), cdp.postal_code_problem('12345');
RESET cdp.default_region;
