-- accuracy_noise.sql: errors in the pseudopeople tables, which come without any: per
-- value 3 % typing errors in names and streets, 3 % nicknames, 1.5 % birth dates and 1 %
-- social security numbers of somebody else in the household, 1 % day and month swapped,
-- 4 % missing. Drawn by hashes, so the same each time.
CREATE FUNCTION raw.draw(what text, row_number int) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashtextextended(what || ' ' || row_number, 0) & 1048575) / 1048576.0;

-- one letter left out, doubled, or exchanged with its neighbour
CREATE FUNCTION raw.mistype(value text, what text, row_number int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT CASE WHEN length(value) < 3 THEN value
                    WHEN kind < 0.33 THEN overlay(value PLACING '' FROM place FOR 1)
                    WHEN kind < 0.66 THEN overlay(value PLACING repeat(substr(value, place, 1), 2) FROM place FOR 1)
                    ELSE overlay(value PLACING substr(value, place + 1, 1) || substr(value, place, 1) FROM place FOR 2) END
          FROM (SELECT raw.draw(what || ' kind', row_number) AS kind, 1 + floor(raw.draw(what || ' place', row_number) * (length(value) - 1))::int AS place) d);

CREATE FUNCTION raw.spoil(value text, what text, row_number int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT CASE WHEN d < 0.03 THEN raw.mistype(value, what, row_number) WHEN d < 0.07 THEN NULL ELSE value END FROM (SELECT raw.draw(what, row_number) AS d) x);

-- yyyy-mm-dd hh:mi:ss
CREATE FUNCTION raw.spoil_date(value text, other text, what text, row_number int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT CASE WHEN d < 0.015 THEN coalesce(other, value)
                    WHEN d < 0.025 AND substr(value, 9, 2) <= '12' THEN left(value, 5) || substr(value, 9, 2) || '-' || substr(value, 6, 2)
                    WHEN d < 0.065 THEN NULL ELSE value END FROM (SELECT raw.draw(what, row_number) AS d) x);

CREATE FUNCTION raw.spoil_given(value text, what text, row_number int) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN raw.spoil(CASE WHEN raw.draw(what || ' nickname', row_number) < 0.03
                      THEN coalesce((SELECT initcap(n.nickname_1) FROM raw.nickname n WHERE n.name = lower(value) LIMIT 1), value) ELSE value END, what, row_number);
CREATE INDEX ON raw.nickname (name);

UPDATE raw.census SET first_name = raw.spoil_given(first_name, 'c given', row_number), last_name = raw.spoil(last_name, 'c family', row_number),
       street_name = raw.spoil(street_name, 'c street', row_number), date_of_birth = raw.spoil_date(date_of_birth, copy_date_of_birth, 'c born', row_number);
UPDATE raw.wic SET first_name = raw.spoil_given(first_name, 'w given', row_number), last_name = raw.spoil(last_name, 'w family', row_number),
       street_name = raw.spoil(street_name, 'w street', row_number), date_of_birth = raw.spoil_date(date_of_birth, copy_date_of_birth, 'w born', row_number);
UPDATE raw.ssa SET first_name = raw.spoil_given(first_name, 's given', row_number), last_name = raw.spoil(last_name, 's family', row_number),
       ssn = CASE WHEN raw.draw('s ssn', row_number) < 0.01 THEN coalesce(copy_ssn, ssn) ELSE ssn END,
       date_of_birth = raw.spoil_date(date_of_birth, copy_date_of_birth, 's born', row_number);
