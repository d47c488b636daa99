/*
 * agglomerate.c
 *	  Greedy agglomeration: the two clusters that most surely are one person join first.
 *
 * Bare connected components chain hundreds of people together over single wrong pairs.
 * Here two clusters join when, compared as wholes, they are twice as probably one person
 * as two: to mix two people's data is worse than to miss that they are one. The pair of
 * clusters with the greatest weight joins first, ties in canonical order (records are
 * numbered by source and source key); what joins is compared anew as a whole, until no
 * weight is above CDP_JOIN_ABOVE. A mean of the weights of pairs of records would not do: a
 * record with a mailbox and nothing else would hold off a cluster as if it spoke against it.
 *
 * Only clusters that an edge touches are candidates, and how A u B agrees with C is how A
 * does and how B does, added up. For small clusters that is found out anew, for others it
 * is kept, so the work is near linear: edges, times the logarithm of their number for the
 * heap, plus the pairs of records of adjacent clusters. Clusters of more than MAX_SAMPLE
 * records stand by so many of their records.
 *
 * Bansal, Blum and Chawla, "Correlation Clustering" (2004); greedy additive edge
 * contraction: Keuper et al. (2015).
 */
#include "match/agglomerate.h"

#include <stdlib.h>

#define MAX_SAMPLE 32
#define KEEP_PAIRS 6			/* of records: how two clusters of so many agree is kept */

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
} Bond;

typedef struct Candidate
{
	double		weight;
	int32_t		a,
				b;
	int32_t		bond;
} Candidate;

typedef struct Work
{
	CdpAgglomeration *given;
	int32_t    *next;			/* the members of a cluster are a ring */
	int32_t    *size;			/* by first record */
	int32_t    *bonds;			/* by first record: its list of bonds, -1 ends */
	int32_t    *mark;			/* by first record: scratch, the bond with it */
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
compare_clusters(Work *w, int32_t a, int32_t b, CdpEvidence *sum)
{
	int32_t		x = a;
	int32_t		n_a = w->size[a] < MAX_SAMPLE ? w->size[a] : MAX_SAMPLE;
	int32_t		n_b = w->size[b] < MAX_SAMPLE ? w->size[b] : MAX_SAMPLE;

	for (int32_t i = 0; i < n_a; i++, x = w->next[x])
	{
		int32_t		y = b;

		for (int32_t j = 0; j < n_b; j++, y = w->next[y])
			w->given->compare(w->given->state, x < y ? x : y, x < y ? y : x, sum);
	}
	w->given->scored += (int64_t) n_a * n_b;
}

/* Adds what a bond knows of its clusters a and b, or compares them; NULL: no bond. */
static void
add_known(Work *w, const Bond *bond, int32_t a, int32_t b, CdpEvidence *sum)
{
	if (bond && bond->known)
		for (int c = 0; c < w->given->comparisons; c++)
			cdp_evidence_add(&sum->term[c], &bond->known[c]);
	else
		compare_clusters(w, a, b, sum);
}

/* Weighs a bond of clusters with so many pairs of records; what is dear to compare again is kept. False: out of memory. */
static bool
weigh_bond(Work *w, Bond *bond, const CdpEvidence *sum, double pairs)
{
	size_t		size = w->given->comparisons * sizeof(CdpEvidenceTerm);

	bond->weight = w->given->weigh(w->given->state, sum);
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
	bond->next_a = w->bonds[bond->a];
	bond->next_b = w->bonds[bond->b];
	w->bonds[bond->a] = w->bonds[bond->b] = w->n_bonds;
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
	int32_t		i,
				swap,
				new_list = -1;
	double		size = (double) w->size[a] + w->size[b];
	CdpEvidence sum;

	for (i = w->bonds[b]; i >= 0; i = next_bond(w, i, b))
		if (!w->bond[i].dead)
			w->mark[w->bond[i].a == b ? w->bond[i].b : w->bond[i].a] = i;
	for (i = w->bonds[a]; i >= 0;)
	{
		int32_t		following = next_bond(w, i, a);
		Bond	   *bond = &w->bond[i];
		int32_t		c = bond->a == a ? bond->b : bond->a;

		if (!bond->dead && c != b)
		{
			Bond	   *other = w->mark[c] >= 0 ? &w->bond[w->mark[c]] : NULL;

			if (bond->weight == -INFINITY || (other && other->weight == -INFINITY))
				bond->weight = -INFINITY;
			else
			{
				memset(&sum, 0, sizeof(sum));
				add_known(w, bond, a, c, &sum);
				add_known(w, other, b, c, &sum);
				if (!weigh_bond(w, bond, &sum, size * w->size[c]))
					return false;
			}
			if (other)
			{
				kill_bond(other);
				w->mark[c] = -1;
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
	w->bonds[a] = new_list;
	/* b's neighbours that a did not know */
	for (i = w->bonds[b]; i >= 0;)
	{
		int32_t		following = next_bond(w, i, b);
		int32_t		c = w->bond[i].a == b ? w->bond[i].b : w->bond[i].a;

		if (!w->bond[i].dead && c != a)
		{
			bool		never = w->bond[i].weight == -INFINITY;
			int32_t		fresh;

			w->mark[c] = -1;
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
			else if (!weigh_bond(w, &w->bond[fresh], &sum, size * w->size[c]))
				return false;
			if (!offer(w, fresh))
				return false;
		}
		i = following;
	}
	w->mark[a] = w->mark[b] = -1;
	/* one ring of two */
	swap = w->next[a];
	w->next[a] = w->next[b];
	w->next[b] = swap;
	w->size[a] += w->size[b];
	w->size[b] = 0;
	return true;
}

/* ---------------------------------------------------------------- */

static int
compare_bond(const void *x, const void *y)
{
	const Bond *a = x,
			   *b = y;

	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return a->b < b->b ? -1 : a->b > b->b;
}

static bool
first_bonds(Work *w, const CdpEdge *edge, int64_t n_edges)
{
	int64_t		n = 0;

	if (n_edges == 0)
		return true;
	if (n_edges > INT32_MAX || (w->bond = malloc(n_edges * sizeof(Bond))) == NULL)
		return false;
	w->a_bonds = n_edges;
	for (int64_t i = 0; i < n_edges; i++)
	{
		int32_t		a = w->given->cluster[edge[i].a],
					b = w->given->cluster[edge[i].b];

		if (a != b && edge[i].weight > 0)
			w->bond[n++] = (Bond)
		{
			.a = a < b ? a : b, .b = a < b ? b : a, .weight = edge[i].weight
		};
	}
	qsort(w->bond, n, sizeof(Bond), compare_bond);
	for (int64_t i = 0; i < n; i++)
	{
		Bond	   *bond = &w->bond[w->n_bonds];

		if (i > 0 && compare_bond(&w->bond[i], &w->bond[w->n_bonds - 1]) == 0)
			continue;
		*bond = w->bond[i];
		if (w->size[bond->a] > 1 || w->size[bond->b] > 1)
		{
			CdpEvidence sum;

			memset(&sum, 0, sizeof(sum));
			compare_clusters(w, bond->a, bond->b, &sum);
			if (!weigh_bond(w, bond, &sum, (double) w->size[bond->a] * w->size[bond->b]))
				return false;
		}
		bond->next_a = w->bonds[bond->a];
		bond->next_b = w->bonds[bond->b];
		w->bonds[bond->a] = w->bonds[bond->b] = w->n_bonds++;
		if (w->given->poll && i % 1024 == 0)
			w->given->poll();
	}
	for (int32_t i = 0; i < w->n_bonds; i++)
		if (!offer(w, i))
			return false;
	return true;
}

bool
cdp_agglomerate(CdpAgglomeration *given, const CdpEdge *edge, int64_t n_edges)
{
	Work		w = {.given = given};
	size_t		n = given->n ? given->n : 1;
	bool		fine = false;
	int64_t		steps = 0;

	given->scored = 0;
	w.next = malloc(n * sizeof(int32_t));
	w.size = calloc(n, sizeof(int32_t));
	w.bonds = malloc(n * sizeof(int32_t));
	w.mark = malloc(n * sizeof(int32_t));
	if (!w.next || !w.size || !w.bonds || !w.mark)
		goto done;
	memset(w.bonds, -1, n * sizeof(int32_t));
	memset(w.mark, -1, n * sizeof(int32_t));
	for (int32_t i = 0; i < given->n; i++)
	{
		int32_t		first = given->cluster[i];

		w.size[first]++;
		if (first == i)
			w.next[i] = i;
		else
		{
			w.next[i] = w.next[first];
			w.next[first] = i;
		}
	}
	if (!first_bonds(&w, edge, n_edges))
		goto done;
	while (w.n_heap > 0)
	{
		Candidate	c = pop(&w);
		const Bond *bond = &w.bond[c.bond];

		if (given->poll && ++steps % 1024 == 0)
			given->poll();
		/* an offer from before one of the two changed */
		if (bond->dead || c.weight != bond->weight)
			continue;
		if (given->join && !given->join(given->state, c.a, c.b, c.weight))
		{
			/* what is forbidden stays forbidden: clusters only grow */
			w.bond[c.bond].weight = -INFINITY;
			continue;
		}
		if (!contract(&w, c.a, c.b))
			goto done;
	}
	for (int32_t i = 0; i < given->n; i++)
		if (w.size[i] > 0)
			for (int32_t x = w.next[i]; x != i; x = w.next[x])
				given->cluster[x] = i;
	fine = true;
done:
	free(w.next);
	free(w.size);
	free(w.bonds);
	free(w.mark);
	for (int32_t i = 0; i < w.n_bonds; i++)
		free(w.bond[i].known);
	free(w.bond);
	free(w.heap);
	return fine;
}
