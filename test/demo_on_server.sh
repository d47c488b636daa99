#!/usr/bin/env bash
# The demo itself, on the server that the PG* variables name. $1: how many people.
set -euo pipefail
cd "$(dirname "$0")/.."
people=$1
createdb cdp_demo
export PGDATABASE=cdp_demo PGOPTIONS='-c client_min_messages=warning'
bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; shift; for line; do echo "$line"; done; }
sql() { psql -Xq -v ON_ERROR_STOP=1 -P footer=off -P pager=off "$@"; }
value() { psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }

say "1. A business" "A company with $people people in it is made up: CRM contacts, shop customers and orders, newsletter subscribers," \
	"support tickets, survey answers. Names have typing errors and nicknames, people marry and move, households share phones," \
	"values are missing or nonsense. Who is who is known, so that the result can be judged."
(cd test/data && sql -v people="$people" -f business.sql > /dev/null)
sql -c "SELECT source AS \"table\", count(*) AS rows, count(DISTINCT entity) AS people FROM truth.record GROUP BY 1 ORDER BY 1"

say "2. Say where customers are" "CREATE EXTENSION cdp; create_space; add_source for five tables and add_event_source for the orders; three rules."
sql -c 'CREATE EXTENSION cdp' -f test/data/space.sql > /dev/null
sql -c "SELECT source, trust, owner, purpose, retention FROM customer.source ORDER BY source_id"

say "3. Unify" "SELECT * FROM cdp.resolve('customer'); rejected counts values that cleaning refused, refused the ties that a hard limit forbids."
sql -c '\timing on' -c "SELECT records, profiles, rejected, refused FROM cdp.resolve('customer')"
echo "Running it again finds nothing to do:"
sql -c '\timing on' -c "SELECT added, changed, removed FROM cdp.resolve('customer')"

say "4. Sizes" "Table sizes of the space, and how many profiles have how many records:"
sql -c "ANALYZE" -c "SELECT relname AS \"table\", pg_size_pretty(pg_total_relation_size(oid)) AS size, reltuples::bigint AS rows FROM pg_class
         WHERE relnamespace = 'customer'::regnamespace AND relname IN ('record', 'identifier', 'identity', 'profile') ORDER BY 1" \
	-c "SELECT record_count AS records, count(*) AS profiles FROM customer.profile GROUP BY 1 ORDER BY 1"

say "5. What cleaning refused" "Nothing is lost: each refused value is kept with its reason, and its row is still a record."
sql -c "SELECT attribute, reason, count(*) FROM customer.rejected_value GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 8"

say "6. How right is it?" "Against the known truth, with exact keys and rules only (pairs of records in one profile; profiles that are exactly one person):"
sql -c "SELECT level, round(\"precision\"::numeric, 4) AS \"precision\", round(recall::numeric, 4) AS recall, round(f1::numeric, 4) AS f1, correct, found, expected
          FROM cdp.evaluate('customer', 'truth.record')"

id=$(value "SELECT profile_id FROM customer.profile WHERE source_count >= 4 AND phone IS NOT NULL AND birth_date IS NOT NULL AND full_name IS NOT NULL ORDER BY profile_id LIMIT 1")
say "7. One profile, explained" "SELECT * FROM cdp.explain_profile('customer', $id);"
sql -c "SELECT topic, name, value, source || ' ' || source_key AS record, because FROM cdp.explain_profile('customer', $id)"

say "8. A consented audience" "Newsletter choices go into the consent ledger; two traits and a segment are defined; the audience is who is in the segment" \
	"and has agreed to e-mail, checked at this moment."
sql -c "SELECT cdp.add_purpose('customer', 'email_marketing', description => 'offers by e-mail')" \
	-c "SELECT count(cdp.record_consent('customer', 'email', s.email, 'email_marketing', CASE WHEN s.opted_in THEN 'granted' ELSE 'withdrawn' END,
	           at => coalesce(s.unsubscribed_at, s.subscribed_at), source => 'news.subscriber', evidence => jsonb_build_object('subscriber_id', s.subscriber_id)))
	      FROM news.subscriber s WHERE cdp.normalize_email(s.email) IS NOT NULL AND s.subscribed_at <= now() AND coalesce(s.unsubscribed_at, s.subscribed_at) <= now()" \
	-c "SELECT cdp.define_trait('customer', 'lifetime_spend', 'sum(total)', source => 'shop.orders')" \
	-c "SELECT cdp.define_trait('customer', 'last_order_at', 'max(ordered_at)', source => 'shop.orders')" \
	-c "SELECT cdp.define_segment('customer', 'lapsed_big_spenders', 'lifetime_spend > 500 AND last_order_at < now() - interval ''90 days''')" > /dev/null
sql -c "SELECT segment, size, entered FROM cdp.refresh_segments('customer')" \
	-c "SELECT count(*) AS in_segment, count(*) FILTER (WHERE cdp.consented('customer', m.profile_id, 'email_marketing')) AS may_be_mailed
	      FROM cdp.members('customer', 'lapsed_big_spenders') m"
sql -c "SELECT p.profile_id, p.given_name, p.family_name, p.email, p.lifetime_spend, p.last_order_at::date AS last_order
	      FROM customer.profile p JOIN cdp.members('customer', 'lapsed_big_spenders') m ON m.profile_id = p.profile_id
	     WHERE cdp.consented('customer', p.profile_id, 'email_marketing') ORDER BY p.lifetime_spend DESC LIMIT 5"
say "Done." "The README's five-minute tour does the same by hand, on eight rows."
