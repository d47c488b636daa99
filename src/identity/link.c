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

/* A shared value below this weight is contradicted by what else is compared, if a name or a birth date differs: two to one against one person. */
#define CONTRADICTED (-1.0)
#define KEPT_HUBS 65536
#define HUBS_IN_CHUNK 256

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
	cdp_core_copy_null(row);
	cdp_core_copy_null(row);
	links->link++;
	links->n--;
	return true;
}

/* Keeps the scored pairs of a whole run as links, in the order of their primary key, which is built after them. */
void
cdp_graph_write_links(const CdpGraph *g)
{
	static const char *const columns[] = {"record_a", "record_b", "origin", "weight", "made_by", "made_at"};
	int			n = g->n_edges - g->first_scored;
	const CdpEdge *edge = g->edge + g->first_scored;
	Link	   *link = MemoryContextAllocHuge(g->work, (n + 1) * sizeof(Link));
	Links		links = {.link = link, .n = n};

	for (int i = 0; i < n; i++)
	{
		int64		a = cdp_match_engine_record(g->engine, edge[i].a),
					b = cdp_match_engine_record(g->engine, edge[i].b);

		link[i] = (Link) {.a = Min(a, b), .b = Max(a, b), .weight = edge[i].weight};
	}
	sort_links(link, n);
	cdp_core_copy(g->space, "link", lengthof(columns), columns, give_link, &links);
	pfree(link);
}

void
cdp_graph_read_links(CdpGraph *g)
{
	cdp_core_stream(psprintf("SELECT l.record_a, l.record_b, l.weight FROM pg_temp.cdp_affected u JOIN %s.link l ON l.record_a = u.record_id"
								 " WHERE l.origin = 'model'", g->schema), 0, NULL, NULL, link_row, g);
}

void
cdp_graph_take_scores(CdpGraph *g)
{
	g->first_scored = g->n_edges;
	cdp_match_engine_score_end(g->engine, scored_pair, g);
}

/* ---------------------------------------------------------------- hubs that the model contradicts */

/* Hubs that wait to be looked at, many at a time. */
typedef struct KeptHub
{
	int			first;			/* member */
	int			n;
	int			value;			/* where it begins */
	int			len;
	bool		contradicted;
} KeptHub;

struct CdpKeptHubs
{
	CdpGraph   *g;
	const CdpKind *kind;
	KeptHub    *hub;
	int			n_hubs,
				a_hubs;
	int32	   *member;			/* nodes */
	int			n_members,
				a_members;
	StringInfoData values;
};

static double
member_weight(const CdpGraph *g, int32 a, int32 b)
{
	int32		x = g->place[a],
				y = g->place[b];

	return x < 0 || y < 0 ? 0 : cdp_match_engine_weight(g->engine, Min(x, y), Max(x, y));
}

static bool
speaks_against(const CdpGraph *g, int thread, int32 a, int32 b)
{
	int32		x = g->place[a],
				y = g->place[b];

	return x >= 0 && y >= 0 && cdp_match_engine_contradicts(g->engine, thread, Min(x, y), Max(x, y), CONTRADICTED);
}

/* Does the model take two of the records of a hub for two people? */
static bool
look_at_hubs(void *state, int thread, int64_t chunk)
{
	struct CdpKeptHubs *kept = state;

	for (int h = chunk * HUBS_IN_CHUNK; h < Min(kept->n_hubs, (chunk + 1) * HUBS_IN_CHUNK); h++)
	{
		KeptHub    *hub = &kept->hub[h];
		const int32 *member = kept->member + hub->first;

		for (int i = 0; i < hub->n && !hub->contradicted; i++)
			for (int j = i + 1; j < hub->n && !hub->contradicted; j++)
				hub->contradicted = speaks_against(kept->g, thread, member[i], member[j]);
	}
	return true;
}

/* The pairs of such a hub count as scored ones. */
static void
contradict(const struct CdpKeptHubs *kept, const KeptHub *hub)
{
	CdpGraph *g = kept->g;
	const int32 *member = kept->member + hub->first;

	if (g->n_contradicted == g->a_contradicted)
		g->contradicted = cdp_graph_grow(g->contradicted, &g->a_contradicted, sizeof(CdpContradicted));
	g->contradicted[g->n_contradicted++] = (CdpContradicted)
	{
		.kind = kept->kind->name, .value = cstring_to_text_with_len(kept->values.data + hub->value, hub->len)
	};
	for (int i = 0; i < hub->n; i++)
		for (int j = i + 1; j < hub->n; j++)
		{
			double		weight = member_weight(g, member[i], member[j]);

			if (weight > 0)
				add_edge(g, Min(g->place[member[i]], g->place[member[j]]), Max(g->place[member[i]], g->place[member[j]]), weight);
			else if (speaks_against(g, 0, member[i], member[j]))
			{
				if (g->n_refused + 2 > g->a_refused)
					g->refused = cdp_graph_grow(g->refused, &g->a_refused, sizeof(int64));
				if (g->n_refused / 2 == g->a_refused_hub)
					g->refused_hub = cdp_graph_grow(g->refused_hub, &g->a_refused_hub, sizeof(int32));
				g->refused_hub[g->n_refused / 2] = g->n_contradicted - 1;
				g->refused[g->n_refused++] = g->record[member[i]];
				g->refused[g->n_refused++] = g->record[member[j]];
			}
		}
}

void
cdp_graph_join_kept(CdpGraph *g)
{
	struct CdpKeptHubs *kept = g->kept;

	if (kept == NULL || kept->n_hubs == 0)
		return;
	cdp_match_engine_require(g->engine, cdp_crew_run(cdp_match_engine_crew(g->engine), (kept->n_hubs + HUBS_IN_CHUNK - 1) / HUBS_IN_CHUNK, look_at_hubs, kept));
	for (int h = 0; h < kept->n_hubs; h++)
	{
		const KeptHub *hub = &kept->hub[h];

		if (hub->contradicted)
			contradict(kept, hub);
		for (int i = 1; i < hub->n && !hub->contradicted; i++)
			cdp_graph_join(g, kept->member[hub->first], kept->member[hub->first + i]);
	}
	kept->n_hubs = kept->n_members = 0;
	resetStringInfo(&kept->values);
}

void
cdp_graph_keep_hub(const CdpHub *hub)
{
	CdpGraph *g = hub->g;
	struct CdpKeptHubs *kept = g->kept;

	if (hub->n_members < 2)
		return;
	if (kept == NULL)
	{
		kept = g->kept = palloc0(sizeof(struct CdpKeptHubs));
		kept->g = g;
		initStringInfo(&kept->values);
	}
	kept->kind = hub->kind;
	if (kept->n_hubs == kept->a_hubs)
		kept->hub = cdp_graph_grow(kept->hub, &kept->a_hubs, sizeof(KeptHub));
	kept->hub[kept->n_hubs++] = (KeptHub)
	{
		.first = kept->n_members, .n = hub->n_members, .value = kept->values.len, .len = hub->value.len
	};
	for (int i = 0; i < hub->n_members; i++)
	{
		if (kept->n_members == kept->a_members)
			kept->member = cdp_graph_grow(kept->member, &kept->a_members, sizeof(int32));
		kept->member[kept->n_members++] = hub->member[i];
	}
	appendBinaryStringInfo(&kept->values, hub->value.data, hub->value.len);
	if (kept->n_hubs == KEPT_HUBS)
		cdp_graph_join_kept(g);
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
	for (int32 i = 0; i < g->n; i++)
		if (g->place[i] >= 0)
			node[g->place[i]] = i;
	for (int32 i = 0; i < n; i++)
	{
		int32		root = cdp_graph_root(g, node[i]);

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
			cdp_graph_hold(&rb, n_touched);
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

