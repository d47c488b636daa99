-- export.sql: the records of the space customer as cleaning made them (the keys by which
-- they are compared), and whose each is: what Splink is given of the generated business.
-- A whole name is taken apart into its first and last word.
COPY (
    SELECT r.source_id || '/' || r.source_key AS unique_id, t.entity,
           coalesce(cdp.name_key(r.given_name), n.word[1]) AS first_name, coalesce(cdp.name_key(r.family_name), n.word[cardinality(n.word)]) AS last_name,
           r.birth_date, cdp.email_key(r.email::text) AS email, r.phone, cdp.street_key(r.street) AS street, cdp.name_key(r.city) AS city,
           r.state, r.postal_code
      FROM customer.record r JOIN customer.source s USING (source_id) LEFT JOIN truth.record t ON t.source = s.source AND t.source_key = r.source_key
      CROSS JOIN LATERAL (SELECT CASE WHEN r.given_name IS NULL AND r.family_name IS NULL AND cdp.name_key(r.full_name) LIKE '% %'
                                      THEN string_to_array(cdp.name_key(r.full_name), ' ') END AS word) n
) TO STDOUT WITH (FORMAT csv, HEADER);
