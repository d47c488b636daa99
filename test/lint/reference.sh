#!/usr/bin/env bash
# Writes docs/reference.md from the comments of the installed functions, or with
# --check says how the committed page differs from that. A function belongs to the
# room whose SQL piece creates it.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8

if [ -z "${CDP_DEST:-}" ]; then
	exec bash test/server.sh bash test/lint/reference.sh "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/cdp-reference.XXXXXX")
trap 'rm -rf "$work"' EXIT

# room and name of everything that the pieces create in cdp, in the order of the install script
for piece in $(make -s print-SQL_PIECES); do
	room=$(cut -d/ -f2 <<< "$piece")
	{ grep -oE '^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE|TYPE) +cdp\.[a-z0-9_]+' "$piece" || true; } |
		sed -E "s/.*(FUNCTION|PROCEDURE|AGGREGATE|TYPE) +cdp\.(.*)/$room,\2/; s/\$//"
done | awk '{ print NR "," $0 }' > "$work/rooms.csv"
sed -nE "s/^#define ERRCODE_CDP_([A-Z_]+)[[:blank:]]+MAKE_SQLSTATE\('(.)', '(.)', '(.)', '(.)', '(.)'\).*/\2\3\4\5\6,\1/p" src/core/errors.h > "$work/errors.csv"

createdb cdp_reference
psql -X -q -A -t -v ON_ERROR_STOP=1 -v work="$work" -d cdp_reference > "$work/reference.md" <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION cdp;
CREATE TEMP TABLE room (ord int, room text, name text);
\cd :work
\copy room FROM 'rooms.csv' WITH (FORMAT csv)
CREATE TEMP TABLE error (code text, name text);
\copy error FROM 'errors.csv' WITH (FORMAT csv)

\qecho '# Reference'
\qecho ''
\qecho 'Made from the comments of the functions by `make docs`; the same text is in the database (`\\df+ cdp.*`).'
CREATE TEMP VIEW entry AS
SELECT room, first_ord, title, text, sort FROM (
    SELECT r.room, min(r.ord) OVER (PARTITION BY r.room) AS first_ord, r.ord AS own_ord, title, text, sort
      FROM (
        SELECT p.proname::text AS name,
               format('cdp.%s(%s)', p.proname, pg_get_function_arguments(p.oid))
               || CASE WHEN p.prokind = 'p' THEN '' ELSE ' → ' || pg_get_function_result(p.oid) END
               || CASE p.prokind WHEN 'a' THEN ' (aggregate)' WHEN 'w' THEN ' (window)' WHEN 'p' THEN ' (procedure)' ELSE '' END AS title,
               obj_description(p.oid, 'pg_proc') AS text,
               p.proname || ' ' || pg_get_function_identity_arguments(p.oid) AS sort
          FROM pg_proc p
         WHERE p.pronamespace = 'cdp'::regnamespace
           -- what only a type or an operator needs is not called by people
           AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typsend, t.typreceive, t.typmodin, t.typmodout))
           AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
           AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)
        UNION ALL
        SELECT t.typname, 'type cdp.' || t.typname, obj_description(t.oid, 'pg_type'), ' ' || t.typname
          FROM pg_type t
         WHERE t.typnamespace = 'cdp'::regnamespace AND t.typcategory <> 'A' AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
           ) AS d
      JOIN (SELECT name, min(ord) AS ord, (array_agg(room ORDER BY ord))[1] AS room FROM room GROUP BY name) AS r USING (name)
    ) AS e;

SELECT CASE WHEN row_number() OVER (PARTITION BY room ORDER BY sort COLLATE "C") = 1 THEN E'\n## ' || room || E'\n' ELSE '' END
       || E'\n### `' || title || E'`\n\n'
       -- each line of a comment is a paragraph; the example is code
       || regexp_replace(replace(replace(trim(split_part(text, 'Example:', 1), E' \n'), '<', '&lt;'), '*', '\*'), E'\n+', E'\n\n', 'g')
       || CASE WHEN text LIKE '%Example:%' THEN E'\n\n```sql\n' || trim(substr(text, strpos(text, 'Example:') + 8), E' \n') || E'\n```' ELSE '' END
  FROM entry
 ORDER BY first_ord, sort COLLATE "C";

\qecho ''
\qecho '## Settings'
\qecho ''
\qecho '| setting | default | range | meaning |'
\qecho '|---|---|---|---|'
LOAD 'cdp';
SELECT format('| `%s` | `%s` | %s | %s |', name, boot_val || CASE WHEN unit IS NULL THEN '' ELSE ' ' || unit END, coalesce(min_val || ' to ' || max_val, array_to_string(enumvals, ', '), vartype),
              replace(short_desc || coalesce(' ' || extra_desc, ''), '|', '\|'))
  FROM pg_settings WHERE name LIKE 'cdp.%' ORDER BY name COLLATE "C";

\qecho ''
\qecho '## Errors'
\qecho ''
\qecho '| SQLSTATE | meaning |'
\qecho '|---|---|'
SELECT format('| `%s` | %s |', code, lower(replace(name, '_', ' '))) FROM error ORDER BY code COLLATE "C";
SQL
dropdb cdp_reference
sed -i -E 's/[[:blank:]]+$//' "$work/reference.md"

if [ "${1:-}" = --check ]; then
	if ! diff -u docs/reference.md "$work/reference.md"; then
		echo "docs/reference.md is stale: run make docs"
		exit 1
	fi
else
	mkdir -p docs
	cp "$work/reference.md" docs/reference.md
fi
