/*
 * cluster.h
 *	  The graph of records while it is clustered: what cluster.c, constraint.c and link.c
 *	  share. The definition of the partition is in the head comment of cluster.c.
 */
#ifndef CDP_IDENTITY_CLUSTER_H
#define CDP_IDENTITY_CLUSTER_H

#include "identity/identity.h"

#include "lib/stringinfo.h"
#include "match/match.h"
#include "utils/array.h"

/* One kind of hub: what ties, in which order, and what is limited. */
typedef struct CdpKind
{
	text	   *name;
	int			priority;
	bool		ties;			/* shared values merge records */
	int			common_limit;	/* hubs above are skipped; 0 = no limit */
	int			max_per_profile;	/* 0 = not limited */
	bool		compared;		/* the model compares it */
} CdpKind;

/* A hub that the model contradicts. */
typedef struct CdpContradicted
{
	const text *kind;
	text	   *value;
} CdpContradicted;

/* A limited value that a cluster holds: kind index and the number of the value's hub. */
typedef struct CdpHeld
{
	int32		kind;
	int32		value;
} CdpHeld;

/* A record that holds it. */
typedef struct CdpHolder
{
	int32		node;
	CdpHeld		held;
} CdpHolder;

/* How surely a cluster is one person: the weakest of the joins that made it. */
typedef struct CdpBridge
{
	double		weight;
	int32		a,
				b;				/* first records (nodes) of the two that joined */
} CdpBridge;

typedef struct CdpGraph
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

	CdpKind *kinds;
	int			n_kinds;
	CdpHolder  *holder;			/* of all limited values, by kind and value */
	int			n_holders,
				a_holders;

	/* rulings as node pairs */
	int32		(*same)[2];
	int			n_same,
				a_same;
	int32		(*different)[2];
	int			n_different,
				a_different;

	/* of a model, or NULL */
	CdpMatchEngine *engine;
	int32	   *place;			/* by node: in the engine, or -1 */
	struct CdpKeptHubs *kept;
	CdpEdge    *edge;			/* by places in the engine */
	int			n_edges,
				a_edges;
	int			first_scored;	/* edge of a whole run: before come those of hubs that the model contradicts */
	int64	   *refused;		/* pairs of records that a model refuses, with their hub */
	int32	   *refused_hub;
	int			n_refused,
				a_refused,
				a_refused_hub;
	CdpContradicted *contradicted;
	int			n_contradicted,
				a_contradicted;
	CdpBridge *bridge;			/* by root; NULL: nothing was scored. weight 0: no join */
} CdpGraph;

/*
 * Collects the nodes of one hub while rows (value, record_id) come sorted by
 * value, and calls done at each change of value. Members beyond the limit are
 * counted but not kept.
 */
typedef struct CdpHub
{
	CdpGraph *g;
	const CdpKind *kind;
	int			limit;			/* 0: none */
	StringInfoData value;
	bool		open;
	int64		size;
	int32		number;			/* counts the hubs of this kind */
	int32	   *member;
	int			n_members,
				a_members;
	void		(*done) (struct CdpHub *hub);
} CdpHub;

/* ---------------------------------------------------------------- cluster.c */

/* Room for twice as many elements, in the current memory context. */
extern void *cdp_graph_grow(void *array, int *allocated, size_t width);
extern void cdp_graph_note_peak(CdpGraph *g);
/* The smaller node index becomes the root, so that a root is its cluster's oldest record. */
extern void cdp_graph_join(CdpGraph *g, int32 a, int32 b);

static inline int32
cdp_graph_root(CdpGraph *g, int32 x)
{
	return cdp_cluster_root(g->parent, x);
}

/* The node of a record id, or -1 when the record is not part of this run. */
static inline int32
cdp_graph_node(const CdpGraph *g, int64 record_id)
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

/* ---------------------------------------------------------------- constraint.c */

typedef struct CdpHeldSet
{
	CdpHeld *items;			/* sorted */
	int			n;
	int32	   *enemies;		/* nodes under a ruling "different" with a member */
	int			n_enemies;
} CdpHeldSet;

typedef struct CdpRebuild
{
	CdpGraph *g;
	const bool *in_conflict;	/* per node */
	CdpHeldSet *held;			/* per record in conflict, by cdp_graph_held; meaningful at roots */
	/* the hub being read */
	StringInfoData hub_kind;
	StringInfoData value;
	bool		open;
	bool		contradicted;
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
} CdpRebuild;

/* The counters are done with: during the rebuild g->count numbers the records in conflict. */
static inline CdpHeldSet *
cdp_graph_held(CdpRebuild *rb, int32 node)
{
	return &rb->held[rb->g->count[node]];
}

/* Numbers the n_members chosen nodes (in_conflict) and collects what constraints say about each. */
extern void cdp_graph_hold(CdpRebuild *rb, int n_members);
extern void cdp_graph_merge_held(CdpHeldSet *into, CdpHeldSet *from);
/* Joins two nodes' clusters unless a constraint forbids it; returns the constraint that did. */
extern const text *cdp_graph_try_join(CdpRebuild *rb, int32 a, int32 b);
extern void cdp_graph_note_refusal(CdpRebuild *rb, int32 a, int32 b, Datum kind, Datum value, const text *why);
extern void cdp_graph_write_refusals(CdpRebuild *rb);
/* Step 3. */
extern void cdp_graph_rebuild_conflicts(CdpGraph *g);

/* ---------------------------------------------------------------- link.c */

/* The edges: links that are there, of what is affected, or, in a whole run, pairs scored anew, which become links. */
extern void cdp_graph_read_links(CdpGraph *g);
extern void cdp_graph_take_scores(CdpGraph *g);
extern void cdp_graph_write_links(const CdpGraph *g);
/*
 * Joins the records of a hub unless the model takes two of them for two people; then its
 * pairs count as scored ones. Hubs are kept until many can be looked at together, at the
 * latest when cdp_graph_join_kept is called.
 */
extern void cdp_graph_keep_hub(const CdpHub *hub);
extern void cdp_graph_join_kept(CdpGraph *g);
/* Writes the pairs that a model refuses though they share a value; from then on hubs can be asked for. */
extern void cdp_graph_write_contradictions(CdpGraph *g);
extern bool cdp_graph_is_contradicted(const CdpGraph *g, Datum kind, Datum value);
/* Step 4. */
extern void cdp_graph_agglomerate(CdpGraph *g);

#endif
