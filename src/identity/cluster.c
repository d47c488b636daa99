/*
 * cluster.c
 *	  Constrained clustering of records into profiles, and stable profile ids.
 *
 * The partition is a pure function of the evidence. Its definition, per
 * connected component of the evidence:
 *
 *	 Evidence is taken in canonical order: rulings "same" first, by the
 *	 (source_id, source_key) of their two records, the lesser first, then hubs
 *	 (identifier values, matched rules) by (priority, kind, value), and inside a
 *	 hub the records by (source_id, source_key); never by arrival. Each record of
 *	 a hub joins the first cluster met in that hub that no constraint forbids.
 *	 Constraints: at most max_per_profile distinct values of a limited kind in
 *	 one cluster; no two records under a ruling "different".
 *
 * A refusal is final: clusters only grow, so what a constraint forbids now it
 * forbids for ever. From this follows the shape of the computation:
 *
 *	 1. Union-find over all evidence, in any order, without constraints.
 *	 2. A component in which no constraint would be violated as a whole is one
 *		cluster: no merge inside it could have been refused, so order is
 *		irrelevant. On real data this is nearly everything, and it needs neither
 *		sorting by source key nor any constraint state.
 *	 3. Only the other components are taken apart and built again by the
 *		definition above (constraint.c).
 *
 * With a matching model, what is scored comes after what is exact:
 *
 *	 4. (link.c) The clusters so far, joined by pairs of records whose weight under the model is
 *		positive, are agglomerated (match/agglomerate.c): the two clusters first that as
 *		wholes have the greatest weight, constraints as above, until none is great
 *		enough. Records are numbered in canonical order there too. A whole run has other
 *		threads score the pairs while this one does steps 1 to 3: that is plain C over
 *		memory of its own, and the hubs are the server's business.
 *
 *	 An attribute that the model compares is exact only while nothing contradicts it. A
 *	 hub of such an attribute in which some pair has a weight below CONTRADICTED, that
 *	 is, which the model takes for two people although they share the value (a family's
 *	 mailbox, somebody else's social security number), ties nobody: its pairs are taken
 *	 as scored ones, and those below are listed as refused by the model.
 *
 * A hub with more records than the limit for its kind identifies nobody and is
 * skipped as a whole. Kinds that are source keys have no limit: a reference to a
 * row is exact however many refer to it.
 *
 * Stable ids: a cluster keeps the former profile id with which it shares most
 * records (ties: the oldest id, then the oldest record); each id goes to one
 * cluster only; the rest get new ids.
 *
 * Memory: per node 8 bytes record id, 8 bytes former profile, 4 bytes parent,
 * 8 bytes of counters, 4 to 8 bytes of the id-to-node map, 1 flag and 8 bytes
 * assigned id, that is at most 45 bytes, 12 to 24 bytes per limited value that a record
 * holds, and 16 bytes more per record that had a
 * profile before, for the vote on ids; a record in a component of step 3 takes some
 * 64 bytes more while that lasts. What step 4 takes is told in link.c. Rows are streamed
 * from the executor (core/stream.c), never collected. The limit of one allocation (MaxAllocHugeSize) is
 * the only bound. The peak is reported at DEBUG1.
 *
 * Locks: none here; cdp.resolve holds the advisory lock of the space.
 */
#include "identity/cluster.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

/* ---------------------------------------------------------------- the graph */

void *
cdp_graph_grow(void *array, int *allocated, size_t width)
{
	*allocated = *allocated ? *allocated * 2 : 1024;
	return array ? repalloc_huge(array, *allocated * width)
		: MemoryContextAllocHuge(CurrentMemoryContext, *allocated * width);
}

void
cdp_graph_note_peak(CdpGraph *g)
{
	Size		now = MemoryContextMemAllocated(g->work, true);

	g->peak = Max(g->peak, now);
}

static void
node_row(TupleTableSlot *slot, void *state)
{
	CdpGraph *g = state;
	int64		record = DatumGetInt64(slot->tts_values[0]);

	/* one node for a record, also where its row in identity is double */
	if (g->n > 0 && g->record[g->n - 1] == record)
		return;
	if (g->n == g->allocated)
	{
		int			a = g->allocated;

		if (g->n > PG_INT32_MAX / 2)
			elog(ERROR, "too many records for one clustering run");
		g->record = cdp_graph_grow(g->record, &a, sizeof(int64));
		g->former = cdp_graph_grow(g->former, &g->allocated, sizeof(int64));
	}
	g->record[g->n] = record;
	g->former[g->n] = slot->tts_isnull[1] ? 0 : DatumGetInt64(slot->tts_values[1]);
	g->n++;
}

static void
load_nodes(CdpGraph *g)
{
	char	   *sql;

	if (g->affected_only)
		sql = psprintf("SELECT r.record_id::pg_catalog.int8, i.profile_id FROM pg_temp.cdp_affected a"
					   " JOIN %1$s.record r USING (record_id) LEFT JOIN %1$s.identity i USING (record_id)"
					   " ORDER BY 1", g->schema);
	else
		sql = psprintf("SELECT r.record_id::pg_catalog.int8, i.profile_id FROM %1$s.record r"
					   " LEFT JOIN %1$s.identity i USING (record_id) ORDER BY 1", g->schema);
	cdp_core_stream(sql, 0, NULL, NULL, node_row, g);

	if (g->n == 0)
		return;
	cdp_graph_note_peak(g);
	g->record = repalloc_huge(g->record, g->n * sizeof(int64));
	g->former = repalloc_huge(g->former, g->n * sizeof(int64));
	g->allocated = g->n;
	g->parent = MemoryContextAllocHuge(CurrentMemoryContext, g->n * sizeof(int32));
	g->count = MemoryContextAllocHuge(CurrentMemoryContext, g->n * sizeof(int32));
	g->stamp = MemoryContextAllocHuge(CurrentMemoryContext, g->n * sizeof(int32));
	g->conflict = MemoryContextAllocHuge(CurrentMemoryContext, g->n);
	memset(g->conflict, 0, g->n);
	for (int32 i = 0; i < g->n; i++)
		g->parent[i] = i;

	/* ids are dense unless much was deleted: then a plain array beats a search */
	if ((uint64) g->record[g->n - 1] - (uint64) g->record[0] < 2 * (uint64) g->n)
	{
		int64		range = g->record[g->n - 1] - g->record[0] + 1;

		g->direct = MemoryContextAllocHuge(CurrentMemoryContext, range * sizeof(int32));
		memset(g->direct, -1, range * sizeof(int32));
		for (int32 i = 0; i < g->n; i++)
			g->direct[g->record[i] - g->record[0]] = i;
	}
}

/* Where the matching engine has the records. */
static void
place_nodes(CdpGraph *g)
{
	int32		n = cdp_match_engine_size(g->engine);

	g->place = MemoryContextAllocHuge(CurrentMemoryContext, g->n * sizeof(int32));
	memset(g->place, -1, g->n * sizeof(int32));
	for (int32 i = 0; i < n; i++)
	{
		int32		node = cdp_graph_node(g, cdp_match_engine_record(g->engine, i));

		if (node < 0)
			elog(ERROR, "record of the matching engine is not in the graph");
		g->place[node] = i;
	}
}

/* The smaller node index becomes the root, so that a root is its cluster's oldest record. */
void
cdp_graph_join(CdpGraph *g, int32 a, int32 b)
{
	a = cdp_graph_root(g, a);
	b = cdp_graph_root(g, b);
	if (a < b)
		g->parent[b] = a;
	else if (b < a)
		g->parent[a] = b;
}

/* ---------------------------------------------------------------- hubs in order */

static void
hub_row(TupleTableSlot *slot, void *state)
{
	CdpHub *hub = state;
	text	   *value = DatumGetTextPP(slot->tts_values[0]);
	const char *data = VARDATA_ANY(value);
	int			len = VARSIZE_ANY_EXHDR(value);
	int32		node;

	if (!hub->open || hub->value.len != len || memcmp(hub->value.data, data, len) != 0)
	{
		if (hub->open)
			hub->done(hub);
		resetStringInfo(&hub->value);
		appendBinaryStringInfo(&hub->value, data, len);
		hub->open = true;
		hub->number++;
		hub->size = 0;
		hub->n_members = 0;
	}
	hub->size++;
	if (hub->limit > 0 && hub->size > hub->limit)
		return;
	node = cdp_graph_node(hub->g, DatumGetInt64(slot->tts_values[1]));
	if (node < 0)
		return;					/* appeared after the nodes were read: the next run's business */
	if (hub->n_members == hub->a_members)
		hub->member = cdp_graph_grow(hub->member, &hub->a_members, sizeof(int32));
	hub->member[hub->n_members++] = node;
}

/*
 * Gives done each hub of a kind, of those with more than limit records only so many (0: all
 * of them), read by affected_sql when only what is affected is clustered.
 */
static void
read_hubs(CdpGraph *g, const CdpKind *kind, int limit, const char *affected_sql, void (*done) (CdpHub *hub))
{
	CdpHub hub = {.g = g, .kind = kind, .limit = limit, .done = done};
	Oid			argtypes[1] = {TEXTOID};
	Datum		args[1] = {PointerGetDatum(kind->name)};
	const char *sql = affected_sql;

	initStringInfo(&hub.value);
	/* sorting what was read in one go is faster than going through all of an index, as OFFSET 0 keeps the planner from doing */
	if (!g->affected_only)
		sql = psprintf("SELECT h.value, h.record_id FROM (SELECT i.value::pg_catalog.text, i.record_id FROM %s.identifier i"
					   " WHERE i.kind = $1 AND NOT i.blocked OFFSET 0) h ORDER BY h.value COLLATE pg_catalog.\"C\"", g->schema);
	cdp_core_stream(sql, 1, argtypes, args, hub_row, &hub);
	if (hub.open)
		done(&hub);
	if (hub.member)
		pfree(hub.member);
	pfree(hub.value.data);
}

static void
hub_join_all(CdpHub *hub)
{
	if (hub->limit > 0 && hub->size > hub->limit)
		return;
	if (hub->kind->compared)
	{
		cdp_graph_keep_hub(hub);
		return;
	}
	for (int i = 1; i < hub->n_members; i++)
		cdp_graph_join(hub->g, hub->member[0], hub->member[i]);
}

/* Adds one to the counter of each component that holds this value, and keeps who holds it. */
static void
hub_count_values(CdpHub *hub)
{
	CdpGraph *g = hub->g;

	for (int i = 0; i < hub->n_members; i++)
	{
		int32		root = cdp_graph_root(g, hub->member[i]);

		if (g->n_holders == g->a_holders)
			g->holder = cdp_graph_grow(g->holder, &g->a_holders, sizeof(CdpHolder));
		g->holder[g->n_holders++] = (CdpHolder)
		{
			.node = hub->member[i], .held = {.kind = hub->kind - g->kinds, .value = hub->number}
		};
		if (g->stamp[root] == hub->number)
			continue;
		g->stamp[root] = hub->number;
		if (++g->count[root] > hub->kind->max_per_profile)
			g->conflict[root] = 1;
	}
}

/* ---------------------------------------------------------------- input: kinds, rulings */

static void
kind_row(TupleTableSlot *slot, void *state)
{
	CdpGraph *g = state;
	CdpKind *k;

	g->kinds = g->kinds ? repalloc(g->kinds, (g->n_kinds + 1) * sizeof(CdpKind)) : palloc(sizeof(CdpKind));
	k = &g->kinds[g->n_kinds++];
	k->name = (text *) PG_DETOAST_DATUM_COPY(slot->tts_values[0]);
	k->priority = DatumGetInt32(slot->tts_values[1]);
	k->ties = DatumGetBool(slot->tts_values[2]);
	k->common_limit = DatumGetInt32(slot->tts_values[3]);
	k->max_per_profile = slot->tts_isnull[4] ? 0 : DatumGetInt32(slot->tts_values[4]);
	k->compared = DatumGetBool(slot->tts_values[5]);
}

static void
ruling_row(TupleTableSlot *slot, void *state)
{
	CdpGraph *g = state;
	int32		a = cdp_graph_node(g, DatumGetInt64(slot->tts_values[0]));
	int32		b = cdp_graph_node(g, DatumGetInt64(slot->tts_values[1]));

	if (a < 0 || b < 0)
		return;
	if (DatumGetFloat8(slot->tts_values[2]) > 0)
	{
		if (g->n_same == g->a_same)
			g->same = cdp_graph_grow(g->same, &g->a_same, sizeof(int32[2]));
		g->same[g->n_same][0] = a;
		g->same[g->n_same++][1] = b;
	}
	else
	{
		if (g->n_different == g->a_different)
			g->different = cdp_graph_grow(g->different, &g->a_different, sizeof(int32[2]));
		g->different[g->n_different][0] = a;
		g->different[g->n_different++][1] = b;
	}
}

/* ---------------------------------------------------------------- stable ids */

typedef struct Vote
{
	int64		former;
	int32		root;
	int32		votes;
} Vote;

static int
compare_vote_place(const void *a, const void *b)
{
	const Vote *x = a,
			   *y = b;

	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	return x->former < y->former ? -1 : x->former > y->former;
}

static int
compare_vote_weight(const void *a, const void *b)
{
	const Vote *x = a,
			   *y = b;

	if (x->votes != y->votes)
		return x->votes > y->votes ? -1 : 1;
	if (x->former != y->former)
		return x->former < y->former ? -1 : 1;
	return x->root < y->root ? -1 : x->root > y->root;
}

typedef struct IdHash
{
	int64		id;
	char		status;
} IdHash;

#define SH_PREFIX taken
#define SH_ELEMENT_TYPE IdHash
#define SH_KEY_TYPE int64
#define SH_KEY id
#define SH_HASH_KEY(tb, key) ((uint32) (((uint64) (key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct NewIds
{
	int64	   *assigned;		/* per root: profile id, 0 = none yet */
	CdpGraph *g;
	int32		next_root;
} NewIds;

static void
new_id_row(TupleTableSlot *slot, void *state)
{
	NewIds	   *ids = state;

	while (ids->g->parent[ids->next_root] != ids->next_root || ids->assigned[ids->next_root] != 0)
		ids->next_root++;
	ids->assigned[ids->next_root] = DatumGetInt64(slot->tts_values[0]);
}

/*
 * Gives each cluster a profile id; returns the array indexed by root. The vote
 * of an id for a cluster is the number of its former records in it; votes are
 * served greatest first, an id and a cluster once each.
 */
static int64 *
assign_ids(CdpGraph *g)
{
	NewIds		ids = {.g = g};
	Vote	   *votes;
	int			n_votes = 0,
				n_places = 0;
	int64		n_new = 0;
	taken_hash *taken;

	ids.assigned = MemoryContextAllocExtended(CurrentMemoryContext, g->n * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int32 i = 0; i < g->n; i++)
		n_votes += (g->former[i] != 0);
	if (n_votes > 0)
	{
		votes = MemoryContextAllocHuge(CurrentMemoryContext, n_votes * sizeof(Vote));
		n_votes = 0;
		for (int32 i = 0; i < g->n; i++)
			if (g->former[i] != 0)
				votes[n_votes++] = (Vote)
			{
				.former = g->former[i], .root = cdp_graph_root(g, i), .votes = 1
			};
		qsort(votes, n_votes, sizeof(Vote), compare_vote_place);
		for (int i = 0; i < n_votes; i++)
		{
			if (n_places > 0 && votes[n_places - 1].root == votes[i].root && votes[n_places - 1].former == votes[i].former)
				votes[n_places - 1].votes++;
			else
				votes[n_places++] = votes[i];
		}
		qsort(votes, n_places, sizeof(Vote), compare_vote_weight);
		taken = taken_create(CurrentMemoryContext, 1024, NULL);
		for (int i = 0; i < n_places; i++)
		{
			bool		found;

			if (ids.assigned[votes[i].root] != 0)
				continue;
			taken_insert(taken, votes[i].former, &found);
			if (!found)
				ids.assigned[votes[i].root] = votes[i].former;
		}
		cdp_graph_note_peak(g);
		taken_destroy(taken);
		pfree(votes);
	}

	for (int32 i = 0; i < g->n; i++)
	{
		/* flatten, so that roots are recognised by parent alone */
		g->parent[i] = cdp_graph_root(g, i);
		if (g->parent[i] == i && ids.assigned[i] == 0)
			n_new++;
	}
	if (n_new > 0)
	{
		Oid			argtypes[1] = {INT8OID};
		Datum		args[1] = {Int64GetDatum(n_new)};

		cdp_core_stream(psprintf("SELECT pg_catalog.nextval((SELECT pg_catalog.pg_get_serial_sequence(%s, 'profile_id')::pg_catalog.regclass))"
								 " FROM pg_catalog.generate_series(1, $1)", quote_literal_cstr(psprintf("%s.profile", g->schema))),
						1, argtypes, args, new_id_row, &ids);
	}
	return ids.assigned;
}

/* ---------------------------------------------------------------- entry */

PG_FUNCTION_INFO_V1(cdp_cluster);

/*
 * cdp_internal.cluster(space regnamespace, affected_only boolean, common_limit int, model_id int)
 *	  -> setof (record_id bigint, former_profile_id bigint, profile_id bigint,
 *				bridge_weight float8, bridge_a bigint, bridge_b bigint)
 *
 * Clusters the records of the space (or those in pg_temp.cdp_affected, with
 * their hubs in pg_temp.cdp_hub) and returns those whose profile changed, and of every
 * cluster that scored pairs hold together its first record with the weakest join. model_id
 * 0: without scored pairs. A whole run scores them and writes them to link, else they are
 * read from there. Writes what constraints refused to refused_merge, and the index for
 * look-ups while the records are at hand. See the head of this file.
 */
Datum
cdp_cluster(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CdpGraph g = {0};
	MemoryContext work,
				old;
	int64	   *assigned;
	int			model_id = PG_GETARG_INT32(3);
	Oid			argtypes[2] = {INT4OID, INT4OID};
	Datum		args[2] = {PG_GETARG_DATUM(2), Int32GetDatum(model_id)};

	g.affected_only = PG_GETARG_BOOL(1);
	InitMaterializedSRF(fcinfo, 0);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	g.space = PG_GETARG_OID(0);
	g.schema = pstrdup(cdp_core_space_schema(PG_GETARG_OID(0)));
	work = AllocSetContextCreate(CurrentMemoryContext, "cdp clustering", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	g.work = work;

	cdp_core_stream(psprintf("SELECT k.kind, k.priority, k.ties, k.common_limit, k.max_per_profile,"
							 " k.kind IN (SELECT a.attribute FROM %2$s.attribute a WHERE a.kind <> 'reference')"
							 " AND k.kind IN (SELECT pg_catalog.unnest(l.attributes) FROM %2$s.match_level l WHERE l.model_id = $2)"
							 " FROM cdp_internal.evidence_kinds(%1$s, $1) k ORDER BY k.priority, k.kind", quote_literal_cstr(g.schema), g.schema),
					2, argtypes, args, kind_row, &g);
	if (model_id != 0)
	{
		g.engine = cdp_match_engine_open(PG_GETARG_OID(0), model_id, g.affected_only);
		/* other threads compare while this one reads what is exact */
		if (!g.affected_only)
			cdp_match_engine_score_begin(g.engine, false);
	}
	load_nodes(&g);
	if (g.n > 0)
	{
		cdp_core_stream(psprintf("SELECT l.record_a, l.record_b, l.weight FROM %1$s.link l"
								 " JOIN %1$s.record a ON a.record_id = l.record_a JOIN %1$s.record b ON b.record_id = l.record_b"
								 " WHERE l.origin = 'ruling'"
								 " ORDER BY LEAST(ROW(a.source_id, a.source_key), ROW(b.source_id, b.source_key)),"
								 " GREATEST(ROW(a.source_id, a.source_key), ROW(b.source_id, b.source_key))", g.schema),
						0, NULL, NULL, ruling_row, &g);
		if (g.engine && g.affected_only)
			cdp_graph_read_links(&g);
		if (g.engine)
			place_nodes(&g);
		for (int i = 0; i < g.n_same; i++)
			cdp_graph_join(&g, g.same[i][0], g.same[i][1]);
		for (int i = 0; i < g.n_kinds; i++)
			if (g.kinds[i].ties)
			{
				read_hubs(&g, &g.kinds[i], g.kinds[i].common_limit, "SELECT u.value, pg_catalog.unnest(u.members) FROM pg_temp.cdp_hub u WHERE u.kind = $1 ORDER BY u.value",
						  hub_join_all);
				cdp_graph_join_kept(&g);
			}
		cdp_graph_write_contradictions(&g);

		for (int i = 0; i < g.n_kinds; i++)
			if (g.kinds[i].max_per_profile > 0)
			{
				/* a limit holds for every value, however common */
				memset(g.count, 0, g.n * sizeof(int32));
				memset(g.stamp, 0, g.n * sizeof(int32));
				read_hubs(&g, &g.kinds[i], 0,
						  psprintf("SELECT h.value::pg_catalog.text, h.record_id FROM pg_temp.cdp_affected u"
								   " JOIN %s.identifier h ON h.record_id = u.record_id WHERE h.kind = $1 AND NOT h.blocked ORDER BY h.value", g.schema),
						  hub_count_values);
			}
		for (int i = 0; i < g.n_different; i++)
			if (cdp_graph_root(&g, g.different[i][0]) == cdp_graph_root(&g, g.different[i][1]))
				g.conflict[cdp_graph_root(&g, g.different[i][0])] = 1;
		cdp_graph_rebuild_conflicts(&g);
		if (g.engine)
		{
			if (g.affected_only)
				cdp_match_keys_write_changed(g.engine);
			else
			{
				CdpMatchKeys *keys;

				cdp_graph_take_scores(&g);
				keys = cdp_match_keys_begin(g.engine);
				cdp_graph_write_links(&g);
				cdp_match_keys_end(keys);
			}
			cdp_graph_agglomerate(&g);
		}

		assigned = assign_ids(&g);
		for (int32 i = 0; i < g.n; i++)
		{
			int64		profile = assigned[g.parent[i]];
			const CdpBridge *bridge = g.bridge && g.parent[i] == i && g.bridge[i].weight > 0 ? &g.bridge[i] : NULL;

			if (profile != g.former[i] || bridge)
			{
				Datum		values[6] = {Int64GetDatum(g.record[i]), Int64GetDatum(g.former[i]), Int64GetDatum(profile)};
				bool		nulls[6] = {false, g.former[i] == 0, false, bridge == NULL, bridge == NULL, bridge == NULL};

				if (bridge)
				{
					int64		a = g.record[bridge->a],
								b = g.record[bridge->b];

					values[3] = Float8GetDatum(bridge->weight);
					values[4] = Int64GetDatum(Min(a, b));
					values[5] = Int64GetDatum(Max(a, b));
				}

				tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
			}
		}
		cdp_graph_note_peak(&g);
		ereport(DEBUG1, errmsg_internal("cdp clustering: %d records, peak %zu bytes, %.1f bytes a record",
										g.n, g.peak, (double) g.peak / g.n));
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	SPI_finish();
	return (Datum) 0;
}
