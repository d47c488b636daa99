# accuracy_load.sh: what accuracy.sh and splink.sh do alike to make a space; sourced, with
# the client's command line in the array sql.

# load_csv FILE TABLE: all columns as text, named as in the first line in small letters
load_csv()
{
	local columns
	columns=$(head -1 "$1" | tr -d '\r\357\273\277"' | tr 'A-Z' 'a-z' | sed 's/[^,]*/"&" text/g')
	"${sql[@]}" -c "CREATE TABLE $2 (row_number int GENERATED ALWAYS AS IDENTITY, $columns)" \
		-c "\\copy $2 ($(sed 's/ text//g' <<< "$columns")) FROM '$1' WITH (FORMAT csv, HEADER)"
}

# the rules of the mappings and the limits on values per profile are a person's knowledge
# about a set, which training has to do without
without_rules()
{
	"${sql[@]}" -o /dev/null <<-'SQL'
		SELECT cdp.drop_rule('customer', rule) FROM customer.rule;
		SELECT cdp.set_attribute('customer', attribute, 'max_per_profile', NULL) FROM customer.attribute WHERE max_per_profile IS NOT NULL;
	SQL
}
