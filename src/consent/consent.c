/*
 * consent.c
 *	  Decisions: may a profile's data be used for a purpose?
 *
 * The rule. Each identifier (kind, value) of the profile's records has, for a
 * purpose, at most one state for all channels, g, and, when a channel is asked
 * for, one state for it, s. s takes the place of g where it is the stricter
 * (denied or withdrawn) or the later of the two. The profile is refused when any
 * identifier is, else granted when any is, else the purpose's default rule
 * holds. So a merge is as strict as its strictest part and a split gives each
 * part its own back. The rule is written once, as PICK below; what differs is
 * where the states come from (the current state or, for a time in the past, the
 * ledger) and whether they are asked for one profile or for all.
 *
 * Speed. cdp.consented is called per row. Each call site keeps, in fn_extra, the
 * questions (space, purpose, channel, at) that it is asked, a few at most. A
 * question is first answered by a look-up per call. When the look-ups have cost
 * about as much as one set-based query over everything, that query is run and
 * its answers for all profiles are kept: the total is then at most about twice
 * the better of the two, without having to know how many calls will come. One
 * look-up costs about as much as the set-based query spends on one page of the
 * tables that it reads, so pages are what is counted.
 *
 * Freshness. Answers are kept for one snapshot only, and never beyond: they are
 * valid while the active snapshot has the same contents (xmin, xmax, the xids in
 * progress, curcid), and the user is the same (row security). Equal contents
 * see the same rows, with one exception: when a subtransaction of our own rolls
 * back, its rows vanish from snapshots that do not say so. Hence the
 * generation, which every end of a transaction or subtransaction moves on. (The
 * snapshot's completion counter is no use here: copied snapshots have none.)
 *
 * Memory. The answers are a set of profile ids as bits, 64 ids to an entry of a
 * hash, in a context of its own under fn_mcxt; while it is made there is one of
 * record ids beside it. When either would exceed the memory of a hash (work_mem
 * times hash_mem_multiplier), look-ups go on instead. Ids given out in sequence
 * take about half a byte each, so the default 8 MB hold 15 million.
 */
#include "consent/consent.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/supportnodes.h"
#include "storage/bufmgr.h"
#include "tcop/dest.h"
#include "executor/tstoreReceiver.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* ---- the rule, in SQL. $1 profile, $2 purpose, $3 channel or '', $4 time or null ---- */

#define EQ " OPERATOR(pg_catalog.=) "
#define NE " OPERATOR(pg_catalog.<>) "
#define GT " OPERATOR(pg_catalog.>) "
#define LE " OPERATOR(pg_catalog.<=) "

/* A column of the state that holds for an identifier, of g and s. */
#define PICK(column) \
	"CASE WHEN g.at IS NULL OR s.decision" NE "'granted' OR s.at" GT "g.at THEN s." column " ELSE g." column " END"

/* g and s of identifier i, from the current state … */
#define CURRENT_OF_IDENTIFIER \
	" LEFT JOIN @.consent g ON g.purpose" EQ "$2 AND g.kind" EQ "i.kind AND g.match_key" EQ "i.value" \
	"      AND g.channel" EQ "''" \
	" LEFT JOIN @.consent s ON $3" NE "'' AND s.purpose" EQ "$2 AND s.kind" EQ "i.kind AND s.match_key" EQ "i.value" \
	"      AND s.channel" EQ "$3"

/* … and from the ledger. */
#define LAST_OF_IDENTIFIER(channel_is) \
	" LEFT JOIN LATERAL (SELECT e.decision, e.at, e.consent_event_id, e.channel FROM @.consent_event e" \
	"   WHERE e.purpose" EQ "$2 AND e.kind" EQ "i.kind AND e.match_key" EQ "i.value" \
	"     AND " channel_is " AND e.at" LE "$4" \
	"   ORDER BY e.at DESC, (e.decision" NE "'granted') DESC, e.consent_event_id DESC LIMIT 1) "
#define LEDGER_OF_IDENTIFIER \
	LAST_OF_IDENTIFIER("e.channel IS NULL") "g ON true" \
	LAST_OF_IDENTIFIER("e.channel" EQ "$3") "s ON true"

/* The state that holds for every identifier that has one: kind, match_key, decision. */
#define CURRENT_GENERAL_STATES \
	"(SELECT g.kind, g.match_key, g.decision FROM @.consent g WHERE g.purpose" EQ "$2 AND g.channel" EQ "'') c"
#define BOTH_STATES(general, specific) \
	"(SELECT coalesce(g.kind, s.kind) AS kind, coalesce(g.match_key, s.match_key) AS match_key," \
	"        " PICK("decision") " AS decision" \
	"   FROM (" general ") g FULL JOIN (" specific ") s ON g.kind" EQ "s.kind AND g.match_key" EQ "s.match_key) c"
#define CURRENT_STATES \
	BOTH_STATES("SELECT * FROM @.consent x WHERE x.purpose" EQ "$2 AND x.channel" EQ "''", \
				"SELECT * FROM @.consent x WHERE x.purpose" EQ "$2 AND x.channel" EQ "$3")
#define LAST_STATES(channel_is) \
	"SELECT DISTINCT ON (e.kind, e.match_key) e.* FROM @.consent_event e" \
	" WHERE e.purpose" EQ "$2 AND " channel_is " AND e.at" LE "$4" \
	" ORDER BY e.kind, e.match_key, e.at DESC, (e.decision" NE "'granted') DESC, e.consent_event_id DESC"
#define LEDGER_STATES \
	BOTH_STATES(LAST_STATES("e.channel IS NULL"), LAST_STATES("e.channel" EQ "$3"))

/* What is known of the purpose, then of the profile. */
#define PURPOSE_COLUMNS \
	"p.default_rule" EQ "'allow', p.retired_at IS NOT NULL AND ($4 IS NULL OR p.retired_at" LE "$4)," \
	" $3" EQ "'' OR p.channels IS NULL OR $3" EQ "ANY (p.channels)"
#define PROFILE_IDENTIFIERS \
	" FROM @.identity d LEFT JOIN @.identifier i ON i.record_id" EQ "d.record_id"
#define ONE_SQL(of_identifier) \
	"SELECT " PURPOSE_COLUMNS ", x.records, x.states, x.refused FROM @.purpose p CROSS JOIN LATERAL (" \
	"  SELECT pg_catalog.count(*) AS records, pg_catalog.count(coalesce(g.at, s.at)) AS states," \
	"         pg_catalog.bool_or((" PICK("decision") ")" NE "'granted') AS refused" \
	PROFILE_IDENTIFIERS of_identifier " WHERE d.profile_id" EQ "$1) x" \
	" WHERE p.purpose" EQ "$2"
#define WHY_SQL(of_identifier) \
	"SELECT " PURPOSE_COLUMNS ", EXISTS (SELECT FROM @.identity d WHERE d.profile_id" EQ "$1)," \
	"       x.decision, x.consent_event_id, x.at, x.kind, x.channel, p.added_at, p.retired_at" \
	"  FROM @.purpose p LEFT JOIN LATERAL (" \
	"  SELECT i.kind, " PICK("decision") " AS decision, " PICK("consent_event_id") " AS consent_event_id," \
	"         " PICK("at") " AS at, " PICK("channel") " AS channel" \
	PROFILE_IDENTIFIERS of_identifier " WHERE d.profile_id" EQ "$1 AND coalesce(g.at, s.at) IS NOT NULL" \
	"  ORDER BY ((" PICK("decision") ")" NE "'granted') DESC, at DESC, consent_event_id DESC LIMIT 1) x ON true" \
	" WHERE p.purpose" EQ "$2"

static const char *const purpose_sql = "SELECT " PURPOSE_COLUMNS " FROM @.purpose p WHERE p.purpose" EQ "$2";
static const char *const one_current_sql = ONE_SQL(CURRENT_OF_IDENTIFIER);
static const char *const one_ledger_sql = ONE_SQL(LEDGER_OF_IDENTIFIER);
static const char *const why_current_sql = WHY_SQL(CURRENT_OF_IDENTIFIER);
static const char *const why_ledger_sql = WHY_SQL(LEDGER_OF_IDENTIFIER);
static const char *const alias_sql = "SELECT a.profile_id FROM @.profile_alias a WHERE a.old_profile_id" EQ "$1";

/* For all profiles. Not kept: planned for the tables as they are now. */
#define IDENTIFIERS_OF(states) \
	states " JOIN @.identifier i ON i.kind" EQ "c.kind AND i.value" EQ "c.match_key"
#define RECORDS_OF(states) \
	IDENTIFIERS_OF(states) " JOIN @.identity d ON d.record_id" EQ "i.record_id"
#define REFUSALS_OF(states) \
	"SELECT i.record_id, c.decision" NE "'granted' FROM " IDENTIFIERS_OF(states)
#define GRANTED_OF(states) \
	"SELECT d.profile_id FROM " RECORDS_OF(states) \
	" GROUP BY d.profile_id HAVING NOT pg_catalog.bool_or(c.decision" NE "'granted')"
#define NOT_REFUSED_OF(states) \
	"SELECT d.profile_id FROM @.identity d EXCEPT SELECT d.profile_id FROM " RECORDS_OF(states) \
	" WHERE c.decision" NE "'granted'"
#define LIVE_ALIASES \
	"SELECT a.old_profile_id, a.profile_id FROM @.profile_alias a WHERE a.profile_id IS NOT NULL" \
	" AND NOT EXISTS (SELECT FROM @.identity d WHERE d.profile_id" EQ "a.old_profile_id)"

static const Oid question_types[] = {INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};

#define N_QUESTION_TYPES lengthof(question_types)

/* ---- a set of profile ids ---- */

typedef struct IdBits
{
	int64		block;			/* id >> 6 */
	uint64		known;			/* has a state, or is live and the default rule allows */
	uint64		refused;
	char		status;
} IdBits;

#define SH_PREFIX idbits
#define SH_ELEMENT_TYPE IdBits
#define SH_KEY_TYPE int64
#define SH_KEY block
#define SH_HASH_KEY(tb, key) ((uint32) (((uint64) (key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static inline IdBits *
id_bits(idbits_hash *set, int64 id)
{
	bool		found;
	IdBits	   *entry = idbits_insert(set, id >> 6, &found);

	if (!found)
		entry->known = entry->refused = 0;
	return entry;
}

static inline bool
id_is_granted(idbits_hash *set, int64 id)
{
	IdBits	   *entry = idbits_lookup(set, id >> 6);

	return entry != NULL && ((entry->known & ~entry->refused) >> (id & 63) & 1);
}

/* ---- snapshots ---- */

/* What two snapshots must have in common to see the same rows. */
typedef struct SeenFrom
{
	uint64		generation;
	Oid			userid;
	TransactionId xmin;
	TransactionId xmax;
	CommandId	curcid;
	bool		suboverflowed;
	bool		in_recovery;
	uint32		xcnt;
	int32		subxcnt;
	uint32		room;			/* allocated in xids */
	TransactionId *xids;		/* xip, then subxip */
} SeenFrom;

static uint64 generation = 1;

static void
transaction_ended(XactEvent event, void *arg)
{
	generation++;
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		generation++;
}

static void
watch_transactions(void)
{
	static bool watching = false;

	if (watching)
		return;
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
	watching = true;
}

static inline bool
sees_the_same(const SeenFrom *seen, Snapshot snapshot)
{
	return seen->generation == generation &&
		seen->curcid == snapshot->curcid &&
		seen->xmin == snapshot->xmin &&
		seen->xmax == snapshot->xmax &&
		seen->xcnt == snapshot->xcnt &&
		seen->subxcnt == snapshot->subxcnt &&
		seen->suboverflowed == snapshot->suboverflowed &&
		seen->in_recovery == snapshot->takenDuringRecovery &&
		seen->userid == GetUserId() &&
		(seen->xcnt == 0 || memcmp(seen->xids, snapshot->xip, seen->xcnt * sizeof(TransactionId)) == 0) &&
		(seen->subxcnt <= 0 ||
		 memcmp(seen->xids + seen->xcnt, snapshot->subxip, seen->subxcnt * sizeof(TransactionId)) == 0);
}

static void
remember_snapshot(SeenFrom *seen, Snapshot snapshot, MemoryContext cxt)
{
	uint32		subxcnt = Max(snapshot->subxcnt, 0);
	uint32		needed = snapshot->xcnt + subxcnt;

	seen->generation = 0;		/* in case of an error half-way */
	if (seen->room < needed)
	{
		if (seen->xids)
			pfree(seen->xids);
		seen->xids = NULL;
		seen->room = 0;
		seen->xids = MemoryContextAlloc(cxt, needed * sizeof(TransactionId));
		seen->room = needed;
	}
	if (snapshot->xcnt > 0)
		memcpy(seen->xids, snapshot->xip, snapshot->xcnt * sizeof(TransactionId));
	if (subxcnt > 0)
		memcpy(seen->xids + snapshot->xcnt, snapshot->subxip, subxcnt * sizeof(TransactionId));
	seen->userid = GetUserId();
	seen->xmin = snapshot->xmin;
	seen->xmax = snapshot->xmax;
	seen->curcid = snapshot->curcid;
	seen->suboverflowed = snapshot->suboverflowed;
	seen->in_recovery = snapshot->takenDuringRecovery;
	seen->xcnt = snapshot->xcnt;
	seen->subxcnt = snapshot->subxcnt;
	seen->generation = generation;
}

/* ---- questions ---- */

#define MAX_NAME 64
#define MAX_QUESTIONS 8

typedef struct Question
{
	Oid			space;
	bool		has_at;
	TimestampTz at;
	char	   *purpose;		/* as given; need not be terminated */
	Size		purpose_len;
	char	   *channel;
	Size		channel_len;
	SeenFrom	seen;
	uint64		lookups;		/* since seen */
	uint64		worth;			/* so many look-ups cost as much as the set */
	bool		is_too_large;	/* the set is, in this snapshot */
	idbits_hash *granted;		/* NULL until computed */
	MemoryContext set_cxt;
} Question;

typedef struct CallSite
{
	MemoryContext cxt;
	int			n;
	Question	questions[MAX_QUESTIONS];	/* the last asked first */
} CallSite;

/* One call's arguments, and the same as parameters of the SQL above. */
typedef struct Asked
{
	Oid			space;
	int64		profile_id;
	bool		has_profile;
	text	   *purpose;
	text	   *channel;		/* NULL: all channels */
	bool		has_at;
	TimestampTz at;
	Datum		values[4];
	char		nulls[4];
} Asked;

/* Reads (space, [profile_id,] purpose, channel, at). */
static void
read_arguments(FunctionCallInfo fcinfo, bool with_profile, Asked *asked)
{
	int			n = 0;

	asked->space = PG_ARGISNULL(n) ? InvalidOid : PG_GETARG_OID(n);
	n++;
	asked->has_profile = with_profile && !PG_ARGISNULL(n);
	asked->profile_id = asked->has_profile ? PG_GETARG_INT64(n) : 0;
	n += with_profile;
	asked->purpose = PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n);
	n++;
	asked->channel = PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n);
	n++;
	asked->has_at = !PG_ARGISNULL(n);
	asked->at = asked->has_at ? PG_GETARG_TIMESTAMPTZ(n) : 0;
}

/* Checks what can be checked of the arguments alone, and makes them parameters. */
static void
prepare_parameters(Asked *asked)
{
	cdp_core_space_schema(asked->space);
	if (asked->purpose == NULL)
		ereport(ERROR,
				errcode(ERRCODE_CDP_NO_SUCH_PURPOSE),
				errmsg("consent is asked for without a purpose"),
				errhint("Name the purpose, for example cdp.consented(space, profile_id, 'email_marketing')."));
	if (asked->channel != NULL && VARSIZE_ANY_EXHDR(asked->channel) == 0)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_CONSENT),
				errmsg("the name of a channel is empty"),
				errhint("Leave channel out to ask about all channels."));
	asked->values[0] = Int64GetDatum(asked->profile_id);
	asked->values[1] = PointerGetDatum(asked->purpose);
	asked->values[2] = PointerGetDatum(asked->channel ? asked->channel : cstring_to_text(""));
	asked->values[3] = TimestampTzGetDatum(asked->at);
	memset(asked->nulls, ' ', sizeof(asked->nulls));
	if (!asked->has_at)
		asked->nulls[3] = 'n';
}

/* The columns of PURPOSE_COLUMNS, from the one row of a result. */
typedef struct Purpose
{
	bool		allows_by_default;
	bool		is_retired;
} Purpose;

static Datum
column(int n, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, n, isnull);
}

static Purpose
read_purpose(const Asked *asked)
{
	Purpose		purpose;
	bool		isnull;

	if (SPI_processed == 0)
		cdp_consent_no_such_purpose(asked->space, text_to_cstring(asked->purpose));
	if (!DatumGetBool(column(3, &isnull)))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_CONSENT),
				errmsg("purpose \"%s\" has no such channel", text_to_cstring(asked->purpose)),
				errhint("List them: SELECT purpose, channels FROM %s.purpose;", cdp_core_space_schema(asked->space)));
	purpose.allows_by_default = DatumGetBool(column(1, &isnull));
	purpose.is_retired = DatumGetBool(column(2, &isnull));
	return purpose;
}

/* Where an id that has no records lives now; false when nowhere. Changes the profile asked for. */
static bool
follow_alias(Asked *asked)
{
	static const Oid types[] = {INT8OID};
	bool		isnull;
	Datum		live;

	SPI_execute_plan(cdp_core_plan(asked->space, alias_sql, 1, types), asked->values, NULL, true, 1);
	if (SPI_processed == 0)
		return false;
	live = column(1, &isnull);
	if (isnull)
		return false;
	asked->values[0] = Int64GetDatum(DatumGetInt64(live));
	return true;
}

/* One answer by look-up. Connected to SPI. */
static bool
look_up(Asked *asked)
{
	for (int step = 0; step < 2; step++)
	{
		Purpose		purpose;
		bool		isnull;

		SPI_execute_plan(cdp_core_plan(asked->space, asked->has_at ? one_ledger_sql : one_current_sql,
									   N_QUESTION_TYPES, question_types),
						 asked->values, asked->nulls, true, 1);
		purpose = read_purpose(asked);
		if (purpose.is_retired || !asked->has_profile)
			return false;
		if (DatumGetInt64(column(4, &isnull)) > 0)
		{
			bool		refused;

			if (DatumGetInt64(column(5, &isnull)) == 0)
				return purpose.allows_by_default;
			refused = DatumGetBool(column(6, &isnull));
			return !isnull && !refused;
		}
		if (step == 0 && !follow_alias(asked))
			return false;
	}
	return false;
}

/* ---- all answers at once ---- */

typedef enum Rows
{
	ROWS_OF_STATES,				/* (record_id, refused) */
	ROWS_OF_IDENTITY,			/* (record_id, profile_id) */
	ROWS_OF_ALIASES				/* (old_profile_id, profile_id) */
} Rows;

typedef struct SetReceiver
{
	DestReceiver pub;
	Rows		rows;
	bool		allows_by_default;
	idbits_hash *records;		/* those with a state */
	idbits_hash *profiles;
	Size		limit;			/* of either set, in bytes */
	bool		is_too_large;
} SetReceiver;

static bool
set_receive(TupleTableSlot *slot, DestReceiver *self)
{
	SetReceiver *receiver = (SetReceiver *) self;
	idbits_hash *into = receiver->profiles;
	int64		id;
	int64		other;
	bool		is_refused = false;
	IdBits	   *entry;
	bool		isnull;

	slot_getsomeattrs(slot, 2);
	id = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	switch (receiver->rows)
	{
		case ROWS_OF_STATES:
			into = receiver->records;
			is_refused = DatumGetBool(slot_getattr(slot, 2, &isnull));
			break;
		case ROWS_OF_IDENTITY:
			entry = idbits_lookup(receiver->records, id >> 6);
			if (entry != NULL && (entry->known >> (id & 63) & 1))
				is_refused = entry->refused >> (id & 63) & 1;
			else if (!receiver->allows_by_default)
				return true;
			id = DatumGetInt64(slot_getattr(slot, 2, &isnull));
			break;
		case ROWS_OF_ALIASES:
			other = DatumGetInt64(slot_getattr(slot, 2, &isnull));
			if (!id_is_granted(receiver->profiles, other))
				return true;
			break;
	}

	if (into->members >= into->grow_threshold && into->size * 2 * sizeof(IdBits) > receiver->limit)
	{
		receiver->is_too_large = true;
		return false;
	}
	entry = id_bits(into, id);
	entry->known |= UINT64CONST(1) << (id & 63);
	if (is_refused)
		entry->refused |= UINT64CONST(1) << (id & 63);
	return true;
}

static void
set_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
set_no_op(DestReceiver *self)
{
}

/* Runs a template for all profiles, freshly planned, into a receiver. Connected to SPI. */
static void
run_for_all(const Asked *asked, const char *template, DestReceiver *dest)
{
	const char *schema = cdp_core_space_schema(asked->space);
	SPIExecuteOptions options = {0};
	StringInfoData sql;

	initStringInfo(&sql);
	for (const char *p = template; *p; p++)
	{
		if (p[0] == '@' && p[1] == '.')
			appendStringInfoString(&sql, schema);
		else
			appendStringInfoChar(&sql, *p);
	}
	options.params = makeParamList(N_QUESTION_TYPES);
	for (int i = 0; i < N_QUESTION_TYPES; i++)
	{
		options.params->params[i].value = asked->values[i];
		options.params->params[i].isnull = asked->nulls[i] == 'n';
		options.params->params[i].pflags = PARAM_FLAG_CONST;
		options.params->params[i].ptype = question_types[i];
	}
	options.read_only = true;
	options.dest = dest;
	if (SPI_execute_extended(sql.data, &options) < 0)
		elog(ERROR, "could not read the consent states: %s", SPI_result_code_string(SPI_result));
	pfree(sql.data);
}

/*
 * The purpose alone. Raises when there is none or it has no such channel.
 * Connected to SPI.
 */
static Purpose
ask_purpose(Asked *asked)
{
	SPI_execute_plan(cdp_core_plan(asked->space, purpose_sql, N_QUESTION_TYPES, question_types),
					 asked->values, asked->nulls, true, 1);
	return read_purpose(asked);
}

/*
 * Computes the answers for all profiles: from states to records by a join, from
 * records to profiles by a scan of identity. Leaves question->granted NULL and
 * sets is_too_large when they do not fit into memory. Connected to SPI.
 */
static void
compute_set(Question *question, Asked *asked, MemoryContext parent)
{
	Purpose		purpose = ask_purpose(asked);
	MemoryContext cxt = AllocSetContextCreate(parent, "cdp consent set", ALLOCSET_DEFAULT_SIZES);
	SetReceiver receiver = {
		.pub = {set_receive, set_startup, set_no_op, set_no_op, DestNone},
		.allows_by_default = purpose.allows_by_default,
		.limit = get_hash_memory_limit()
	};

	question->set_cxt = cxt;
	receiver.profiles = idbits_create(cxt, 64, NULL);
	receiver.records = idbits_create(cxt, 64, NULL);
	if (!purpose.is_retired)
	{
		receiver.rows = ROWS_OF_STATES;
		run_for_all(asked,
					asked->has_at ? REFUSALS_OF(LEDGER_STATES) :
					asked->channel ? REFUSALS_OF(CURRENT_STATES) : REFUSALS_OF(CURRENT_GENERAL_STATES),
					&receiver.pub);
		receiver.rows = ROWS_OF_IDENTITY;
		if (!receiver.is_too_large)
			run_for_all(asked, "SELECT d.record_id, d.profile_id FROM @.identity d", &receiver.pub);
		receiver.rows = ROWS_OF_ALIASES;
		if (!receiver.is_too_large)
			run_for_all(asked, LIVE_ALIASES, &receiver.pub);
	}
	if (receiver.is_too_large)
	{
		question->is_too_large = true;
		question->set_cxt = NULL;
		MemoryContextDelete(cxt);
		return;
	}
	idbits_destroy(receiver.records);
	question->granted = receiver.profiles;
}

/* How many pages the set-based query reads. */
static uint64
pages_of(Oid space, const char *relname)
{
	Oid			relid = get_relname_relid(relname, space);
	Relation	rel;
	uint64		pages = 0;

	if (!OidIsValid(relid))
		return 0;
	rel = relation_open(relid, AccessShareLock);
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		pages = RelationGetNumberOfBlocks(rel);
	relation_close(rel, AccessShareLock);
	return pages;
}

/* ---- call sites ---- */

static bool
question_is(const Question *question, const Asked *asked)
{
	Size		channel_len = asked->channel ? VARSIZE_ANY_EXHDR(asked->channel) : 0;

	return question->space == asked->space &&
		question->has_at == asked->has_at &&
		(!asked->has_at || question->at == asked->at) &&
		asked->purpose != NULL &&
		question->purpose_len == VARSIZE_ANY_EXHDR(asked->purpose) &&
		memcmp(question->purpose, VARDATA_ANY(asked->purpose), question->purpose_len) == 0 &&
		(question->channel != NULL) == (asked->channel != NULL) &&
		question->channel_len == channel_len &&
		(channel_len == 0 || memcmp(question->channel, VARDATA_ANY(asked->channel), channel_len) == 0);
}

static void
question_forget(Question *question)
{
	question->granted = NULL;
	if (question->set_cxt)
		MemoryContextDelete(question->set_cxt);
	question->set_cxt = NULL;
	question->lookups = 0;
	question->worth = 0;
	question->is_too_large = false;
}

static char *
keep_bytes(MemoryContext cxt, text *value, Size *len)
{
	char	   *bytes;

	*len = VARSIZE_ANY_EXHDR(value);
	bytes = MemoryContextAlloc(cxt, Max(*len, 1));
	memcpy(bytes, VARDATA_ANY(value), *len);
	return bytes;
}

/* The question asked, at the front of its call site's. */
static Question *
find_question(CallSite *site, const Asked *asked)
{
	Question	last;
	int			i;

	for (i = 0; i < site->n; i++)
		if (question_is(&site->questions[i], asked))
			break;
	if (i == 0 && site->n > 0)
		return &site->questions[0];

	if (i < site->n)
		last = site->questions[i];
	else
	{
		if (site->n == MAX_QUESTIONS)
		{
			Question   *oldest = &site->questions[--i];

			question_forget(oldest);
			pfree(oldest->purpose);
			if (oldest->channel)
				pfree(oldest->channel);
			if (oldest->seen.xids)
				pfree(oldest->seen.xids);
			site->n--;
		}
		memset(&last, 0, sizeof(last));
		last.space = asked->space;
		last.has_at = asked->has_at;
		last.at = asked->at;
		last.purpose = keep_bytes(site->cxt, asked->purpose, &last.purpose_len);
		if (asked->channel)
			last.channel = keep_bytes(site->cxt, asked->channel, &last.channel_len);
		site->n++;
	}
	memmove(&site->questions[1], &site->questions[0], i * sizeof(Question));
	site->questions[0] = last;
	return &site->questions[0];
}

PG_FUNCTION_INFO_V1(cdp_consented);

/* cdp.consented(space, profile_id, purpose, channel, at) -> boolean */
Datum
cdp_consented(PG_FUNCTION_ARGS)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	Snapshot	snapshot = GetActiveSnapshot();
	Question   *question;
	Asked		asked;
	bool		answer;

	read_arguments(fcinfo, true, &asked);

	/* The fast path: everything is known. */
	if (likely(site != NULL && site->n > 0))
	{
		question = &site->questions[0];
		if (question->granted != NULL && asked.has_profile && question_is(question, &asked) &&
			sees_the_same(&question->seen, snapshot))
			PG_RETURN_BOOL(id_is_granted(question->granted, asked.profile_id));
	}

	prepare_parameters(&asked);
	if (site == NULL)
	{
		watch_transactions();
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
		site->cxt = fcinfo->flinfo->fn_mcxt;
		fcinfo->flinfo->fn_extra = site;
	}
	question = find_question(site, &asked);
	if (!sees_the_same(&question->seen, snapshot))
	{
		question_forget(question);
		remember_snapshot(&question->seen, snapshot, site->cxt);
	}
	if (question->granted != NULL && asked.has_profile)
		PG_RETURN_BOOL(id_is_granted(question->granted, asked.profile_id));

	SPI_connect();
	if (question->lookups == 0)
		question->worth = 32 + pages_of(asked.space, asked.has_at ? "consent_event" : "consent") +
			pages_of(asked.space, "identifier") + pages_of(asked.space, "identity");
	if (question->granted == NULL && !question->is_too_large && question->lookups++ >= question->worth)
		compute_set(question, &asked, site->cxt);
	if (question->granted != NULL)
		answer = asked.has_profile && id_is_granted(question->granted, asked.profile_id);
	else
		answer = look_up(&asked);
	SPI_finish();
	PG_RETURN_BOOL(answer);
}

PG_FUNCTION_INFO_V1(cdp_consent_decision);

/* cdp.consent_decision(space, profile_id, purpose, channel, at) -> one row */
Datum
cdp_consent_decision(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller = CurrentMemoryContext;
	Asked		asked;
	Purpose		purpose;
	bool		is_known = false;
	bool		isnull;
	bool		granted = false;
	char	   *because;
	Datum		values[4];
	bool		nulls[4] = {false};

	read_arguments(fcinfo, true, &asked);
	prepare_parameters(&asked);
	InitMaterializedSRF(fcinfo, 0);

	SPI_connect();
	for (int step = 0; step < 2; step++)
	{
		SPI_execute_plan(cdp_core_plan(asked.space, asked.has_at ? why_ledger_sql : why_current_sql,
									   N_QUESTION_TYPES, question_types),
						 asked.values, asked.nulls, true, 1);
		purpose = read_purpose(&asked);
		is_known = asked.has_profile && DatumGetBool(column(4, &isnull));
		if (is_known || step > 0)
			break;
		if (!asked.has_profile || !follow_alias(&asked))
		{
			/* Nowhere: ask again for the purpose's dates, which the alias's result replaced. */
			asked.has_profile = false;
			SPI_execute_plan(cdp_core_plan(asked.space, asked.has_at ? why_ledger_sql : why_current_sql,
										   N_QUESTION_TYPES, question_types),
							 asked.values, asked.nulls, true, 1);
			break;
		}
	}

	values[2] = (Datum) 0;
	nulls[2] = true;
	if (purpose.is_retired)
	{
		because = "purpose is retired";
		values[3] = column(11, &nulls[3]);
	}
	else if (!is_known)
	{
		because = "no such profile";
		nulls[3] = true;
	}
	else
	{
		char	   *decision = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 5);

		if (decision == NULL)
		{
			granted = purpose.allows_by_default;
			because = granted ? "default rule: allow" : "default rule: deny";
			values[3] = column(10, &nulls[3]);
		}
		else
		{
			char	   *kind = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 8);
			char	   *channel = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 9);

			granted = strcmp(decision, "granted") == 0;
			because = channel != NULL && channel[0] != '\0' ?
				psprintf("%s for %s on channel %s", decision, kind, channel) :
				psprintf("%s for %s", decision, kind);
			values[2] = column(6, &nulls[2]);
			values[3] = column(7, &nulls[3]);
		}
	}
	{
		/* What the row holds must outlive SPI: the tuplestore copies it. */
		MemoryContext old = MemoryContextSwitchTo(caller);

		values[0] = CStringGetTextDatum(granted ? "granted" : "refused");
		values[1] = CStringGetTextDatum(because);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(cdp_consented_profiles);

/* cdp.consented_profiles(space, purpose, channel, at) -> setof profile_id */
Datum
cdp_consented_profiles(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Asked		asked;
	Purpose		purpose;

	read_arguments(fcinfo, false, &asked);
	prepare_parameters(&asked);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	SPI_connect();
	purpose = ask_purpose(&asked);
	if (!purpose.is_retired)
	{
		DestReceiver *dest = CreateDestReceiver(DestTuplestore);
		const char *template;

		if (purpose.allows_by_default)
			template = asked.has_at ? NOT_REFUSED_OF(LEDGER_STATES) :
				asked.channel ? NOT_REFUSED_OF(CURRENT_STATES) : NOT_REFUSED_OF(CURRENT_GENERAL_STATES);
		else
			template = asked.has_at ? GRANTED_OF(LEDGER_STATES) :
				asked.channel ? GRANTED_OF(CURRENT_STATES) : GRANTED_OF(CURRENT_GENERAL_STATES);
		SetTuplestoreDestReceiverParams(dest, rsinfo->setResult, rsinfo->econtext->ecxt_per_query_memory,
										false, NULL, NULL);
		run_for_all(&asked, template, dest);
		dest->rDestroy(dest);
	}
	SPI_finish();
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(cdp_consented_profiles_support);

/*
 * cdp_internal.consented_profiles_support(internal) -> internal
 * Tells the planner how many rows cdp.consented_profiles returns: at most the
 * profiles that the space's statistics know, and commonly a good part of them.
 */
Datum
cdp_consented_profiles_support(PG_FUNCTION_ARGS)
{
	SupportRequestRows *request = (SupportRequestRows *) PG_GETARG_POINTER(0);
	Const	   *space;
	Oid			profile;
	HeapTuple	tuple;
	double		profiles = -1;

	if (!IsA(request, SupportRequestRows) || !IsA(request->node, FuncExpr))
		PG_RETURN_POINTER(NULL);
	space = linitial(castNode(FuncExpr, request->node)->args);
	if (!IsA(space, Const) || space->constisnull)
		PG_RETURN_POINTER(NULL);
	profile = get_relname_relid("profile", DatumGetObjectId(space->constvalue));
	tuple = OidIsValid(profile) ? SearchSysCache1(RELOID, ObjectIdGetDatum(profile)) : NULL;
	if (HeapTupleIsValid(tuple))
	{
		profiles = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	if (profiles < 0)
		PG_RETURN_POINTER(NULL);
	request->rows = Max(profiles / 2, 1);
	PG_RETURN_POINTER(request);
}
