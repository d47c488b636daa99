/*
 * agglomerate.c
 *	  Greedy agglomeration: the two clusters that most surely are one person join first.
 *
 * Bare connected components chain hundreds of people together over single wrong pairs.
 * Here two clusters join when, compared as wholes, they are more probably one person than
 * two (CDP_JOIN_ABOVE): to mix two people's data is worse than to miss that they are one. The
 * pair of clusters with the greatest weight joins first, ties in canonical order (records are
 * numbered by source and source key); what joins is compared anew as a whole, until nothing
 * is left to join. A mean of the weights of pairs of records would not do: a
 * record with a mailbox and nothing else would hold off a cluster as if it spoke against it.
 *
 * A pair is weighed as if there were no others. But a record that could be of either of
 * two people is of one of them at most: so rivals take their share of the odds (rivals_of),
 * and of two that are equally good none is taken, however good they are. What would join
 * the two, were they one already, is no rival but another part of one person. Who is held
 * back is asked again when all that is surer has joined: the rivals may be one person by
 * then, or another's.
 *
 * Only clusters that an edge touches are candidates, and how A u B agrees with C is how A
 * does and how B does, added up. For small clusters that is found out anew, for others it
 * is kept, so the work is near linear: edges, times the logarithm of their number for the
 * heap, plus the pairs of records of adjacent clusters. Clusters of more than MAX_SAMPLE
 * records stand by so many of their records.
 *
 * What no chain of edges connects does not meet, so each component is a work of its own,
 * small enough for a core's cache, and several threads share them out. A component of more
 * than LARGE edges is the caller's alone, who can be interrupted in it.
 *
 * Bansal, Blum and Chawla, "Correlation Clustering" (2004); greedy additive edge
 * contraction: Keuper et al. (2015).
 */
#include "match/agglomerate.h"

#include <stdlib.h>

#define MAX_SAMPLE 32
#define LARGE 100000
#define CHUNK 64				/* components */
#define KEEP_PAIRS 6			/* of records: how two clusters of so many agree is kept */
#define MOST_BITS 500.0			/* their odds are still a number */
#define MAX_ROUNDS 8			/* in which those that were held back are asked again */

/* Two adjacent clusters. */
typedef struct Bond
{
	int32_t		a,
				b;				/* first records, a < b */
	double		weight;			/* of the two as wholes; -INFINITY: never to be joined */
	CdpEvidenceTerm *known;		/* how the two agree; NULL: to be found out again */
	int32_t		next_a,
				next_b;			/* in the lists of a and b */
	bool		dead;
	bool		held;			/* back, by rivals */
} Bond;

typedef struct Candidate
{
	double		weight;
	int32_t		a,
				b;
	int32_t		bond;
} Candidate;

/* What all threads share: no two of them work on one cluster. */
typedef struct Shared
{
	CdpAgglomeration *given;
	int32_t    *next;			/* the members of a cluster are a ring */
	int32_t    *size;			/* by first record */
	int32_t    *bonds;			/* by first record: its list of bonds, -1 ends */
	int32_t    *mark;			/* by first record: scratch, the bond with it */
	CdpEdge    *edge;			/* of clusters, by component */
	int64_t    *start;			/* edges of component i: start[i] .. start[i + 1] - 1 */
	int64_t		n_components;
	struct Work *work;			/* by thread */
} Shared;

/* A thread's component. */
typedef struct Work
{
	const Shared *shared;
	int			thread;
	Bond	   *bond;
	int32_t		n_bonds,
				a_bonds;
	Candidate  *heap;
	int64_t		n_heap,
				a_heap;
} Work;

/* ---------------------------------------------------------------- the heap */

static inline bool
before(const Candidate *x, const Candidate *y)
{
	if (x->weight != y->weight)
		return x->weight > y->weight;
	if (x->a != y->a)
		return x->a < y->a;
	return x->b < y->b;
}

static bool
push(Work *w, Candidate c)
{
	int64_t		i;

	if (w->n_heap == w->a_heap)
	{
		int64_t		more = w->a_heap ? w->a_heap * 2 : 1024;
		void	   *p = realloc(w->heap, more * sizeof(Candidate));

		if (p == NULL)
			return false;
		w->heap = p;
		w->a_heap = more;
	}
	for (i = w->n_heap++; i > 0 && before(&c, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = c;
	return true;
}

static Candidate
pop(Work *w)
{
	Candidate	top = w->heap[0];
	Candidate	last = w->heap[--w->n_heap];
	int64_t		i = 0;

	for (;;)
	{
		int64_t		child = 2 * i + 1;

		if (child >= w->n_heap)
			break;
		if (child + 1 < w->n_heap && before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!before(&w->heap[child], &last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	if (w->n_heap > 0)
		w->heap[i] = last;
	return top;
}

/* ---------------------------------------------------------------- bonds */

/* Adds how two clusters agree. */
static void
compare_clusters(const Work *w, int32_t a, int32_t b, CdpEvidence *sum)
{
	const Shared *shared = w->shared;
	int32_t		x = a;
	int32_t		n_a = shared->size[a] < MAX_SAMPLE ? shared->size[a] : MAX_SAMPLE;
	int32_t		n_b = shared->size[b] < MAX_SAMPLE ? shared->size[b] : MAX_SAMPLE;

	for (int32_t i = 0; i < n_a; i++, x = shared->next[x])
	{
		int32_t		y = b;

		for (int32_t j = 0; j < n_b; j++, y = shared->next[y])
			shared->given->compare(shared->given->state, w->thread, x < y ? x : y, x < y ? y : x, sum);
	}
}

/* Adds what a bond knows of its clusters a and b, or compares them; NULL: no bond. */
static void
add_known(const Work *w, const Bond *bond, int32_t a, int32_t b, CdpEvidence *sum)
{
	if (bond && bond->known)
		for (int c = 0; c < w->shared->given->comparisons; c++)
			cdp_evidence_add(&sum->term[c], &bond->known[c]);
	else
		compare_clusters(w, a, b, sum);
}

/* Weighs a bond of clusters with so many pairs of records; what is dear to compare again is kept. False: out of memory. */
static bool
weigh_bond(Work *w, Bond *bond, const CdpEvidence *sum, double pairs)
{
	size_t		size = w->shared->given->comparisons * sizeof(CdpEvidenceTerm);

	bond->weight = w->shared->given->weigh(w->shared->given->state, sum);
	if (pairs < KEEP_PAIRS)
		return true;
	if (bond->known == NULL && (bond->known = malloc(size)) == NULL)
		return false;
	memcpy(bond->known, sum->term, size);
	return true;
}

static void
kill_bond(Bond *bond)
{
	bond->dead = true;
	free(bond->known);
	bond->known = NULL;
}

static int32_t
add_bond(Work *w, int32_t a, int32_t b)
{
	const Shared *shared = w->shared;
	Bond	   *bond;

	if (w->n_bonds == w->a_bonds)
	{
		int64_t		more = w->a_bonds ? (int64_t) w->a_bonds * 2 : 1024;
		void	   *p;

		if (more > INT32_MAX || (p = realloc(w->bond, more * sizeof(Bond))) == NULL)
			return -1;
		w->bond = p;
		w->a_bonds = more;
	}
	bond = &w->bond[w->n_bonds];
	*bond = (Bond)
	{
		.a = a < b ? a : b, .b = a < b ? b : a
	};
	bond->next_a = shared->bonds[bond->a];
	bond->next_b = shared->bonds[bond->b];
	shared->bonds[bond->a] = shared->bonds[bond->b] = w->n_bonds;
	return w->n_bonds++;
}

static inline int32_t
next_bond(const Work *w, int32_t bond, int32_t of)
{
	return w->bond[bond].a == of ? w->bond[bond].next_a : w->bond[bond].next_b;
}

static bool
offer(Work *w, int32_t i)
{
	const Bond *bond = &w->bond[i];

	return !(bond->weight > CDP_JOIN_ABOVE) || push(w, (Candidate)
									   {
										   .weight = bond->weight, .a = bond->a, .b = bond->b, .bond = i
									   });
}

/* Cluster b becomes part of a (a < b): its bonds with others become a's. */
static bool
contract(Work *w, int32_t a, int32_t b)
{
	const Shared *shared = w->shared;
	int32_t		i,
				swap,
				new_list = -1;
	double		size = (double) shared->size[a] + shared->size[b];
	CdpEvidence sum;

	for (i = shared->bonds[b]; i >= 0; i = next_bond(w, i, b))
		if (!w->bond[i].dead)
			shared->mark[w->bond[i].a == b ? w->bond[i].b : w->bond[i].a] = i;
	for (i = shared->bonds[a]; i >= 0;)
	{
		int32_t		following = next_bond(w, i, a);
		Bond	   *bond = &w->bond[i];
		int32_t		c = bond->a == a ? bond->b : bond->a;

		if (!bond->dead && c != b)
		{
			Bond	   *other = shared->mark[c] >= 0 ? &w->bond[shared->mark[c]] : NULL;

			if (bond->weight == -INFINITY || (other && other->weight == -INFINITY))
				bond->weight = -INFINITY;
			else
			{
				memset(&sum, 0, sizeof(sum));
				add_known(w, bond, a, c, &sum);
				add_known(w, other, b, c, &sum);
				if (!weigh_bond(w, bond, &sum, size * shared->size[c]))
					return false;
			}
			if (other)
			{
				kill_bond(other);
				shared->mark[c] = -1;
			}
			if (bond->a == a)
				bond->next_a = new_list;
			else
				bond->next_b = new_list;
			new_list = i;
			if (!offer(w, i))
				return false;
		}
		else
			kill_bond(bond);
		i = following;
	}
	shared->bonds[a] = new_list;
	/* b's neighbours that a did not know */
	for (i = shared->bonds[b]; i >= 0;)
	{
		int32_t		following = next_bond(w, i, b);
		int32_t		c = w->bond[i].a == b ? w->bond[i].b : w->bond[i].a;

		if (!w->bond[i].dead && c != a)
		{
			bool		never = w->bond[i].weight == -INFINITY;
			int32_t		fresh;

			shared->mark[c] = -1;
			memset(&sum, 0, sizeof(sum));
			if (!never)
			{
				add_known(w, NULL, a, c, &sum);
				add_known(w, &w->bond[i], b, c, &sum);
			}
			kill_bond(&w->bond[i]);
			fresh = add_bond(w, a, c);
			if (fresh < 0)
				return false;
			if (never)
				w->bond[fresh].weight = -INFINITY;
			else if (!weigh_bond(w, &w->bond[fresh], &sum, size * shared->size[c]))
				return false;
			if (!offer(w, fresh))
				return false;
		}
		i = following;
	}
	shared->mark[a] = shared->mark[b] = -1;
	/* one ring of two */
	swap = shared->next[a];
	shared->next[a] = shared->next[b];
	shared->next[b] = swap;
	shared->size[a] += shared->size[b];
	shared->size[b] = 0;
	return true;
}

/* ---------------------------------------------------------------- rivals */

static inline double
odds(double weight)
{
	return exp2(fmin(weight, MOST_BITS));
}

/*
 * Odds of the rivals that y has for x, beside those that nobody is x's person; no more are
 * counted than enough. Of x, y and a rival c either all are one person, two are, or none:
 * where o are the odds of two of them, and o_c those of c and the two as one, y is x's by
 * (o_xy + o_xy o_c) / (1 + o_xc + o_yc). Were o_c the product of the others, what the
 * three have in common would count three times. Who would join y is none, and whom both
 * have counts on the side where it is more likely.
 */
static double
rivals_of(const Work *w, int32_t x, int32_t y, double enough)
{
	const Shared *shared = w->shared;
	double		sum = 0;

	for (int32_t i = shared->bonds[y]; i >= 0; i = next_bond(w, i, y))
		if (!w->bond[i].dead)
			shared->mark[w->bond[i].a == y ? w->bond[i].b : w->bond[i].a] = i;
	for (int32_t i = shared->bonds[x]; i >= 0 && sum < enough; i = next_bond(w, i, x))
	{
		const Bond *bond = &w->bond[i];
		int32_t		c = bond->a == x ? bond->b : bond->a;
		const Bond *other = shared->mark[c] >= 0 ? &w->bond[shared->mark[c]] : NULL;
		CdpEvidence evidence;
		double		between;

		if (bond->dead || c == y || !(bond->weight > 0) || (other && other->weight > CDP_JOIN_ABOVE))
			continue;
		memset(&evidence, 0, sizeof(evidence));
		if (other == NULL || other->weight != -INFINITY)
			add_known(w, other, y, c, &evidence);
		between = other ? other->weight : shared->given->weigh(shared->given->state, &evidence);
		if (between > CDP_JOIN_ABOVE || between > bond->weight || (between == bond->weight && x > y))
			continue;
		if (between == -INFINITY)
			sum += odds(bond->weight);
		else
		{
			add_known(w, bond, x, c, &evidence);
			sum += fmax(0, (1 + odds(bond->weight) + odds(between)) / (1 + odds(shared->given->weigh(shared->given->state, &evidence))) - 1);
		}
	}
	for (int32_t i = shared->bonds[y]; i >= 0; i = next_bond(w, i, y))
		shared->mark[w->bond[i].a == y ? w->bond[i].b : w->bond[i].a] = -1;
	return sum;
}

/* What a bond weighs beside the rivals of its two clusters; where that is not above CDP_JOIN_ABOVE, perhaps more. */
static double
beside_rivals(const Work *w, const Bond *bond)
{
	double		enough = odds(bond->weight - CDP_JOIN_ABOVE) - 1;
	double		left = bond->weight;

	for (int side = 0; side < 2; side++)
	{
		if (left > CDP_JOIN_ABOVE)
			left -= log2(1 + rivals_of(w, side ? bond->b : bond->a, side ? bond->a : bond->b, enough));
	}
	return left;
}

/* Those that were held back are to be asked again; false: out of memory. */
static bool
offer_again(Work *w)
{
	for (int32_t i = 0; i < w->n_bonds; i++)
		if (w->bond[i].held && !w->bond[i].dead)
		{
			w->bond[i].held = false;
			if (!offer(w, i))
				return false;
		}
	return true;
}

/* ---------------------------------------------------------------- */

static int
compare_edge(const void *x, const void *y)
{
	const CdpEdge *a = x,
			   *b = y;

	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return a->b < b->b ? -1 : a->b > b->b;
}

/* The bonds of a component, from its edges in canonical order. */
static bool
first_bonds(Work *w, const CdpEdge *edge, int64_t n)
{
	const Shared *shared = w->shared;

	w->n_bonds = 0;
	w->n_heap = 0;
	for (int64_t i = 0; i < n; i++)
	{
		Bond	   *bond;
		int32_t		a = edge[i].a,
					b = edge[i].b;

		if (i > 0 && compare_edge(&edge[i - 1], &edge[i]) == 0)
			continue;
		if (add_bond(w, a, b) < 0)
			return false;
		bond = &w->bond[w->n_bonds - 1];
		bond->weight = edge[i].weight;
		if (shared->size[a] > 1 || shared->size[b] > 1)
		{
			CdpEvidence sum;

			memset(&sum, 0, sizeof(sum));
			compare_clusters(w, a, b, &sum);
			if (!weigh_bond(w, bond, &sum, (double) shared->size[a] * shared->size[b]))
				return false;
		}
	}
	for (int32_t i = 0; i < w->n_bonds; i++)
		if (!offer(w, i))
			return false;
	return true;
}

/* ---------------------------------------------------------------- components */

/* Joins what is to be joined in a component; crew: to be asked on the way, or NULL. */
static bool
do_component(Work *w, int64_t component, CdpCrew *crew)
{
	const CdpAgglomeration *given = w->shared->given;
	CdpEdge    *edge = w->shared->edge + w->shared->start[component];
	int64_t		n = w->shared->start[component + 1] - w->shared->start[component];
	int64_t		steps = 0;
	int			rounds = 0;
	bool		joined = false;
	bool		fine;

	/* scored pairs come in order */
	for (int64_t i = 1; i < n; i++)
		if (compare_edge(&edge[i - 1], &edge[i]) > 0)
		{
			qsort(edge, n, sizeof(CdpEdge), compare_edge);
			break;
		}
	fine = first_bonds(w, edge, n);
	while (fine)
	{
		Candidate	c;
		Bond	   *bond;
		double		left;

		if (w->n_heap == 0 && joined && ++rounds < MAX_ROUNDS)
		{
			joined = false;
			fine = offer_again(w);
		}
		if (!fine || w->n_heap == 0)
			break;
		c = pop(w);
		bond = &w->bond[c.bond];

		if (crew && ++steps % 1024 == 0)
			fine = cdp_crew_pause(crew);
		/* an offer from before one of the two changed */
		if (bond->dead || c.weight != bond->weight)
			continue;
		left = beside_rivals(w, bond);
		if (!(left > CDP_JOIN_ABOVE))
			bond->held = true;
		else if (given->join && !given->join(given->state, c.a, c.b, left))
			/* what is forbidden stays forbidden: clusters only grow */
			bond->weight = -INFINITY;
		else
		{
			joined = true;
			fine = fine && contract(w, c.a, c.b);
		}
	}
	for (int32_t i = 0; i < w->n_bonds; i++)
		free(w->bond[i].known);
	return fine;
}

static bool
do_components(void *state, int thread, int64_t chunk)
{
	const Shared *shared = state;
	int64_t		end = (chunk + 1) * CHUNK < shared->n_components ? (chunk + 1) * CHUNK : shared->n_components;
	bool		fine = true;

	for (int64_t i = chunk * CHUNK; fine && i < end; i++)
		if (shared->start[i + 1] - shared->start[i] <= LARGE)
			fine = do_component(&shared->work[thread], i, NULL);
	return fine;
}

/* Puts the edges of clusters into the order of their components. */
static bool
sort_edges(Shared *shared, const CdpEdge *edge, int64_t n_edges)
{
	const CdpAgglomeration *given = shared->given;
	size_t		n = given->n ? given->n : 1;
	int32_t    *parent = malloc(n * sizeof(int32_t));
	int64_t    *count = calloc(n, sizeof(int64_t));	/* by root: edges, then where the next one goes */
	int64_t		kept = 0;

	if (parent == NULL || count == NULL)
	{
		free(parent);
		free(count);
		return false;
	}
	for (int32_t i = 0; i < given->n; i++)
		parent[i] = i;
	for (int64_t i = 0; i < n_edges; i++)
		if (edge[i].weight > 0)
		{
			int32_t		a = cdp_cluster_root(parent, given->cluster[edge[i].a]),
						b = cdp_cluster_root(parent, given->cluster[edge[i].b]);

			if (a != b)
				parent[a < b ? b : a] = a < b ? a : b;
		}
	for (int64_t i = 0; i < n_edges; i++)
		if (edge[i].weight > 0 && given->cluster[edge[i].a] != given->cluster[edge[i].b])
			count[cdp_cluster_root(parent, given->cluster[edge[i].a])]++;
	for (int32_t i = 0; i < given->n; i++)
		shared->n_components += count[i] > 0;
	shared->start = malloc((shared->n_components + 1) * sizeof(int64_t));
	if (shared->start)
	{
		int64_t		component = 0;

		for (int32_t i = 0; i < given->n; i++)
			if (count[i] > 0)
			{
				int64_t		edges = count[i];

				shared->start[component++] = count[i] = kept;
				kept += edges;
			}
		shared->start[component] = kept;
		shared->edge = malloc((kept ? kept : 1) * sizeof(CdpEdge));
	}
	for (int64_t i = 0; shared->edge && i < n_edges; i++)
	{
		int32_t		a = given->cluster[edge[i].a],
					b = given->cluster[edge[i].b];

		if (a != b && edge[i].weight > 0)
			shared->edge[count[cdp_cluster_root(parent, a)]++] = (CdpEdge)
		{
			.a = a < b ? a : b, .b = a < b ? b : a, .weight = edge[i].weight
		};
	}
	free(parent);
	free(count);
	return shared->edge != NULL;
}

bool
cdp_agglomerate(CdpAgglomeration *given, const CdpEdge *edge, int64_t n_edges)
{
	Shared		shared = {.given = given};
	size_t		n = given->n ? given->n : 1;
	int			threads = cdp_crew_threads(given->crew);
	bool		fine;

	shared.next = malloc(n * sizeof(int32_t));
	shared.size = calloc(n, sizeof(int32_t));
	shared.bonds = malloc(n * sizeof(int32_t));
	shared.mark = malloc(n * sizeof(int32_t));
	shared.work = calloc(threads, sizeof(Work));
	fine = shared.next && shared.size && shared.bonds && shared.mark && shared.work && sort_edges(&shared, edge, n_edges);
	if (fine)
	{
		memset(shared.bonds, -1, n * sizeof(int32_t));
		memset(shared.mark, -1, n * sizeof(int32_t));
		for (int32_t i = 0; i < given->n; i++)
		{
			int32_t		first = given->cluster[i];

			shared.size[first]++;
			if (first == i)
				shared.next[i] = i;
			else
			{
				shared.next[i] = shared.next[first];
				shared.next[first] = i;
			}
		}
		for (int i = 0; i < threads; i++)
			shared.work[i] = (Work)
		{
			.shared = &shared, .thread = i
		};
		for (int64_t i = 0; fine && i < shared.n_components; i++)
			if (shared.start[i + 1] - shared.start[i] > LARGE)
				fine = do_component(&shared.work[0], i, given->crew);
		fine = fine && cdp_crew_run(given->crew, (shared.n_components + CHUNK - 1) / CHUNK, do_components, &shared);
	}
	for (int32_t i = 0; fine && i < given->n; i++)
		if (shared.size[i] > 0)
			for (int32_t x = shared.next[i]; x != i; x = shared.next[x])
				given->cluster[x] = i;
	for (int i = 0; shared.work && i < threads; i++)
	{
		free(shared.work[i].bond);
		free(shared.work[i].heap);
	}
	free(shared.next);
	free(shared.size);
	free(shared.bonds);
	free(shared.mark);
	free(shared.work);
	free(shared.edge);
	free(shared.start);
	return fine;
}
