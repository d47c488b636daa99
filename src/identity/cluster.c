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
 *		definition above.
 *
 * With a matching model, what is scored comes after what is exact:
 *
 *	 4. The clusters so far, joined by pairs of records whose weight under the model is
 *		positive, are agglomerated (match/agglomerate.c): the greatest mean weight over
 *		all pairs of records of two clusters first, constraints as above, until no mean
 *		is positive. Records are numbered in canonical order there too.
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
 * assigned id, that is at most 45 bytes, and 16 bytes more per record that had a
 * profile before, for the vote on ids; a record in a component of step 3 takes some
 * 64 bytes more while that lasts. Step 4 takes the store of the matching engine
 * (match/store.h) and some 90 bytes per scored pair beside that. Rows are streamed from
 * the executor (core/stream.c), never collected. The limit of one allocation (MaxAllocHugeSize) is
 * the only bound. The peak is reported at DEBUG1.
 *
 * Locks: none here; cdp.resolve holds the advisory lock of the space.
 */
#include "identity/identity.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "match/match.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

/* ---------------------------------------------------------------- the graph */

/* One kind of hub: what ties, in which order, and what is limited. */
typedef struct Kind
{
	text	   *name;
	int			priority;
	bool		ties;			/* shared values merge records */
	int			common_limit;	/* hubs above are skipped; 0 = no limit */
	int			max_per_profile;	/* 0 = not limited */
	bool		compared;		/* the model compares it */
} Kind;

/* A shared value below this weight is contradicted by everything else: eight to one against one person. */
#define CONTRADICTED (-3.0)

/* A hub that the model contradicts. */
typedef struct Contradicted
{
	const text *kind;
	text	   *value;
} Contradicted;

/* How surely a cluster is one person: the weakest of the joins that made it. */
typedef struct Bridge
{
	double		weight;
	int32		a,
				b;				/* first records (nodes) of the two that joined */
} Bridge;

typedef struct Graph
{
	Oid			space;
	const char *schema;
	bool		affected_only;

	int			n;				/* nodes, sorted by record id */
	int			allocated;
	int64	   *record;
	int64	   *former;			/* former profile id or 0 */
	int32	   *parent;			/* union-find; roots point to themselves */
	int32	   *count;			/* scratch per root: distinct values of a limited kind */
	int32	   *stamp;			/* scratch per root: the last hub counted */
	uint8	   *conflict;		/* per root: a constraint is violated in the component */
	int32	   *direct;			/* record id - first id to node, -1 for none; NULL: binary search */

	MemoryContext work;			/* holds all of this */
	Size		peak;			/* bytes of it at the moments when it is largest */

	Kind	   *kinds;
	int			n_kinds;

	/* rulings as node pairs */
	int32		(*same)[2];
	int			n_same,
				a_same;
	int32		(*different)[2];
	int			n_different,
				a_different;

	/* of a model, or NULL */
	CdpMatchEngine *engine;
	CdpEdge    *edge;			/* by places in the engine */
	int			n_edges,
				a_edges;
	int64	   *refused;		/* pairs of records that a model refuses, with their hub */
	int32	   *refused_hub;
	int			n_refused,
				a_refused,
				a_refused_hub;
	Contradicted *contradicted;
	int			n_contradicted,
				a_contradicted;
	Bridge	   *bridge;			/* by root; NULL: nothing was scored. weight 0: no join */
} Graph;

static void *
grow(void *array, int *allocated, size_t width)
{
	*allocated = *allocated ? *allocated * 2 : 1024;
	return array ? repalloc_huge(array, *allocated * width)
		: MemoryContextAllocHuge(CurrentMemoryContext, *allocated * width);
}

static void
note_peak(Graph *g)
{
	Size		now = MemoryContextMemAllocated(g->work, true);

	g->peak = Max(g->peak, now);
}

static void
node_row(TupleTableSlot *slot, void *state)
{
	Graph	   *g = state;
	int64		record = DatumGetInt64(slot->tts_values[0]);

	/* one node for a record, also where its row in identity is double */
	if (g->n > 0 && g->record[g->n - 1] == record)
		return;
	if (g->n == g->allocated)
	{
		int			a = g->allocated;

		if (g->n > PG_INT32_MAX / 2)
			elog(ERROR, "too many records for one clustering run");
		g->record = grow(g->record, &a, sizeof(int64));
		g->former = grow(g->former, &g->allocated, sizeof(int64));
	}
	g->record[g->n] = record;
	g->former[g->n] = slot->tts_isnull[1] ? 0 : DatumGetInt64(slot->tts_values[1]);
	g->n++;
}

/* The node of a record id, or -1 when the record is not part of this run. */
static inline int32
node_of(const Graph *g, int64 record_id)
{
	int32		lo = 0,
				hi = g->n - 1;

	if (g->n == 0 || record_id < g->record[0] || record_id > g->record[hi])
		return -1;
	if (g->direct)
		return g->direct[record_id - g->record[0]];
	while (lo <= hi)
	{
		int32		mid = lo + (hi - lo) / 2;

		if (g->record[mid] == record_id)
			return mid;
		if (g->record[mid] < record_id)
			lo = mid + 1;
		else
			hi = mid - 1;
	}
	return -1;
}

static void
load_nodes(Graph *g)
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
	note_peak(g);
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

static int32
find_root(Graph *g, int32 x)
{
	while (g->parent[x] != x)
	{
		g->parent[x] = g->parent[g->parent[x]];
		x = g->parent[x];
	}
	return x;
}

/* The smaller node index becomes the root, so that a root is its cluster's oldest record. */
static void
join_nodes(Graph *g, int32 a, int32 b)
{
	a = find_root(g, a);
	b = find_root(g, b);
	if (a < b)
		g->parent[b] = a;
	else if (b < a)
		g->parent[a] = b;
}

/* ---------------------------------------------------------------- hubs in order */

/*
 * Collects the nodes of one hub while rows (value, record_id) come sorted by
 * value, and calls done at each change of value. Members beyond the limit are
 * counted but not kept.
 */
typedef struct HubReader
{
	Graph	   *g;
	const Kind *kind;
	StringInfoData value;
	bool		open;
	int64		size;
	int32		number;			/* counts the hubs of this kind */
	int32	   *member;
	int			n_members,
				a_members;
	void		(*done) (struct HubReader *hub);
} HubReader;

static void
hub_row(TupleTableSlot *slot, void *state)
{
	HubReader  *hub = state;
	text	   *value = DatumGetTextPP(slot->tts_values[0]);
	const char *data = VARDATA_ANY(value);
	int			len = VARSIZE_ANY_EXHDR(value);
	int			limit = hub->kind->common_limit;
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
	if (limit > 0 && hub->size > limit)
		return;
	node = node_of(hub->g, DatumGetInt64(slot->tts_values[1]));
	if (node < 0)
		return;					/* appeared after the nodes were read: the next run's business */
	if (hub->n_members == hub->a_members)
		hub->member = grow(hub->member, &hub->a_members, sizeof(int32));
	hub->member[hub->n_members++] = node;
}

/*
 * Gives done each hub of a kind, read by affected_sql when only what is affected
 * is clustered.
 */
static void
read_hubs(Graph *g, const Kind *kind, const char *affected_sql, void (*done) (HubReader *hub))
{
	HubReader	hub = {.g = g, .kind = kind, .done = done};
	Oid			argtypes[1] = {TEXTOID};
	Datum		args[1] = {PointerGetDatum(kind->name)};
	const char *sql = affected_sql;

	initStringInfo(&hub.value);
	if (!g->affected_only)
		sql = psprintf("SELECT h.value::pg_catalog.text, h.record_id FROM %1$s.identifier h"
					   " WHERE h.kind = $1 AND NOT h.blocked ORDER BY h.value", g->schema);
	cdp_core_stream(sql, 1, argtypes, args, hub_row, &hub);
	if (hub.open)
		done(&hub);
	if (hub.member)
		pfree(hub.member);
	pfree(hub.value.data);
}

static inline int32
place_of(Graph *g, int32 node)
{
	return cdp_match_engine_place(g->engine, g->record[node]);
}

static void
add_edge(Graph *g, int32 a, int32 b, double weight)
{
	if (g->n_edges == g->a_edges)
		g->edge = grow(g->edge, &g->a_edges, sizeof(CdpEdge));
	g->edge[g->n_edges++] = (CdpEdge)
	{
		.a = a, .b = b, .weight = weight
	};
}

/* Does the model take two of the records for two people? Then the hub's pairs are kept as scored ones. */
static bool
is_contradicted(HubReader *hub)
{
	Graph	   *g = hub->g;
	int32	   *place = palloc(hub->n_members * sizeof(int32));
	double	   *weight = palloc(hub->n_members * (hub->n_members - 1) / 2 * sizeof(double));
	double		least = 0;
	int			n = 0;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < hub->n_members; i++)
		place[i] = place_of(g, hub->member[i]);
	for (int i = 0; i < hub->n_members; i++)
		for (int j = i + 1; j < hub->n_members; j++)
		{
			weight[n] = place[i] < 0 || place[j] < 0 ? 0
				: cdp_match_engine_weight(g->engine, Min(place[i], place[j]), Max(place[i], place[j]));
			least = Min(least, weight[n]);
			n++;
		}
	if (least < CONTRADICTED)
	{
		if (g->n_contradicted == g->a_contradicted)
			g->contradicted = grow(g->contradicted, &g->a_contradicted, sizeof(Contradicted));
		g->contradicted[g->n_contradicted++] = (Contradicted)
		{
			.kind = hub->kind->name, .value = cstring_to_text_with_len(hub->value.data, hub->value.len)
		};
		n = 0;
		for (int i = 0; i < hub->n_members; i++)
			for (int j = i + 1; j < hub->n_members; j++, n++)
				if (weight[n] > 0)
					add_edge(g, Min(place[i], place[j]), Max(place[i], place[j]), weight[n]);
				else if (weight[n] < CONTRADICTED)
				{
					if (g->n_refused + 2 > g->a_refused)
						g->refused = grow(g->refused, &g->a_refused, sizeof(int64));
					if (g->n_refused / 2 == g->a_refused_hub)
						g->refused_hub = grow(g->refused_hub, &g->a_refused_hub, sizeof(int32));
					g->refused_hub[g->n_refused / 2] = g->n_contradicted - 1;
					g->refused[g->n_refused++] = g->record[hub->member[i]];
					g->refused[g->n_refused++] = g->record[hub->member[j]];
				}
	}
	pfree(place);
	pfree(weight);
	return least < CONTRADICTED;
}

static void
hub_join_all(HubReader *hub)
{
	if (hub->kind->common_limit > 0 && hub->size > hub->kind->common_limit)
		return;
	if (hub->kind->compared && hub->n_members > 1 && is_contradicted(hub))
		return;
	for (int i = 1; i < hub->n_members; i++)
		join_nodes(hub->g, hub->member[0], hub->member[i]);
}

/* Adds one to the counter of each component that holds this value. */
static void
hub_count_values(HubReader *hub)
{
	Graph	   *g = hub->g;

	for (int i = 0; i < hub->n_members; i++)
	{
		int32		root = find_root(g, hub->member[i]);

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
	Graph	   *g = state;
	Kind	   *k;

	g->kinds = g->kinds ? repalloc(g->kinds, (g->n_kinds + 1) * sizeof(Kind)) : palloc(sizeof(Kind));
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
	Graph	   *g = state;
	int32		a = node_of(g, DatumGetInt64(slot->tts_values[0]));
	int32		b = node_of(g, DatumGetInt64(slot->tts_values[1]));

	if (a < 0 || b < 0)
		return;
	if (DatumGetFloat8(slot->tts_values[2]) > 0)
	{
		if (g->n_same == g->a_same)
			g->same = grow(g->same, &g->a_same, sizeof(int32[2]));
		g->same[g->n_same][0] = a;
		g->same[g->n_same++][1] = b;
	}
	else
	{
		if (g->n_different == g->a_different)
			g->different = grow(g->different, &g->a_different, sizeof(int32[2]));
		g->different[g->n_different][0] = a;
		g->different[g->n_different++][1] = b;
	}
}

/* ---------------------------------------------------------------- step 3: components in conflict */

/* A limited value that a cluster holds: kind index and the number of the value's hub. */
typedef struct Held
{
	int32		kind;
	int32		value;
} Held;

typedef struct HeldSet
{
	Held	   *items;			/* sorted */
	int			n;
	int32	   *enemies;		/* nodes under a ruling "different" with a member */
	int			n_enemies;
} HeldSet;

typedef struct Rebuild
{
	Graph	   *g;
	const bool *in_conflict;	/* per node */
	HeldSet    *held;			/* per record in conflict, by held_of; meaningful at roots */
	/* the hub being read */
	const Kind *kind;
	StringInfoData hub_kind;
	StringInfoData value;
	bool		open;
	bool		contradicted;
	int32		hub_number;
	int32	   *rep;			/* one node of each cluster met in this hub, in canonical order */
	int			n_reps,
				a_reps;
	/* refusals to be written */
	int64	   *refused_a,
			   *refused_b;
	int			n_refused,
				a_refused;
	ArrayBuildState *refused_kind,
			   *refused_value,
			   *refused_by;
} Rebuild;

/* The counters are done with: during the rebuild g->count numbers the records in conflict. */
static inline HeldSet *
held_of(Rebuild *rb, int32 node)
{
	return &rb->held[rb->g->count[node]];
}

static int
compare_held(const void *a, const void *b)
{
	const Held *x = a,
			   *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static void
hold_value(HeldSet *set, Held item)
{
	set->items = set->items ? repalloc(set->items, (set->n + 1) * sizeof(Held)) : palloc(sizeof(Held));
	set->items[set->n++] = item;
}

static void
hold_enemy(HeldSet *set, int32 node)
{
	set->enemies = set->enemies ? repalloc(set->enemies, (set->n_enemies + 1) * sizeof(int32)) : palloc(sizeof(int32));
	set->enemies[set->n_enemies++] = node;
}

/*
 * Would joining two clusters break a constraint? NULL when not, else its name:
 * "ruling" or the limited kind.
 */
static const text *
forbidden(Rebuild *rb, int32 root_a, int32 root_b)
{
	HeldSet    *a = held_of(rb, root_a),
			   *b = held_of(rb, root_b);
	int			i = 0,
				j = 0;

	if (a->n_enemies > b->n_enemies)
	{
		HeldSet    *t = a;
		int32		r = root_a;

		a = b;
		b = t;
		root_a = root_b;
		root_b = r;
	}
	for (int e = 0; e < a->n_enemies; e++)
		if (find_root(rb->g, a->enemies[e]) == root_b)
			return cstring_to_text("ruling");

	while (i < a->n || j < b->n)
	{
		int			kind;
		int			distinct = 0;

		if (i < a->n && (j >= b->n || a->items[i].kind <= b->items[j].kind))
			kind = a->items[i].kind;
		else
			kind = b->items[j].kind;
		while ((i < a->n && a->items[i].kind == kind) || (j < b->n && b->items[j].kind == kind))
		{
			bool		in_a = i < a->n && a->items[i].kind == kind;
			bool		in_b = j < b->n && b->items[j].kind == kind;

			if (in_a && in_b && a->items[i].value == b->items[j].value)
				i++, j++;
			else if (in_a && (!in_b || a->items[i].value < b->items[j].value))
				i++;
			else
				j++;
			distinct++;
		}
		if (distinct > rb->g->kinds[kind].max_per_profile)
			return rb->g->kinds[kind].name;
	}
	return NULL;
}

static void
merge_held(HeldSet *into, HeldSet *from)
{
	Held	   *items;
	int			n = 0,
				i = 0,
				j = 0;

	if (from->n > 0)
	{
		items = palloc((into->n + from->n) * sizeof(Held));
		while (i < into->n || j < from->n)
		{
			int			c = i >= into->n ? 1 : j >= from->n ? -1 : compare_held(&into->items[i], &from->items[j]);

			items[n++] = c <= 0 ? into->items[i] : from->items[j];
			if (c <= 0)
				i++;
			if (c >= 0)
				j++;
		}
		if (into->items)
			pfree(into->items);
		pfree(from->items);
		into->items = items;
		into->n = n;
		from->items = NULL;
		from->n = 0;
	}
	for (int e = 0; e < from->n_enemies; e++)
		hold_enemy(into, from->enemies[e]);
	from->n_enemies = 0;
}

/* Joins two nodes' clusters unless a constraint forbids it; returns the constraint that did. */
static const text *
try_join(Rebuild *rb, int32 a, int32 b)
{
	int32		root_a = find_root(rb->g, a),
				root_b = find_root(rb->g, b);
	const text *why;

	if (root_a == root_b)
		return NULL;
	why = forbidden(rb, root_a, root_b);
	if (why == NULL)
	{
		join_nodes(rb->g, root_a, root_b);
		if (root_a < root_b)
			merge_held(held_of(rb, root_a), held_of(rb, root_b));
		else
			merge_held(held_of(rb, root_b), held_of(rb, root_a));
	}
	return why;
}

static void
note_refusal(Rebuild *rb, int32 a, int32 b, Datum kind, Datum value, const text *why)
{
	if (rb->n_refused == rb->a_refused)
	{
		int			n = rb->a_refused;

		rb->refused_a = grow(rb->refused_a, &n, sizeof(int64));
		rb->refused_b = grow(rb->refused_b, &rb->a_refused, sizeof(int64));
	}
	rb->refused_a[rb->n_refused] = Min(rb->g->record[a], rb->g->record[b]);
	rb->refused_b[rb->n_refused++] = Max(rb->g->record[a], rb->g->record[b]);
	rb->refused_kind = accumArrayResult(rb->refused_kind, kind, false, TEXTOID, CurrentMemoryContext);
	rb->refused_value = accumArrayResult(rb->refused_value, value, false, TEXTOID, CurrentMemoryContext);
	rb->refused_by = accumArrayResult(rb->refused_by, PointerGetDatum(why), false, TEXTOID, CurrentMemoryContext);
}

static bool
same_hub(const StringInfo kept, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	return kept->len == VARSIZE_ANY_EXHDR(t) && memcmp(kept->data, VARDATA_ANY(t), kept->len) == 0;
}

static void
keep_hub(StringInfo kept, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	resetStringInfo(kept);
	appendBinaryStringInfo(kept, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

/* Rows (kind index, value, record_id) of limited kinds, sorted by kind and value. */
static void
held_row(TupleTableSlot *slot, void *state)
{
	Rebuild    *rb = state;
	int32		node = node_of(rb->g, DatumGetInt64(slot->tts_values[2]));
	const Kind *kind = &rb->g->kinds[DatumGetInt32(slot->tts_values[0])];

	if (node < 0 || !rb->in_conflict[node])
		return;
	if (!rb->open || rb->kind != kind || !same_hub(&rb->value, slot->tts_values[1]))
	{
		keep_hub(&rb->value, slot->tts_values[1]);
		rb->kind = kind;
		rb->open = true;
		rb->hub_number++;
	}
	hold_value(held_of(rb, node), (Held)
			   {
				   .kind = DatumGetInt32(slot->tts_values[0]), .value = rb->hub_number
			   });
}

/* Bytes, as collation C compares. */
static int
compare_bytes(const text *x, const text *y)
{
	int			nx = VARSIZE_ANY_EXHDR(x),
				ny = VARSIZE_ANY_EXHDR(y);
	int			c = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), Min(nx, ny));

	return c != 0 ? c : nx - ny;
}

static int
compare_contradicted(const void *a, const void *b)
{
	const Contradicted *x = a,
			   *y = b;
	int			c = compare_bytes(x->kind, y->kind);

	return c != 0 ? c : compare_bytes(x->value, y->value);
}

static bool
hub_is_contradicted(const Graph *g, Datum kind, Datum value)
{
	Contradicted wanted = {.kind = DatumGetTextPP(kind), .value = DatumGetTextPP(value)};

	return g->n_contradicted > 0 &&
		bsearch(&wanted, g->contradicted, g->n_contradicted, sizeof(Contradicted), compare_contradicted) != NULL;
}

/*
 * Rows (kind, value, record_id) in canonical order. Each record tries the
 * clusters met in its hub, in the order in which they were met. A cluster is
 * represented by one of its nodes; two representatives that have become one
 * cluster through the join are both kept, the second look is free.
 */
static void
evidence_row(TupleTableSlot *slot, void *state)
{
	Rebuild    *rb = state;
	int32		node = node_of(rb->g, DatumGetInt64(slot->tts_values[2]));

	CHECK_FOR_INTERRUPTS();
	if (node < 0 || !rb->in_conflict[node])
		return;
	if (!rb->open || !same_hub(&rb->hub_kind, slot->tts_values[0]) || !same_hub(&rb->value, slot->tts_values[1]))
	{
		keep_hub(&rb->hub_kind, slot->tts_values[0]);
		keep_hub(&rb->value, slot->tts_values[1]);
		rb->open = true;
		rb->n_reps = 0;
		rb->contradicted = hub_is_contradicted(rb->g, slot->tts_values[0], slot->tts_values[1]);
	}
	if (rb->contradicted)
		return;
	for (int i = 0; i < rb->n_reps; i++)
	{
		const text *why = try_join(rb, rb->rep[i], node);

		if (why == NULL)
			return;
		note_refusal(rb, rb->rep[i], node, slot->tts_values[0], slot->tts_values[1], why);
	}
	if (rb->n_reps == rb->a_reps)
		rb->rep = grow(rb->rep, &rb->a_reps, sizeof(int32));
	rb->rep[rb->n_reps++] = node;
}

static ArrayType *
array_of(Datum *values, int n, Oid type)
{
	if (type == INT8OID)
		return construct_array(values, n, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE);
	if (type == INT4OID)
		return construct_array(values, n, INT4OID, sizeof(int32), true, TYPALIGN_INT);
	return construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT);
}

static void
write_refusals(Rebuild *rb)
{
	Datum	   *a,
			   *b;
	Oid			argtypes[5] = {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID};
	Datum		args[5];

	if (rb->n_refused == 0)
		return;
	a = palloc(rb->n_refused * sizeof(Datum));
	b = palloc(rb->n_refused * sizeof(Datum));
	for (int i = 0; i < rb->n_refused; i++)
	{
		a[i] = Int64GetDatum(rb->refused_a[i]);
		b[i] = Int64GetDatum(rb->refused_b[i]);
	}
	args[0] = PointerGetDatum(array_of(a, rb->n_refused, INT8OID));
	args[1] = PointerGetDatum(array_of(b, rb->n_refused, INT8OID));
	args[2] = makeArrayResult(rb->refused_kind, CurrentMemoryContext);
	args[3] = makeArrayResult(rb->refused_value, CurrentMemoryContext);
	args[4] = makeArrayResult(rb->refused_by, CurrentMemoryContext);
	SPI_execute_with_args(psprintf("INSERT INTO %s.refused_merge (record_a, record_b, kind, value, refused_by)"
								   " SELECT DISTINCT ON (a, b, k, v) a, b, k, v, y"
								   " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) AS u(a, b, k, v, y)"
								   " ORDER BY a, b, k, v, y ON CONFLICT DO NOTHING", rb->g->schema),
						  5, argtypes, args, NULL, false, 0);
}

/*
 * Numbers the chosen nodes and loads what constraints say about each: limited values
 * that it holds, records that it must not meet. Returns the chosen records.
 */
static ArrayType *
load_constraints(Rebuild *rb, int n_members)
{
	Graph	   *g = rb->g;
	Datum	   *members = MemoryContextAllocHuge(CurrentMemoryContext, n_members * sizeof(Datum));
	Datum	   *kind_names = palloc(g->n_kinds * sizeof(Datum));
	Datum	   *kind_numbers = palloc(g->n_kinds * sizeof(Datum));
	Oid			argtypes[3] = {INT8ARRAYOID, TEXTARRAYOID, INT4ARRAYOID};
	Datum		args[3];
	int			n = 0;

	for (int32 i = 0; i < g->n; i++)
		if (rb->in_conflict[i])
		{
			g->count[i] = n;
			members[n++] = Int64GetDatum(g->record[i]);
		}
	rb->held = MemoryContextAllocExtended(CurrentMemoryContext, n_members * sizeof(HeldSet), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	initStringInfo(&rb->value);
	initStringInfo(&rb->hub_kind);

	/* a ruling that leaves the conflict leaves the component, and the two never meet */
	for (int i = 0; i < g->n_different; i++)
		if (rb->in_conflict[g->different[i][0]] && rb->in_conflict[g->different[i][1]])
		{
			hold_enemy(held_of(rb, g->different[i][0]), g->different[i][1]);
			hold_enemy(held_of(rb, g->different[i][1]), g->different[i][0]);
		}

	args[0] = PointerGetDatum(array_of(members, n_members, INT8OID));
	n = 0;
	for (int i = 0; i < g->n_kinds; i++)
		if (g->kinds[i].max_per_profile > 0)
		{
			kind_names[n] = PointerGetDatum(g->kinds[i].name);
			kind_numbers[n++] = Int32GetDatum(i);
		}
	if (n > 0)
	{
		args[1] = PointerGetDatum(array_of(kind_names, n, TEXTOID));
		args[2] = PointerGetDatum(array_of(kind_numbers, n, INT4OID));
		cdp_core_stream(psprintf("SELECT k.number, h.value::pg_catalog.text, h.record_id"
								 " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) AS k(kind, number)"
								 " JOIN %s.identifier h ON h.kind = k.kind"
								 " WHERE h.record_id = ANY ($1) AND NOT h.blocked ORDER BY k.number, h.value", g->schema),
						3, argtypes, args, held_row, rb);
		rb->open = false;
	}
	return DatumGetArrayTypeP(args[0]);
}

static void
rebuild_conflicts(Graph *g)
{
	Rebuild		rb = {.g = g};
	MemoryContext own,
				old;
	Datum	   *kind_names,
			   *kind_numbers,
			   *kind_priorities,
			   *kind_limits;
	bool	   *in_conflict;
	int			n_members = 0;
	Oid			argtypes[5] = {INT8ARRAYOID, TEXTARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4ARRAYOID};
	Datum		args[5];
	int			n;

	own = AllocSetContextCreate(g->work, "cdp clustering, conflicts", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(own);
	in_conflict = MemoryContextAllocHuge(own, g->n);
	for (int32 i = 0; i < g->n; i++)
	{
		in_conflict[i] = g->conflict[find_root(g, i)];
		n_members += in_conflict[i];
	}
	if (n_members == 0)
	{
		MemoryContextSwitchTo(old);
		MemoryContextDelete(own);
		return;
	}
	rb.in_conflict = in_conflict;
	for (int32 i = 0; i < g->n; i++)
		if (in_conflict[i])
			g->parent[i] = i;
	args[0] = PointerGetDatum(load_constraints(&rb, n_members));
	kind_names = palloc(g->n_kinds * sizeof(Datum));
	kind_numbers = palloc(g->n_kinds * sizeof(Datum));
	kind_priorities = palloc(g->n_kinds * sizeof(Datum));
	kind_limits = palloc(g->n_kinds * sizeof(Datum));

	/* a person's word first, then the hubs */
	for (int i = 0; i < g->n_same; i++)
		if (in_conflict[g->same[i][0]] && in_conflict[g->same[i][1]])
		{
			const text *why = try_join(&rb, g->same[i][0], g->same[i][1]);

			if (why)
				note_refusal(&rb, g->same[i][0], g->same[i][1], CStringGetTextDatum("ruling"), CStringGetTextDatum("same"), why);
		}

	n = 0;
	for (int i = 0; i < g->n_kinds; i++)
		if (g->kinds[i].ties)
		{
			kind_names[n] = PointerGetDatum(g->kinds[i].name);
			kind_numbers[n] = Int32GetDatum(i);
			kind_limits[n] = Int32GetDatum(g->kinds[i].common_limit > 0 ? g->kinds[i].common_limit : PG_INT32_MAX - 1);
			kind_priorities[n++] = Int32GetDatum(g->kinds[i].priority);
		}
	if (n > 0)
	{
		args[1] = PointerGetDatum(array_of(kind_names, n, TEXTOID));
		args[2] = PointerGetDatum(array_of(kind_numbers, n, INT4OID));
		args[3] = PointerGetDatum(array_of(kind_priorities, n, INT4OID));
		args[4] = PointerGetDatum(array_of(kind_limits, n, INT4OID));
		cdp_core_stream(psprintf("SELECT h.kind::pg_catalog.text, h.value::pg_catalog.text, h.record_id"
								 " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) AS k(kind, number, priority, common_limit)"
								 " JOIN %1$s.identifier h ON h.kind = k.kind JOIN %1$s.record r USING (record_id)"
								 " WHERE h.record_id = ANY ($1) AND NOT h.blocked"
								 " AND (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM %1$s.identifier c"
								 " WHERE c.kind = h.kind AND c.value = h.value AND NOT c.blocked LIMIT k.common_limit + 1) c) <= k.common_limit"
								 " ORDER BY k.priority, h.kind, h.value, r.source_id, r.source_key", g->schema),
						5, argtypes, args, evidence_row, &rb);
	}
	note_peak(g);
	write_refusals(&rb);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
}

/* ---------------------------------------------------------------- step 4: scored pairs */

static void
link_row(TupleTableSlot *slot, void *state)
{
	Graph	   *g = state;
	int32		a = cdp_match_engine_place(g->engine, DatumGetInt64(slot->tts_values[0]));
	int32		b = cdp_match_engine_place(g->engine, DatumGetInt64(slot->tts_values[1]));

	if (a >= 0 && b >= 0)
		add_edge(g, Min(a, b), Max(a, b), DatumGetFloat8(slot->tts_values[2]));
}

static void
scored_pair(void *state, int32 a, int32 b, double weight)
{
	add_edge(state, a, b, weight);
}

typedef struct Link
{
	int64		a,
				b;
	double		weight;
} Link;

#define ST_SORT sort_links
#define ST_ELEMENT_TYPE Link
#define ST_COMPARE(x, y) ((x)->a != (y)->a ? ((x)->a < (y)->a ? -1 : 1) : (x)->b < (y)->b ? -1 : (x)->b > (y)->b)
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Links
{
	Link	   *link;
	int			n;				/* not given yet */
} Links;

static bool
give_link(void *state, StringInfo row)
{
	Links	   *links = state;

	if (links->n == 0)
		return false;
	cdp_core_copy_int8(row, links->link->a);
	cdp_core_copy_int8(row, links->link->b);
	cdp_core_copy_text(row, "model");
	cdp_core_copy_float8(row, links->link->weight);
	links->link++;
	links->n--;
	return true;
}

/* Keeps the scored pairs of a whole run as links, in the order of their primary key, which is built after them. */
static void
write_links(const Graph *g)
{
	static const char *const columns[] = {"record_a", "record_b", "origin", "weight"};
	Link	   *link = MemoryContextAllocHuge(g->work, (g->n_edges + 1) * sizeof(Link));
	Links		links = {.link = link, .n = g->n_edges};

	for (int i = 0; i < g->n_edges; i++)
	{
		int64		a = cdp_match_engine_record(g->engine, g->edge[i].a),
					b = cdp_match_engine_record(g->engine, g->edge[i].b);

		link[i] = (Link) {.a = Min(a, b), .b = Max(a, b), .weight = g->edge[i].weight};
	}
	sort_links(link, g->n_edges);
	cdp_core_copy(g->space, "link", lengthof(columns), columns, give_link, &links);
	pfree(link);
}

typedef struct Joining
{
	Graph	   *g;
	Rebuild    *rb;				/* NULL: nothing is constrained */
	const int32 *node;			/* by place */
} Joining;

static double
pair_weight(void *state, int32_t a, int32_t b)
{
	return cdp_match_engine_weight(((Joining *) state)->g->engine, a, b);
}

static bool
join_clusters(void *state, int32_t a, int32_t b, double mean)
{
	Joining    *joining = state;
	Graph	   *g = joining->g;
	int32		root_a = find_root(g, joining->node[a]),
				root_b = find_root(g, joining->node[b]);
	Bridge		bridge = {.weight = mean, .a = joining->node[a], .b = joining->node[b]};

	if (joining->rb)
	{
		const text *why = try_join(joining->rb, root_a, root_b);

		if (why)
		{
			note_refusal(joining->rb, joining->node[a], joining->node[b], CStringGetTextDatum("model"), CStringGetTextDatum("match"), why);
			return false;
		}
	}
	else
		join_nodes(g, root_a, root_b);
	for (int side = 0; side < 2; side++)
	{
		const Bridge *other = &g->bridge[side ? root_a : root_b];

		if (other->weight > 0 && other->weight < bridge.weight)
			bridge = *other;
	}
	g->bridge[find_root(g, root_a)] = bridge;
	return true;
}

static void
poll_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/*
 * Writes the pairs that a model refuses though they share a value.
 */
static void
write_contradictions(Graph *g)
{
	Rebuild		rb = {.g = g};

	for (int i = 0; i < g->n_refused; i += 2)
	{
		const Contradicted *hub = &g->contradicted[g->refused_hub[i / 2]];

		note_refusal(&rb, node_of(g, g->refused[i]), node_of(g, g->refused[i + 1]), PointerGetDatum(hub->kind), PointerGetDatum(hub->value),
					 cstring_to_text("model"));
	}
	write_refusals(&rb);
}

static void
agglomerate(Graph *g)
{
	MemoryContext own = AllocSetContextCreate(g->work, "cdp clustering, scored pairs", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	int32		n = cdp_match_engine_size(g->engine);
	int32	   *node = MemoryContextAllocHuge(own, (n + 1) * sizeof(int32));
	int32	   *first = MemoryContextAllocHuge(own, g->n * sizeof(int32));	/* place of a root's first record */
	Rebuild		rb = {.g = g};
	Joining		joining = {.g = g, .node = node};
	CdpAgglomeration work = {.n = n, .weight = pair_weight, .join = join_clusters, .state = &joining, .poll = poll_interrupts};
	bool	   *touched = MemoryContextAllocExtended(own, g->n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int			n_touched = 0;
	bool		limited = g->n_different > 0;

	work.cluster = MemoryContextAllocHuge(own, (n + 1) * sizeof(int32));
	memset(first, -1, g->n * sizeof(int32));
	for (int32 i = 0; i < n; i++)
	{
		int32		root;

		node[i] = node_of(g, cdp_match_engine_record(g->engine, i));
		if (node[i] < 0)
			elog(ERROR, "record of the matching engine is not in the graph");
		root = find_root(g, node[i]);
		if (first[root] < 0)
			first[root] = i;
		work.cluster[i] = first[root];
	}
	for (int i = 0; i < g->n_kinds; i++)
		limited = limited || g->kinds[i].max_per_profile > 0;
	if (limited)
	{
		for (int i = 0; i < g->n_edges; i++)
		{
			touched[find_root(g, node[g->edge[i].a])] = true;
			touched[find_root(g, node[g->edge[i].b])] = true;
		}
		for (int32 i = 0; i < g->n; i++)
		{
			touched[i] = touched[find_root(g, i)];
			n_touched += touched[i];
		}
		rb.in_conflict = touched;
		if (n_touched > 0)
		{
			load_constraints(&rb, n_touched);
			for (int32 i = 0; i < g->n; i++)
				if (touched[i] && find_root(g, i) != i)
					merge_held(held_of(&rb, find_root(g, i)), held_of(&rb, i));
			joining.rb = &rb;
		}
	}
	g->bridge = MemoryContextAllocExtended(g->work, g->n * sizeof(Bridge), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (!cdp_agglomerate(&work, g->edge, g->n_edges))
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory while clustering scored pairs"));
	note_peak(g);
	if (joining.rb)
		write_refusals(&rb);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
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
	Graph	   *g;
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
assign_ids(Graph *g)
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
				.former = g->former[i], .root = find_root(g, i), .votes = 1
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
		note_peak(g);
		taken_destroy(taken);
		pfree(votes);
	}

	for (int32 i = 0; i < g->n; i++)
	{
		/* flatten, so that roots are recognised by parent alone */
		g->parent[i] = find_root(g, i);
		if (g->parent[i] == i && ids.assigned[i] == 0)
			n_new++;
	}
	if (n_new > 0)
	{
		Oid			argtypes[1] = {INT8OID};
		Datum		args[1] = {Int64GetDatum(n_new)};

		cdp_core_stream(psprintf("SELECT pg_catalog.nextval((SELECT pg_catalog.pg_get_serial_sequence(%s, 'profile_id'))::pg_catalog.regclass)"
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
	Graph		g = {0};
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
	load_nodes(&g);
	if (g.n > 0)
	{
		if (model_id != 0)
		{
			g.engine = cdp_match_engine_open(PG_GETARG_OID(0), model_id, g.affected_only);
			if (g.affected_only)
				cdp_core_stream(psprintf("SELECT l.record_a, l.record_b, l.weight FROM pg_temp.cdp_affected u JOIN %s.link l ON l.record_a = u.record_id"
										 " WHERE l.origin = 'model'", g.schema), 0, NULL, NULL, link_row, &g);
			else
			{
				cdp_match_engine_score(g.engine, false, scored_pair, &g);
				write_links(&g);
			}
		}
		cdp_core_stream(psprintf("SELECT l.record_a, l.record_b, l.weight FROM %1$s.link l"
								 " JOIN %1$s.record a ON a.record_id = l.record_a JOIN %1$s.record b ON b.record_id = l.record_b"
								 " WHERE l.origin = 'ruling'"
								 " ORDER BY LEAST(ROW(a.source_id, a.source_key), ROW(b.source_id, b.source_key)),"
								 " GREATEST(ROW(a.source_id, a.source_key), ROW(b.source_id, b.source_key))", g.schema),
						0, NULL, NULL, ruling_row, &g);
		for (int i = 0; i < g.n_same; i++)
			join_nodes(&g, g.same[i][0], g.same[i][1]);
		for (int i = 0; i < g.n_kinds; i++)
			if (g.kinds[i].ties)
				read_hubs(&g, &g.kinds[i], "SELECT u.value, pg_catalog.unnest(u.members) FROM pg_temp.cdp_hub u WHERE u.kind = $1 ORDER BY u.value",
						  hub_join_all);
		write_contradictions(&g);
		if (g.n_contradicted > 0)
			qsort(g.contradicted, g.n_contradicted, sizeof(Contradicted), compare_contradicted);

		for (int i = 0; i < g.n_kinds; i++)
			if (g.kinds[i].max_per_profile > 0)
			{
				Kind		whole = g.kinds[i];

				/* a limit holds for every value, however common */
				whole.common_limit = 0;
				memset(g.count, 0, g.n * sizeof(int32));
				memset(g.stamp, 0, g.n * sizeof(int32));
				read_hubs(&g, &whole,
						  psprintf("SELECT h.value::pg_catalog.text, h.record_id FROM pg_temp.cdp_affected u"
								   " JOIN %s.identifier h ON h.record_id = u.record_id WHERE h.kind = $1 AND NOT h.blocked ORDER BY h.value", g.schema),
						  hub_count_values);
			}
		for (int i = 0; i < g.n_different; i++)
			if (find_root(&g, g.different[i][0]) == find_root(&g, g.different[i][1]))
				g.conflict[find_root(&g, g.different[i][0])] = 1;
		rebuild_conflicts(&g);
		if (g.engine)
		{
			agglomerate(&g);
			cdp_match_keys_write(g.engine, g.affected_only);
		}

		assigned = assign_ids(&g);
		for (int32 i = 0; i < g.n; i++)
		{
			int64		profile = assigned[g.parent[i]];
			const Bridge *bridge = g.bridge && g.parent[i] == i && g.bridge[i].weight > 0 ? &g.bridge[i] : NULL;

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
		note_peak(&g);
		ereport(DEBUG1, errmsg_internal("cdp clustering: %d records, peak %zu bytes, %.1f bytes a record",
										g.n, g.peak, (double) g.peak / g.n));
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	SPI_finish();
	return (Datum) 0;
}
