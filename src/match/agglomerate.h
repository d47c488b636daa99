/*
 * agglomerate.h
 *	  Clusters of records from scored pairs.
 */
#ifndef CDP_MATCH_AGGLOMERATE_H
#define CDP_MATCH_AGGLOMERATE_H

#include "match/model.h"
#include "match/parallel.h"

#define CDP_JOIN_ABOVE 0.737	/* log2 odds of two clusters that become one: five to three */

typedef struct CdpEdge
{
	int32_t		a,
				b;
	double		weight;
} CdpEdge;

typedef struct CdpAgglomeration
{
	/* given: cluster[i] is the first record of i's cluster; the same comes back */
	int32_t		n;
	int32_t    *cluster;
	int			comparisons;	/* of the evidence */
	/* adds what two records a < b say about one another, as the thread of that number */
	void		(*compare) (void *state, int thread, int32_t a, int32_t b, CdpEvidence *sum);
	/* what the sum of that over all pairs of two clusters weighs */
	double		(*weigh) (void *state, const CdpEvidence *sum);
	/*
	 * joins two clusters, known by their first records a < b, unless a constraint forbids
	 * it; NULL: none does. weight: what rivals leave of it
	 */
	bool		(*join) (void *state, int32_t a, int32_t b, double weight);
	void	   *state;
	CdpCrew    *crew;			/* of more threads than one, only when the functions above bear it; NULL: the caller alone */
} CdpAgglomeration;

/* The root of x, where parent[root] is root itself; the way there is halved. */
static inline int32_t
cdp_cluster_root(int32_t *parent, int32_t x)
{
	while (parent[x] != x)
	{
		parent[x] = parent[parent[x]];
		x = parent[x];
	}
	return x;
}

/* False: out of memory, or the crew has stopped. */
extern bool cdp_agglomerate(CdpAgglomeration *work, const CdpEdge *edge, int64_t n_edges);

#endif
