-- historical.sql: what Splink is given of the historical persons: their file as it is.
COPY (
    SELECT unique_id, cluster AS entity, first_name, surname, dob, birth_place, postcode_fake, occupation FROM raw.person
) TO STDOUT WITH (FORMAT csv, HEADER);
