/*
 * link.c
 *	  Step 4 of clustering: records that a matching model ties (see cluster.c).
 *
 * A whole run scores all pairs and keeps those of positive weight in the table link;
 * a run over what is affected reads them from there, so both cluster by the same.
 *
 * Memory: the store of the matching engine (match/store.h) and some 100 bytes per scored
 * pair; 24 more per pair while links are written, and then, for each two adjacent clusters
 * of several records, 130 bytes per comparison (match/agglomerate.c).
 */
#include "identity/cluster.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* A shared value below this weight is contradicted by everything else: eight to one against one person. */
#define CONTRADICTED (-3.0)

/* ---------------------------------------------------------------- links */

static void
add_edge(CdpGraph *g, int32 a, int32 b, double weight)
{
	if (g->n_edges == g->a_edges)
		g->edge = cdp_graph_grow(g->edge, &g->a_edges, sizeof(CdpEdge));
	g->edge[g->n_edges++] = (CdpEdge)
	{
		.a = a, .b = b, .weight = weight
	};
}

static void
link_row(TupleTableSlot *slot, void *state)
{
	CdpGraph *g = state;
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
write_links(const CdpGraph *g)
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

void
cdp_graph_read_links(CdpGraph *g)
{
	if (g->affected_only)
		cdp_core_stream(psprintf("SELECT l.record_a, l.record_b, l.weight FROM pg_temp.cdp_affected u JOIN %s.link l ON l.record_a = u.record_id"
								 " WHERE l.origin = 'model'", g->schema), 0, NULL, NULL, link_row, g);
	else
	{
		cdp_match_engine_score(g->engine, false, scored_pair, g);
		write_links(g);
	}
}

/* ---------------------------------------------------------------- hubs that the model contradicts */

static inline int32
place_of(CdpGraph *g, int32 node)
{
	return cdp_match_engine_place(g->engine, g->record[node]);
}

/* Does the model take two of the records for two people? Then the hub's pairs are kept as scored ones. */
bool
cdp_graph_contradict(CdpHub *hub)
{
	CdpGraph *g = hub->g;
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
				: cdp_match_engine_weight(g->engine, 0, Min(place[i], place[j]), Max(place[i], place[j]));
			least = Min(least, weight[n]);
			n++;
		}
	if (least < CONTRADICTED)
	{
		if (g->n_contradicted == g->a_contradicted)
			g->contradicted = cdp_graph_grow(g->contradicted, &g->a_contradicted, sizeof(CdpContradicted));
		g->contradicted[g->n_contradicted++] = (CdpContradicted)
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
						g->refused = cdp_graph_grow(g->refused, &g->a_refused, sizeof(int64));
					if (g->n_refused / 2 == g->a_refused_hub)
						g->refused_hub = cdp_graph_grow(g->refused_hub, &g->a_refused_hub, sizeof(int32));
					g->refused_hub[g->n_refused / 2] = g->n_contradicted - 1;
					g->refused[g->n_refused++] = g->record[hub->member[i]];
					g->refused[g->n_refused++] = g->record[hub->member[j]];
				}
	}
	pfree(place);
	pfree(weight);
	return least < CONTRADICTED;
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
	const CdpContradicted *x = a,
			   *y = b;
	int			c = compare_bytes(x->kind, y->kind);

	return c != 0 ? c : compare_bytes(x->value, y->value);
}

bool
cdp_graph_is_contradicted(const CdpGraph *g, Datum kind, Datum value)
{
	CdpContradicted wanted = {.kind = DatumGetTextPP(kind), .value = DatumGetTextPP(value)};

	return g->n_contradicted > 0 &&
		bsearch(&wanted, g->contradicted, g->n_contradicted, sizeof(CdpContradicted), compare_contradicted) != NULL;
}

/*
 * Writes the pairs that a model refuses though they share a value.
 */
void
cdp_graph_write_contradictions(CdpGraph *g)
{
	CdpRebuild rb = {.g = g};

	for (int i = 0; i < g->n_refused; i += 2)
	{
		const CdpContradicted *hub = &g->contradicted[g->refused_hub[i / 2]];

		cdp_graph_note_refusal(&rb, cdp_graph_node(g, g->refused[i]), cdp_graph_node(g, g->refused[i + 1]), PointerGetDatum(hub->kind), PointerGetDatum(hub->value),
					 cstring_to_text("model"));
	}
	cdp_graph_write_refusals(&rb);
	if (g->n_contradicted > 0)
		qsort(g->contradicted, g->n_contradicted, sizeof(CdpContradicted), compare_contradicted);
}

/* ---------------------------------------------------------------- agglomeration */

typedef struct Joining
{
	CdpGraph *g;
	CdpRebuild *rb;				/* NULL: nothing is constrained */
	const int32 *node;			/* by place */
} Joining;

static void
compare_pair(void *state, int thread, int32_t a, int32_t b, CdpEvidence *sum)
{
	cdp_match_engine_compare(((Joining *) state)->g->engine, thread, a, b, sum);
}

static double
weigh_pairs(void *state, const CdpEvidence *sum)
{
	return cdp_match_engine_weigh(((Joining *) state)->g->engine, sum);
}

static bool
join_clusters(void *state, int32_t a, int32_t b, double weight)
{
	Joining    *joining = state;
	CdpGraph *g = joining->g;
	int32		root_a = cdp_graph_root(g, joining->node[a]),
				root_b = cdp_graph_root(g, joining->node[b]);
	CdpBridge bridge = {.weight = weight, .a = joining->node[a], .b = joining->node[b]};

	if (joining->rb)
	{
		const text *why = cdp_graph_try_join(joining->rb, root_a, root_b);

		if (why)
		{
			cdp_graph_note_refusal(joining->rb, joining->node[a], joining->node[b], CStringGetTextDatum("model"), CStringGetTextDatum("match"), why);
			return false;
		}
	}
	else
		cdp_graph_join(g, root_a, root_b);
	for (int side = 0; side < 2; side++)
	{
		const CdpBridge *other = &g->bridge[side ? root_a : root_b];

		if (other->weight > 0 && other->weight < bridge.weight)
			bridge = *other;
	}
	g->bridge[cdp_graph_root(g, root_a)] = bridge;
	return true;
}

void
cdp_graph_agglomerate(CdpGraph *g)
{
	MemoryContext own = AllocSetContextCreate(g->work, "cdp clustering, scored pairs", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	int32		n = cdp_match_engine_size(g->engine);
	int32	   *node = MemoryContextAllocHuge(own, (n + 1) * sizeof(int32));
	int32	   *first = MemoryContextAllocHuge(own, g->n * sizeof(int32));	/* place of a root's first record */
	CdpRebuild rb = {.g = g};
	Joining		joining = {.g = g, .node = node};
	CdpCrew		crew = *cdp_match_engine_crew(g->engine);
	CdpAgglomeration work = {.n = n, .comparisons = cdp_match_engine_comparisons(g->engine), .compare = compare_pair, .weigh = weigh_pairs, .join = join_clusters, .state = &joining, .crew = &crew};
	bool	   *touched = MemoryContextAllocExtended(own, g->n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int			n_touched = 0;
	bool		limited = g->n_different > 0;

	work.cluster = MemoryContextAllocHuge(own, (n + 1) * sizeof(int32));
	memset(first, -1, g->n * sizeof(int32));
	for (int32 i = 0; i < n; i++)
	{
		int32		root;

		node[i] = cdp_graph_node(g, cdp_match_engine_record(g->engine, i));
		if (node[i] < 0)
			elog(ERROR, "record of the matching engine is not in the graph");
		root = cdp_graph_root(g, node[i]);
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
			touched[cdp_graph_root(g, node[g->edge[i].a])] = true;
			touched[cdp_graph_root(g, node[g->edge[i].b])] = true;
		}
		for (int32 i = 0; i < g->n; i++)
		{
			touched[i] = touched[cdp_graph_root(g, i)];
			n_touched += touched[i];
		}
		rb.in_conflict = touched;
		if (n_touched > 0)
		{
			cdp_graph_load_constraints(&rb, n_touched);
			for (int32 i = 0; i < g->n; i++)
				if (touched[i] && cdp_graph_root(g, i) != i)
					cdp_graph_merge_held(cdp_graph_held(&rb, cdp_graph_root(g, i)), cdp_graph_held(&rb, i));
			joining.rb = &rb;
			/* constraints are the server's business */
			crew.threads = 1;
		}
	}
	g->bridge = MemoryContextAllocExtended(g->work, g->n * sizeof(CdpBridge), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	cdp_match_engine_require(g->engine, cdp_agglomerate(&work, g->edge, g->n_edges));
	cdp_graph_note_peak(g);
	if (joining.rb)
		cdp_graph_write_refusals(&rb);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
}

