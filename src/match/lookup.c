/*
 * lookup.c
 *	  cdp.lookup: who is this? One person's values against the records of a space.
 *
 * The index is a table of the space, match_key, that cdp.resolve writes (match_key.c): by
 * a hash of what records have for the keys of a blocking rule, the records. One person
 * is a dozen of its rows by primary key.
 *
 * A lookup cleans the person's values and makes their matching keys as resolve does,
 * collects who shares a rule's hash or an identifier, takes the CANDIDATES of them that
 * share most and rarest, reads their values from the table record, and weighs them by
 * sum.c. A person with several values of an attribute is tried in one variant after the
 * other, and counts as the one that agrees best. Only when that finds nobody are coarse
 * rules looked at, by which records share no more than a form of one name. Entries of records that changed or vanished may stay behind; so a candidate
 * must still share a rule with the person by the values that it has now, and what a
 * lookup finds does not depend on what the records were before.
 *
 * What does not change between lookups is a site: statements, model, names, and a store
 * (store.h) that is emptied for each person. Sites are kept per space in the session
 * and made anew when the definitions, the model or the index changed, which one small
 * query per lookup tells. A site in use is not in the table of sites and belongs to the
 * memory of the running call; an error takes it along, and a lookup inside of a lookup
 * makes its own.
 *
 * Locks: a lookup takes none beyond those of reading; writing happens under the
 * space's advisory lock, which the callers hold.
 */
#include "match/match.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "match/block.h"
#include "match/condition.h"
#include "match/match_key.h"
#include "match/model_sql.h"
#include "match/origin.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#define CANDIDATES 100			/* records that are weighed */
#define LEAST_WEIGHT (-10.0)	/* who is less likely is nobody's answer */
#define MAX_VALUES 20			/* of one attribute of a person */
#define MAX_INPUTS (CDP_MAX_COMPARISONS * CDP_MAX_INPUTS)

typedef struct Input
{
	int			comparison;
	int			input;			/* of the comparison */
	int			column;			/* of the store; -1: it is not kept there */
} Input;

typedef struct Site
{
	Oid			space;
	MemoryContext context;
	char	   *schema;			/* quoted */
	char	   *state;			/* of the space when it was made */
	int			model_id;		/* 0: none */
	/* statements, for a person only */
	int			n_attributes;
	char	  **attribute;
	bool	   *in_use;
	SPIPlanPtr	person;
	SPIPlanPtr	identifiers;
	SPIPlanPtr	values;
	char	   *reasons;		/* why values are refused: rarely asked, so not prepared */
	/* with a model */
	bool		open;			/* store and blocker hold memory */
	CdpNamedModel *named;
	int			n_inputs;
	Input		input[MAX_INPUTS];
	CdpStore	store;
	CdpModel	model;			/* the comparisons of named that have columns: what rules are made of */
	const char *comparison[CDP_MAX_COMPARISONS];
	CdpBlocker	blocker;
	bool		indexed;		/* match_key is there, and rules are its own */
	int			bits;
	double		records;
	bool		coarse[CDP_MAX_RULES];
	bool		any_coarse;
} Site;

typedef struct SiteEntry
{
	Oid			space;			/* hash key */
	Site	   *site;
} SiteEntry;

static HTAB *sites = NULL;

/* ---------------------------------------------------------------- sites */

static void
release(void *arg)
{
	Site	   *site = arg;
	SPIPlanPtr	plans[] = {site->person, site->identifiers, site->values};

	for (int i = 0; i < lengthof(plans); i++)
		if (plans[i])
			SPI_freeplan(plans[i]);
	if (site->open)
	{
		cdp_blocker_close(&site->blocker);
		/* the model's, and gone with it */
		site->store.nicknames = NULL;
		cdp_store_close(&site->store);
	}
}

pg_noreturn static void fail(Site *site);

/* The plain C has returned false: why? */
static void
fail(Site *site)
{
	CdpProblem	problem = site->store.work.problem;

	site->store.work.problem = CDP_NO_PROBLEM;
	if (problem == CDP_TEXT_TOO_LONG)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("a text is too long to be compared in space %s", site->schema),
				errhint("Texts of more than %d characters are not compared.", CDP_MAX_CHARS));
	ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
}

static void
require(Site *site, bool fine)
{
	if (!fine)
		fail(site);
}

static SPIPlanPtr
prepare(const char *sql, int nargs, Oid *argtypes)
{
	/* planning costs more than the values could save */
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, argtypes, CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "cdp could not prepare a lookup: %s", SPI_result_code_string(SPI_result));
	return plan;
}

static void
poll_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The model, and the store that holds what it compares. */
static void
read_model(Site *site, bool read_only)
{
	Oid			argtypes[1] = {INT4OID};
	Datum		args[1] = {Int32GetDatum(site->model_id)};
	MemoryContext old;
	bool		isnull;
	Datum		model;

	cdp_core_query(psprintf("SELECT cdp.export_model(%s, $1, false)", quote_literal_cstr(site->schema)), 1, argtypes, args, NULL, read_only);
	model = cdp_core_result(0, 1, &isnull);
	old = MemoryContextSwitchTo(site->context);
	site->named = cdp_match_read_model(DatumGetJsonbPCopy(model));
	MemoryContextSwitchTo(old);

	site->open = true;
	site->store.nicknames = site->named->nicknames;
	site->store.work.poll = poll_interrupts;
	for (int c = 0; c < site->named->model.n; c++)
	{
		const CdpComparison *k = &site->named->model.comparison[c];
		bool		kept = k->measure != CDP_MEASURE_SQL && site->store.n_columns + k->info->n_inputs <= CDP_MAX_COLUMNS;
		CdpComparison *mine = &site->model.comparison[site->model.n];

		if (kept)
			*mine = *k;
		for (int i = 0; i < k->info->n_inputs; i++)
		{
			Input	   *input = &site->input[site->n_inputs++];

			*input = (Input) {.comparison = c, .input = i, .column = kept ? cdp_store_add_column(&site->store, k->measure, i) : -1};
			if (kept)
				mine->column[i] = input->column;
		}
		if (kept)
			site->comparison[site->model.n++] = site->named->named[c].name;
	}
	require(site, cdp_blocker_open(&site->blocker, &site->store, &site->model));
}

/* What the index was written by; tells whether it is there. */
static bool
read_index(Site *site, bool read_only)
{
	bool		isnull;

	cdp_core_query(psprintf("SELECT i.bits::pg_catalog.int4, i.records::pg_catalog.float8 FROM %s.match_key_info i WHERE i.format = %d AND i.bits BETWEEN 0 AND 30",
				   site->schema, CDP_KEY_FORMAT), 0, NULL, NULL, NULL, read_only);
	if (SPI_processed == 0)
		return false;
	site->bits = DatumGetInt32(cdp_core_result(0, 1, &isnull));
	site->records = DatumGetFloat8(cdp_core_result(0, 2, &isnull));
	cdp_key_read_rules(&site->blocker, site->comparison, site->schema, read_only);
	for (int r = 0; r < site->blocker.n_rules; r++)
		site->any_coarse |= site->coarse[r] = cdp_key_is_coarse(&site->blocker, r);
	return true;
}

static Site *
make_site(Oid space, int model_id, bool read_only)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cdp lookup", ALLOCSET_DEFAULT_SIZES);
	Site	   *site = MemoryContextAllocZero(context, sizeof(Site));
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));

	site->context = context;
	site->space = space;
	site->model_id = model_id;
	site->schema = MemoryContextStrdup(context, cdp_core_space_schema(space));
	callback->func = release;
	callback->arg = site;
	MemoryContextRegisterResetCallback(context, callback);
	if (model_id != 0)
		read_model(site, read_only);
	return site;
}

/* The statements of a lookup. */
static void
prepare_site(Site *site)
{
	Oid			argtypes[] = {TEXTARRAYOID, INT4OID, BOOLOID};
	Oid			ids[] = {INT8ARRAYOID};
	char	   *sql[4];
	bool		isnull;
	Datum		names,
				used,
			   *datums;
	int			n;

	cdp_core_query(psprintf("SELECT s.attributes, s.in_use, s.person_sql, s.identifier_sql, s.value_sql, s.reason_sql FROM cdp_internal.lookup_sql(%s, %d) s",
				   quote_literal_cstr(site->schema), site->model_id), 0, NULL, NULL, NULL, true);
	names = cdp_core_result(0, 1, &isnull);
	used = cdp_core_result(0, 2, &isnull);
	for (int i = 0; i < lengthof(sql); i++)
		sql[i] = TextDatumGetCString(cdp_core_result(0, 3 + i, &isnull));
	deconstruct_array(DatumGetArrayTypeP(names), TEXTOID, -1, false, TYPALIGN_INT, &datums, NULL, &site->n_attributes);
	site->attribute = MemoryContextAlloc(site->context, (site->n_attributes + 1) * sizeof(char *));
	site->in_use = MemoryContextAlloc(site->context, site->n_attributes + 1);
	for (int i = 0; i < site->n_attributes; i++)
		site->attribute[i] = MemoryContextStrdup(site->context, TextDatumGetCString(datums[i]));
	deconstruct_array(DatumGetArrayTypeP(used), BOOLOID, 1, true, TYPALIGN_CHAR, &datums, NULL, &n);
	for (int i = 0; i < site->n_attributes; i++)
		site->in_use[i] = i < n && DatumGetBool(datums[i]);
	site->person = prepare(sql[0], 1, argtypes);
	site->identifiers = prepare(sql[1], 3, argtypes);
	site->values = prepare(sql[2], 1, ids);
	site->reasons = MemoryContextStrdup(site->context, sql[3]);
}

/* The site of a space as it is now, for this call alone until put_site. */
static Site *
get_site(Oid space)
{
	SiteEntry  *entry;
	Site	   *site = NULL;
	char	   *state;
	int			model_id;
	bool		isnull,
				found;

	if (sites == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(SiteEntry), .hcxt = CacheMemoryContext};

		sites = hash_create("cdp lookups", 8, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	cdp_core_execute(cdp_core_plan(space,
						  "SELECT coalesce(m.model_id, 0)::pg_catalog.int4,"
						  " pg_catalog.concat_ws(' ', i.xmin, i.ctid, i.region, m.xmin, k.xmin, k.ctid,"
						  " (SELECT pg_catalog.count(*) FROM @.match_nickname),"
						  " (SELECT pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.count(*) FILTER (WHERE a.in_use)) FROM @.attribute a))"
						  " FROM @.space_info i LEFT JOIN @.match_model m ON m.active LEFT JOIN @.match_key_info k ON true",
						  0, NULL), NULL, true);
	if (SPI_processed == 0)
		elog(ERROR, "cdp: space_info of space %s is empty", cdp_core_space_schema(space));
	model_id = DatumGetInt32(cdp_core_result(0, 1, &isnull));
	state = TextDatumGetCString(cdp_core_result(0, 2, &isnull));

	entry = hash_search(sites, &space, HASH_FIND, &found);
	if (found)
	{
		site = entry->site;
		hash_search(sites, &space, HASH_REMOVE, NULL);
		MemoryContextSetParent(site->context, CurrentMemoryContext);
		if (strcmp(site->state, state) == 0 && strcmp(site->schema, cdp_core_space_schema(space)) == 0)
			return site;
		MemoryContextDelete(site->context);
	}
	site = make_site(space, model_id, true);
	site->state = MemoryContextStrdup(site->context, state);
	prepare_site(site);
	if (model_id != 0)
		site->indexed = read_index(site, true);
	return site;
}

static void
put_site(Site *site)
{
	SiteEntry  *entry;
	bool		found;

	entry = hash_search(sites, &site->space, HASH_ENTER, &found);
	if (found)
		MemoryContextDelete(entry->site->context);
	entry->site = site;
	MemoryContextSetParent(site->context, CacheMemoryContext);
}

/* ---------------------------------------------------------------- values */

/* Puts a key into the store; nothing is the same as missing. */
static void
keep_value(Site *site, int32 record, int column, Datum datum)
{
	text	   *value = DatumGetTextPP(datum);
	char	   *s = VARDATA_ANY(value);
	int			len = VARSIZE_ANY_EXHDR(value);
	char	   *utf8 = len > 0 ? pg_server_to_any(s, len, PG_UTF8) : s;

	if (utf8 != s)
		len = strlen(utf8);
	if (len > 0)
		require(site, cdp_store_set(&site->store, record, column, utf8, len));
	if (utf8 != s)
		pfree(utf8);
	if ((Pointer) value != DatumGetPointer(datum))
		pfree(value);
}

/* One value for each attribute, and what is compared of them. */
typedef struct Variant
{
	Datum		key[MAX_INPUTS];
	bool		missing[MAX_INPUTS];
	double		rarity[MAX_INPUTS];
	uint64		origins[MAX_INPUTS];
	uint32		rule[CDP_MAX_RULES];	/* what it has for the keys of each */
} Variant;

typedef struct Person
{
	int			n_values;		/* the most that an attribute has */
	char	 ***value;			/* by attribute: its values, NULL behind the last */
	bool		any;
	bool		usable;			/* one for an attribute that sources fill */
	int			n_variants;
	Variant    *variant;		/* variant i is record i of the store */
} Person;

static char *
scalar(const JsonbValue *value, const char *attribute)
{
	switch (value->type)
	{
		case jbvNull:
			return NULL;
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			ereport(ERROR,
					errcode(ERRCODE_CDP_BAD_ARGUMENT),
					errmsg("attribute \"%s\" of the person is neither a value nor a list of values", attribute),
					errhint("Give a text, a number, or a list of them."));
	}
	return NULL;
}

static void
read_attribute(Site *site, Person *p, int a, JsonbValue *value)
{
	int			n = 0;

	p->value[a] = palloc0((MAX_VALUES + 1) * sizeof(char *));
	if (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) && !JsonContainerIsScalar(value->val.binary.data))
	{
		int			size = JsonContainerSize(value->val.binary.data);

		if (size > MAX_VALUES)
			ereport(ERROR,
					errcode(ERRCODE_CDP_BAD_ARGUMENT),
					errmsg("attribute \"%s\" of the person has %d values", site->attribute[a], size),
					errhint("At most %d values are looked for.", MAX_VALUES));
		for (int i = 0; i < size; i++)
		{
			char	   *s = scalar(getIthJsonbValueFromContainer(value->val.binary.data, i), site->attribute[a]);

			if (s)
				p->value[a][n++] = s;
		}
	}
	else
	{
		char	   *s = scalar(value, site->attribute[a]);

		if (s)
			p->value[a][n++] = s;
	}
	p->any |= n > 0;
	p->usable |= n > 0 && site->in_use[a];
	if (n > 0 && !site->in_use[a])
		ereport(NOTICE, errmsg("no source of space %s gives attribute \"%s\": it is left aside", site->schema, site->attribute[a]));
	if (site->in_use[a])
		p->n_values = Max(p->n_values, n);
}

static void
read_person(Site *site, Jsonb *json, Person *p)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	p->value = palloc0((site->n_attributes + 1) * sizeof(char **));
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("a person is a JSON object of attributes and values"),
				errhint("Call cdp.lookup(space, '{\"given_name\": \"Ann\", \"birth_date\": \"1980-02-17\"}')."));
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *name;
		int			a = 0;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(v.val.string.val, v.val.string.len);
		while (a < site->n_attributes && strcmp(site->attribute[a], name) != 0)
			a++;
		if (a == site->n_attributes)
			ereport(ERROR,
					errcode(ERRCODE_CDP_NO_SUCH_ATTRIBUTE),
					errmsg("space %s has no attribute \"%s\"", site->schema, name),
					errhint("See the table %s.attribute.", site->schema));
		JsonbIteratorNext(&it, &v, true);
		read_attribute(site, p, a, &v);
	}
	if (!p->any)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("the person has no value"),
				errhint("Give at least one attribute that is not null."));
}

static Datum
person_array(Site *site, char **values)
{
	Datum	   *datums = palloc((site->n_attributes + 1) * sizeof(Datum));
	bool	   *nulls = palloc(site->n_attributes + 1);
	int			dims[1] = {site->n_attributes};
	int			lbs[1] = {1};

	for (int a = 0; a < site->n_attributes; a++)
	{
		nulls[a] = values[a] == NULL;
		datums[a] = nulls[a] ? (Datum) 0 : CStringGetTextDatum(values[a]);
	}
	return PointerGetDatum(construct_md_array(datums, nulls, 1, dims, lbs, TEXTOID, -1, false, TYPALIGN_INT));
}

/* ---------------------------------------------------------------- candidates */

typedef struct Candidate
{
	int64		record;
	double		shares;			/* what it shares with the person, the rarer the more */
	bool		identified;		/* shares an identifier */
	bool		tied;			/* and one that makes records one person */
} Candidate;

typedef struct Candidates
{
	Candidate  *c;
	int			n,
				allocated;
} Candidates;

static void
add_candidate(Candidates *all, Candidate candidate)
{
	if (all->n == all->allocated)
	{
		all->allocated = all->allocated ? all->allocated * 2 : 256;
		all->c = all->c ? repalloc(all->c, all->allocated * sizeof(Candidate)) : palloc(all->allocated * sizeof(Candidate));
	}
	all->c[all->n++] = candidate;
}

static int
by_record(const void *x, const void *y)
{
	const Candidate *a = x,
			   *b = y;

	return a->record < b->record ? -1 : a->record > b->record;
}

static int
by_shares(const void *x, const void *y)
{
	const Candidate *a = x,
			   *b = y;

	if (a->shares != b->shares)
		return a->shares > b->shares ? -1 : 1;
	return by_record(x, y);
}

/* Each record once, those that share most first, no more than are weighed. */
static void
rank_candidates(Candidates *all)
{
	int			n = 0;

	if (all->n == 0)
		return;
	qsort(all->c, all->n, sizeof(Candidate), by_record);
	for (int i = 1; i < all->n; i++)
		if (all->c[i].record == all->c[n].record)
		{
			all->c[n].shares += all->c[i].shares;
			all->c[n].identified |= all->c[i].identified;
			all->c[n].tied |= all->c[i].tied;
		}
		else
			all->c[++n] = all->c[i];
	all->n = n + 1;
	qsort(all->c, all->n, sizeof(Candidate), by_shares);
	all->n = Min(all->n, CANDIDATES);
}

static double
shares_of(const Site *site, int records)
{
	return log2(Max(site->records, 2) / records) + 1;
}

/* Who shares an identifier with the person. */
static void
add_identified(Site *site, char **values, bool all_kinds, Candidates *all)
{
	Datum		args[3] = {person_array(site, values), Int32GetDatum(cdp_max_records_per_value), BoolGetDatum(all_kinds)};

	cdp_core_execute(site->identifiers, args, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int			n;
		ArrayType  *ids;
		bool		tied = DatumGetBool(cdp_core_result(i, 2, &isnull));
		Datum		members = cdp_core_result(i, 1, &isnull);

		if (isnull)
			continue;
		/* made by array_agg of a column that is not null */
		ids = DatumGetArrayTypeP(members);
		n = ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids));
		for (int m = 0; m < n; m++)
			add_candidate(all, (Candidate) {.record = ((int64 *) ARR_DATA_PTR(ids))[m], .shares = shares_of(site, n), .identified = true, .tied = tied});
	}
}

/* Who shares a rule's keys, coarse or not, with a variant, the record at of the store. */
static void
add_blocked(Site *site, int32 at, uint32 *key, bool coarse, Candidates *all)
{
	static Oid	argtypes[1] = {INT4ARRAYOID};
	CdpBlocker *b = &site->blocker;
	Datum		buckets[CDP_MAX_RULES];
	Datum		args[1];
	int			n_buckets = 0;

	memset(key, 0, sizeof(uint32) * CDP_MAX_RULES);
	for (int r = 0; r < b->n_rules; r++)
		if (site->coarse[r] == coarse && (key[r] = cdp_key_of(b, r, at)) != 0)
			buckets[n_buckets++] = Int32GetDatum(cdp_key_bucket(key[r], site->bits));
	if (n_buckets == 0)
		return;
	args[0] = PointerGetDatum(construct_array(buckets, n_buckets, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	cdp_core_execute(cdp_core_plan(site->space,
						  "SELECT k.bucket::pg_catalog.int4, k.entries::pg_catalog.bytea"
						  " FROM @.match_key k WHERE k.bucket OPERATOR(pg_catalog.=) ANY ($1)",
						  1, argtypes), args, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int32		bucket = DatumGetInt32(cdp_core_result(i, 1, &isnull));
		bytea	   *row = DatumGetByteaPP(cdp_core_result(i, 2, &isnull));

		for (int r = 0; r < b->n_rules; r++)
		{
			CdpKeyEntries entries = cdp_key_entries(row);
			int64		ids[CDP_KEY_BLOCK];
			int			n = 0;

			if (key[r] == 0 || cdp_key_bucket(key[r], site->bits) != bucket)
				continue;
			while (cdp_key_next(&entries) && entries.key <= key[r])
				if (entries.key == key[r] && entries.record != 0 && n < CDP_KEY_BLOCK)
					ids[n++] = entries.record;
			for (int e = 0; e < n; e++)
				add_candidate(all, (Candidate) {.record = ids[e], .shares = shares_of(site, n)});
		}
	}
}

/* How rare the values of some inputs are, and where names come from; both, by input, are those of what nobody else has. */
static void
look_up_rarity(Site *site, const int *inputs, int n, const Datum *keys, double *rarity, uint64 *origins)
{
	static Oid	argtypes[] = {INT4OID, TEXTARRAYOID, INT4ARRAYOID, TEXTARRAYOID};
	Datum		comparison[MAX_INPUTS],
				input[MAX_INPUTS],
				value[MAX_INPUTS];
	Datum		args[4] = {Int32GetDatum(site->model_id)};

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		const Input *in = &site->input[inputs[i]];

		comparison[i] = CStringGetTextDatum(site->named->named[in->comparison].name);
		input[i] = Int32GetDatum(in->input);
		value[i] = keys[inputs[i]];
	}
	args[1] = PointerGetDatum(construct_array(comparison, n, TEXTOID, -1, false, TYPALIGN_INT));
	args[2] = PointerGetDatum(construct_array(input, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	args[3] = PointerGetDatum(construct_array(value, n, TEXTOID, -1, false, TYPALIGN_INT));
	cdp_core_execute(cdp_core_plan(site->space,
						  "SELECT u.n::pg_catalog.int4, f.rarity::pg_catalog.float8, f.origins::pg_catalog.int8"
						  " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4)) WITH ORDINALITY AS u(comparison, input, value, n)"
						  " CROSS JOIN LATERAL (SELECT f.rarity, f.origins FROM @.match_frequency f WHERE f.model_id OPERATOR(pg_catalog.=) $1"
						  " AND f.comparison OPERATOR(pg_catalog.=) u.comparison AND f.input OPERATOR(pg_catalog.=) u.input"
						  " AND f.value OPERATOR(pg_catalog.=) u.value OFFSET 0) f",
						  4, argtypes), args, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int			place = DatumGetInt32(cdp_core_result(i, 1, &isnull));

		Datum		found;

		rarity[inputs[place - 1]] = DatumGetFloat8(cdp_core_result(i, 2, &isnull));
		found = cdp_core_result(i, 3, &isnull);
		origins[inputs[place - 1]] = isnull ? 0 : DatumGetInt64(found);
	}
}

static double
rarity_unseen(const Site *site, int input)
{
	const Input *in = &site->input[input];

	return site->named->named[in->comparison].unseen[in->input];
}

/* How rare the values of a variant are. */
static void
read_rarity(Site *site, Variant *p)
{
	int			inputs[MAX_INPUTS];
	int			n = 0;

	for (int i = 0; i < site->n_inputs; i++)
	{
		p->rarity[i] = rarity_unseen(site, i);
		p->origins[i] = 0;
		if (!p->missing[i] && site->input[i].column >= 0)
			inputs[n++] = i;
	}
	look_up_rarity(site, inputs, n, p->key, p->rarity, p->origins);
}

/* ---------------------------------------------------------------- weighing */

typedef struct Found
{
	int64		profile;
	int64		record;
	double		weight;
} Found;

static int
by_found_record(const void *x, const void *y)
{
	const Found *a = x,
			   *b = y;

	return a->record < b->record ? -1 : a->record > b->record;
}

static int
by_profile(const void *x, const void *y)
{
	const Found *a = x,
			   *b = y;

	if (a->profile != b->profile)
		return a->profile < b->profile ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->record < b->record ? -1 : a->record > b->record;
}

static int
by_weight(const void *x, const void *y)
{
	const Found *a = x,
			   *b = y;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->profile < b->profile ? -1 : a->profile > b->profile;
}

/* The level of a person's values and a record's; of a list of the record's, codes of a column, the best. */
static int
best_level(Site *site, const CdpComparison *k, const CdpColumn *column, const CdpValue *const *a, const CdpValue *const *b, const int32_t *codes)
{
	const int32_t *code;
	int			n = k->info->n_inputs > 1 ? 1 : cdp_column_values(column, codes, &code);
	int			best;

	if (n <= 1 || a[0] == NULL)
		return cdp_compare(&site->store.work, k->measure, a, b);
	best = k->info->n_levels;
	for (int i = 0; i < n; i++)
	{
		const CdpValue *value = &column->value[code[i]];

		best = Min(best, cdp_compare(&site->store.work, k->measure, a, &value));
	}
	return best;
}

/* The weight of a variant of the person and a record, both in the store; other has the record's keys as read. */
static double
weigh(Site *site, const Person *person, int32 variant, CdpConditions **conditions, int32 at, const Datum *other, const bool *missing, int64 record)
{
	const Variant *p = &person->variant[variant];
	const CdpModel *model = &site->named->model;
	const int32_t *x = cdp_store_codes(&site->store, variant),
			   *y = cdp_store_codes(&site->store, at);
	CdpAgreed	agreed[CDP_MAX_COMPARISONS];
	bool		moved = false;
	int			i = 0;

	for (int c = 0; c < model->n; i += model->comparison[c++].info->n_inputs)
	{
		const CdpComparison *k = &model->comparison[c];
		const CdpValue *a[CDP_MAX_INPUTS],
				   *b[CDP_MAX_INPUTS];
		int			rare;

		agreed[c].level = 0;
		for (int j = 0; j < CDP_MAX_INPUTS; j++)
			agreed[c].rarity[j] = 1;
		if (k->ignored)
			continue;
		if (k->measure == CDP_MEASURE_SQL)
		{
			if (!p->missing[i] && !missing[i])
			{
				text	   *s = DatumGetTextPP(p->key[i]),
						   *t = DatumGetTextPP(other[i]);

				agreed[c].level = cdp_match_conditions_level(conditions[c],
															 cdp_match_conditions_value(conditions[c], VARDATA_ANY(s), VARSIZE_ANY_EXHDR(s)),
															 cdp_match_conditions_value(conditions[c], VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)),
															 record, 0);
			}
			continue;
		}
		if (site->input[i].column < 0)
			continue;
		for (int j = 0; j < k->info->n_inputs; j++)
		{
			const CdpColumn *column = &site->store.column[site->input[i + j].column];
			int32_t		v = x[site->input[i + j].column],
						w = y[site->input[i + j].column];

			a[j] = v < 0 ? NULL : &column->value[v];
			b[j] = w < 0 ? NULL : &column->value[w];
		}
		agreed[c].level = best_level(site, k, &site->store.column[site->input[i].column], a, b, y + site->input[i].column);
		agreed[c].level = cdp_level_beside(k, agreed[c].level, &moved);
		if (site->store.work.problem != CDP_NO_PROBLEM)
			fail(site);
		rare = agreed[c].level ? k->info->levels[agreed[c].level - 1].frequency : 0;
		if (rare && k->info->levels[agreed[c].level - 1].present == CDP_SPELLED && a[0] == NULL)
		{
			/* the person's mailbox spells the name of the record: that is what is rare */
			const int	inputs[2] = {i, i + 1};
			double		rarity[MAX_INPUTS];
			uint64		origins[MAX_INPUTS] = {0};

			rarity[i] = rarity_unseen(site, i);
			rarity[i + 1] = rarity_unseen(site, i + 1);
			look_up_rarity(site, inputs, 2, other, rarity, origins);
			for (int j = 0; j < 2; j++)
				if (rare >> j & 1)
					agreed[c].rarity[j] = (float) rarity[i + j];
			if (cdp_names_agree(k, rare))
				agreed[c].rarity[0] *= cdp_origins_together(origins[i], origins[i + 1]);
			continue;
		}
		for (int j = 0; j < k->info->n_inputs; j++)
			if (rare >> j & 1 && a[j])
				agreed[c].rarity[j] = (float) p->rarity[i + j];
		if (cdp_names_agree(k, rare))
			agreed[c].rarity[0] *= cdp_origins_together(p->origins[i], p->origins[i + 1]);
	}
	return cdp_sum_weight(model, agreed, NULL);
}

/* Makes the conditions of comparisons without a measure ready. */
static CdpConditions **
open_conditions(Site *site)
{
	const CdpNamedModel *named = site->named;
	CdpConditions **conditions = palloc0(sizeof(CdpConditions *) * CDP_MAX_COMPARISONS);
	Oid			argtypes[] = {INT4OID, TEXTOID};

	for (int c = 0; c < named->model.n; c++)
	{
		Datum		args[2];
		bool		isnull;

		if (named->model.comparison[c].measure != CDP_MEASURE_SQL || named->model.comparison[c].ignored)
			continue;
		args[0] = Int32GetDatum(site->model_id);
		args[1] = CStringGetTextDatum(named->named[c].name);
		cdp_core_query(psprintf("SELECT l.conditions::pg_catalog.text FROM %s.match_level l WHERE l.model_id = $1 AND l.comparison = $2 AND l.level = 1", site->schema),
			  2, argtypes, args, NULL, true);
		conditions[c] = cdp_match_conditions_open(site->space, named->named[c].name, (const char *const *) named->named[c].attribute,
												  named->named[c].n_attributes, TextDatumGetCString(cdp_core_result(0, 1, &isnull)));
	}
	return conditions;
}

/* Weighs the candidates; found has room for all of them. Returns how many are likely enough. */
static int
weigh_candidates(Site *site, const Person *p, Candidates *all, Found *found)
{
	CdpConditions **conditions = site->named ? open_conditions(site) : NULL;
	Datum	   *ids = palloc((all->n + 1) * sizeof(Datum));
	Datum		args[1];
	SPITupleTable *rows;
	uint64		n_rows;
	Datum	   *values;
	bool	   *nulls;
	int			n = 0;

	for (int i = 0; i < all->n; i++)
		ids[i] = Int64GetDatum(all->c[i].record);
	args[0] = PointerGetDatum(construct_array(ids, all->n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	cdp_core_execute(site->values, args, true);
	rows = SPI_tuptable;
	n_rows = SPI_processed;
	if (rows->tupdesc->natts != site->n_inputs + 1)
		elog(ERROR, "cdp: the lookup reads %d values instead of %d", rows->tupdesc->natts - 1, site->n_inputs);
	values = palloc(rows->tupdesc->natts * sizeof(Datum));
	nulls = palloc(rows->tupdesc->natts);
	qsort(all->c, all->n, sizeof(Candidate), by_record);
	for (uint64 i = 0; i < n_rows; i++)
	{
		Candidate	wanted;
		Candidate  *candidate;
		double		weight = get_float8_infinity();

		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(rows->vals[i], rows->tupdesc, values, nulls);
		wanted.record = DatumGetInt64(values[0]);
		candidate = bsearch(&wanted, all->c, all->n, sizeof(Candidate), by_record);
		if (nulls[0] || candidate == NULL)
			continue;
		if (site->named)
		{
			int32		at = cdp_store_add_record(&site->store);
			bool		shares = candidate->identified;

			require(site, at >= 0);
			for (int j = 0; j < site->n_inputs; j++)
				if (!nulls[j + 1] && site->input[j].column >= 0)
					keep_value(site, at, site->input[j].column, values[j + 1]);
			for (int r = 0; !shares && r < site->blocker.n_rules; r++)
			{
				uint32		key = cdp_key_of(&site->blocker, r, at);

				for (int v = 0; !shares && key != 0 && v < p->n_variants; v++)
					shares = p->variant[v].rule[r] == key;
			}
			if (!shares)
				continue;
			weight = -get_float8_infinity();
			for (int v = 0; v < p->n_variants; v++)
				weight = Max(weight, weigh(site, p, v, conditions, at, values + 1, nulls + 1, wanted.record));
			if (weight < LEAST_WEIGHT && !candidate->tied)
				continue;
		}
		found[n++] = (Found) {.record = wanted.record, .weight = weight};
	}
	return n;
}

/* Whose the records are: leaves the best record of each profile, best first, and returns how many. */
static int
best_of_profiles(Site *site, Found *found, int n)
{
	static Oid	argtypes[1] = {INT8ARRAYOID};
	Datum	   *ids = palloc((n + 1) * sizeof(Datum));
	Datum		args[1];
	int			known = 0,
				profiles = 0;

	qsort(found, n, sizeof(Found), by_found_record);
	for (int i = 0; i < n; i++)
		ids[i] = Int64GetDatum(found[i].record);
	args[0] = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	cdp_core_execute(cdp_core_plan(site->space,
						  "SELECT i.record_id::pg_catalog.int8, i.profile_id::pg_catalog.int8 FROM @.identity i WHERE i.record_id OPERATOR(pg_catalog.=) ANY ($1)",
						  1, argtypes), args, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Found		wanted = {.record = DatumGetInt64(cdp_core_result(i, 1, &isnull))};
		Found	   *one = bsearch(&wanted, found, n, sizeof(Found), by_found_record);

		if (one)
			one->profile = DatumGetInt64(cdp_core_result(i, 2, &isnull));
	}
	/* a record that is read but not yet resolved is nobody's */
	for (int i = 0; i < n; i++)
		if (found[i].profile != 0)
			found[known++] = found[i];
	if (known == 0)
		return 0;
	qsort(found, known, sizeof(Found), by_profile);
	for (int i = 1; i < known; i++)
		if (found[i].profile != found[profiles].profile)
			found[++profiles] = found[i];
	qsort(found, profiles + 1, sizeof(Found), by_weight);
	return profiles + 1;
}

/* ---------------------------------------------------------------- cdp.lookup */

/* Cleans one value per attribute. Tells which are accepted, and gives the keys of what is compared. */
static void
clean_values(Site *site, char **values, bool *accepted, Variant *keys)
{
	Datum		args[1] = {person_array(site, values)};
	Datum	   *datums;
	bool	   *nulls,
				isnull;
	int			n;

	cdp_core_execute(site->person, args, true);
	deconstruct_array(DatumGetArrayTypeP(cdp_core_result(0, 1, &isnull)), BOOLOID, 1, true, TYPALIGN_CHAR, &datums, &nulls, &n);
	for (int a = 0; a < site->n_attributes; a++)
		accepted[a] = a < n && DatumGetBool(datums[a]);
	deconstruct_array(DatumGetArrayTypeP(cdp_core_result(0, 2, &isnull)), TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &n);
	if (n != site->n_inputs)
		elog(ERROR, "cdp: the lookup compares %d values instead of %d", n, site->n_inputs);
	for (int i = 0; i < n; i++)
	{
		keys->key[i] = datums[i];
		keys->missing[i] = nulls[i];
	}
}

/* Why values were not accepted, in cleaning's own words; what is empty is as if it were not given. */
static void
add_reasons(Site *site, char **values, const bool *accepted, StringInfo reasons)
{
	Oid			argtypes[] = {TEXTARRAYOID};
	Datum		args[1] = {person_array(site, values)};
	Datum	   *datums;
	bool	   *nulls,
				isnull;
	int			n;

	cdp_core_query(site->reasons, 1, argtypes, args, NULL, true);
	deconstruct_array(DatumGetArrayTypeP(cdp_core_result(0, 1, &isnull)), TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &n);
	for (int a = 0; a < site->n_attributes && a < n; a++)
		if (values[a] && !accepted[a] && !nulls[a])
			appendStringInfo(reasons, "%s%s: %s", reasons->len > 0 ? ", " : "", site->attribute[a], TextDatumGetCString(datums[a]));
}

/*
 * Cleans the person's values and makes the variants: the first has the first value of
 * each attribute that cleaning accepts, every further one the next values, where there are
 * some. Identifiers count with all values.
 */
static void
clean_person(Site *site, Person *p, Candidates *all)
{
	char	 ***round = palloc0(p->n_values * sizeof(char **));
	bool	  **accepted = palloc0(p->n_values * sizeof(bool *));
	char	  **first = palloc0((site->n_attributes + 1) * sizeof(char *));
	bool		any = false;
	StringInfoData reasons;

	initStringInfo(&reasons);
	p->variant = palloc0(p->n_values * sizeof(Variant));
	for (int v = 0; v < p->n_values; v++)
	{
		bool		refused = false;

		round[v] = palloc0((site->n_attributes + 1) * sizeof(char *));
		accepted[v] = palloc0(site->n_attributes + 1);
		for (int a = 0; a < site->n_attributes; a++)
			/* the list ends at the first NULL */
			for (int i = 0; p->value[a] && site->in_use[a] && p->value[a][i]; i++)
				if (i == v)
					round[v][a] = p->value[a][i];
		clean_values(site, round[v], accepted[v], &p->variant[v]);
		for (int a = 0; a < site->n_attributes; a++)
		{
			any |= accepted[v][a];
			refused |= round[v][a] && !accepted[v][a];
			if (accepted[v][a] && first[a] == NULL)
				first[a] = round[v][a];
		}
		if (refused)
			add_reasons(site, round[v], accepted[v], &reasons);
		add_identified(site, round[v], site->named != NULL, all);
	}
	if (!any)
		ereport(ERROR,
				errcode(ERRCODE_CDP_VALUE_REFUSED),
				errmsg("cleaning refuses every value of the person"),
				reasons.len > 0 ? errdetail("Refused are %s.", reasons.data) : 0,
				errhint("The problem functions, such as cdp.email_problem, say why a value is refused."));
	if (reasons.len > 0)
		ereport(NOTICE, errmsg("cleaning refuses values of the person, which are left aside: %s", reasons.data));

	/* of one value each, what was cleaned is the variant */
	p->n_variants = Min(p->n_values, 1);
	for (int v = 0; p->n_values > 1 && v < p->n_values; v++)
	{
		bool		more = v == 0;
		bool	   *ignored = palloc(site->n_attributes + 1);

		for (int a = 0; a < site->n_attributes; a++)
		{
			more |= accepted[v][a];
			if (!accepted[v][a])
				round[v][a] = first[a];
		}
		if (!more)
			continue;
		p->n_variants = v == 0 ? 1 : p->n_variants + 1;
		clean_values(site, round[v], ignored, &p->variant[p->n_variants - 1]);
	}
}

/* Looks for the person, who may be known by identifiers. Returns how many profiles were found, best first. */
static int
find_profiles(Site *site, Person *person, const Candidates *identified, bool coarse, Found **found)
{
	Candidates	all = {0};
	int			n = 0;

	for (int i = 0; i < identified->n; i++)
		add_candidate(&all, identified->c[i]);
	if (site->named)
	{
		cdp_store_clear(&site->store);
		for (int v = 0; v < person->n_variants; v++)
		{
			Variant    *variant = &person->variant[v];

			require(site, cdp_store_add_record(&site->store) == v);
			for (int i = 0; i < site->n_inputs; i++)
				if (!variant->missing[i] && site->input[i].column >= 0)
					keep_value(site, v, site->input[i].column, variant->key[i]);
			add_blocked(site, v, variant->rule, coarse, &all);
			read_rarity(site, variant);
		}
	}
	rank_candidates(&all);
	*found = palloc((all.n + 1) * sizeof(Found));
	n = all.n > 0 ? weigh_candidates(site, person, &all, *found) : 0;
	return n > 0 ? best_of_profiles(site, *found, n) : 0;
}

PG_FUNCTION_INFO_V1(cdp_lookup);

/* cdp.lookup(space regnamespace, person jsonb, n int) -> setof (profile_id bigint, record_id bigint, weight float8, probability float8) */
Datum
cdp_lookup(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			space = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	int			most = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	Person	   *person;
	Candidates	identified = {0};
	Site	   *site;
	int			n = 0;
	Found	   *found = NULL;
	double		odds = 0;		/* over those of the best */

	InitMaterializedSRF(fcinfo, 0);
	(void) cdp_core_space_schema(space);
	if (PG_ARGISNULL(1) || most < 1)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("a lookup needs a person, and n of at least 1"),
				errhint("Call cdp.lookup(space, '{\"given_name\": \"Ann\", \"birth_date\": \"1980-02-17\"}')."));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	site = get_site(space);
	if (site->named && !site->indexed)
		ereport(ERROR,
				errcode(ERRCODE_CDP_NOT_RESOLVED),
				errmsg("space %s was not resolved since its model was activated", site->schema),
				errhint("Call cdp.resolve(%s), which writes what lookups search.", quote_literal_cstr(site->schema)));
	person = palloc0(sizeof(Person));
	read_person(site, PG_GETARG_JSONB_P(1), person);
	/* what no source fills nobody has */
	if (person->usable)
	{
		clean_person(site, person, &identified);
		n = find_profiles(site, person, &identified, false, &found);
		if (n == 0 && site->any_coarse)
			n = find_profiles(site, person, &identified, true, &found);
	}
	/* one person is of one profile at most: all there are share the odds, with those that there is none */
	for (int i = 0; site->named && i < n; i++)
		odds += exp2(found[i].weight - found[0].weight) + (i == 0 ? exp2(-found[0].weight) : 0);
	for (int i = 0; i < n && i < most; i++)
	{
		Datum		values[4] = {Int64GetDatum(found[i].profile), Int64GetDatum(found[i].record), Float8GetDatum(found[i].weight),
		Float8GetDatum(site->named ? exp2(found[i].weight - found[0].weight) / odds : 1)};
		bool		nulls[4] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	if (site->named)
	{
		cdp_store_clear(&site->store);
		cdp_work_release(&site->store.work, 256 * 1024);
	}
	put_site(site);
	SPI_finish();
	return (Datum) 0;
}
