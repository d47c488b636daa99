/*
 * agglomerate.c
 *	  Agglomeration against a slow and obvious computation of the same definition.
 *
 * Usage: agglomerate [rounds [seed]]. Each round makes a random graph with clusters to
 * begin with and constraints, and joins them by cdp_agglomerate and by a search through
 * all pairs of clusters: the calls of join, their order in each component and their
 * weights, and the clusters at the end must be the same. Then graphs without constraints
 * are put together into one, for several threads. Weights are multiples of 1/8, so that
 * sums are exact in any order. Leaves with status 1 at the first difference.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/agglomerate.h"
#include "draw.h"

#define MAX_RECORDS 32			/* no cluster is so large that it is sampled */
#define MAX_CALLS (MAX_RECORDS * MAX_RECORDS)
#define WORLDS 300				/* put together */

typedef struct Call
{
	int32_t		a,
				b;
	double		left;			/* of their weight, by rivals */
	bool		joined;
} Call;

typedef struct World
{
	int			n;
	double		weight[MAX_RECORDS][MAX_RECORDS];
	bool		edge[MAX_RECORDS][MAX_RECORDS];
	bool		enemies[MAX_RECORDS][MAX_RECORDS];
	int			holds[MAX_RECORDS];	/* a limited value, 0 for none: two of them never meet */
	int32_t		first[MAX_RECORDS]; /* the clusters to begin with */
	/* what is done */
	int32_t		cluster[MAX_RECORDS];
	Call		call[MAX_CALLS];
	int			n_calls;
} World;

static bool
allowed(const World *w, int32_t a, int32_t b)
{
	for (int x = 0; x < w->n; x++)
		for (int y = 0; y < w->n; y++)
			if (w->cluster[x] == a && w->cluster[y] == b &&
				(w->enemies[x][y] || (w->holds[x] && w->holds[y] && w->holds[x] != w->holds[y])))
				return false;
	return true;
}

static bool
join(void *arg, int32_t a, int32_t b, double left)
{
	World	   *w = arg;
	bool		joined = allowed(w, a, b);

	if (w->n_calls < MAX_CALLS)
		w->call[w->n_calls++] = (Call)
	{
		a, b, left, joined
	};
	for (int x = 0; joined && x < w->n; x++)
		if (w->cluster[x] == b)
			w->cluster[x] = a;
	return joined;
}

static void
compare(void *arg, int thread, int32_t a, int32_t b, CdpEvidence *sum)
{
	const World *w = (const World *) arg + a / MAX_RECORDS;

	b -= a - a % MAX_RECORDS;
	a %= MAX_RECORDS;

	if (a >= b)
	{
		printf("differs: a weight of %d and %d is asked for\n", a, b);
		exit(1);
	}
	sum->term[0].pairs++;
	sum->term[0].bits[0] += w->weight[a][b];
}

static double
weigh(void *arg, const CdpEvidence *sum)
{
	return sum->term[0].bits[0] / sum->term[0].pairs;
}

/* How the pairs of records of two clusters weigh. */
typedef struct Pairs
{
	double		sum;
	int			n;
	bool		adjacent,		/* an edge lets them be joined, */
				never;			/* a constraint does not */
} Pairs;

static Pairs
pairs_of(const World *w, bool (*refused)[MAX_RECORDS], int a, int b)
{
	Pairs		p = {0};

	for (int x = 0; x < w->n; x++)
		for (int y = 0; y < w->n; y++)
			if (w->cluster[x] == a && w->cluster[y] == b)
			{
				p.sum += w->weight[x][y];
				p.n++;
				p.adjacent |= w->edge[x][y];
				p.never |= refused[x][y];
			}
	return p;
}

static double
mean_of(const Pairs *p)
{
	return p->adjacent && p->never ? -INFINITY : p->sum / p->n;
}

/* log2 of what the odds of two clusters are divided by for all that b's rivals are to a, and a's to b. */
static double
rivalry(const World *w, bool (*refused)[MAX_RECORDS], int a, int b)
{
	double		bits = 0;

	for (int side = 0; side < 2; side++)
	{
		double		odds = 1;

		for (int c = 0; c < w->n; c++)
		{
			Pairs		own,
						other;
			double		whole;

			if (w->cluster[c] != c || c == a || c == b)
				continue;
			own = pairs_of(w, refused, side ? b : a, c);
			other = pairs_of(w, refused, side ? a : b, c);
			if (!own.adjacent || mean_of(&own) <= 0 || mean_of(&other) > CDP_JOIN_ABOVE ||
				mean_of(&other) > mean_of(&own) || (mean_of(&other) == mean_of(&own) && side))
				continue;
			whole = mean_of(&other) == -INFINITY ? -INFINITY : (own.sum + other.sum) / (own.n + other.n);
			odds += fmax(0, (1 + exp2(mean_of(&own)) + exp2(mean_of(&other))) / (1 + exp2(whole)) - 1);
		}
		bits += log2(odds);
	}
	return bits;
}

/* Joins the best of all pairs of clusters that rivals leave enough, again and again. */
static void
by_definition(World *w)
{
	bool		refused[MAX_RECORDS][MAX_RECORDS] = {{false}};
	bool		held[MAX_RECORDS][MAX_RECORDS] = {{false}};
	bool		joined = false;
	int			rounds = 1;

	for (;;)
	{
		double		best = CDP_JOIN_ABOVE;
		double		left;
		int			best_a = -1,
					best_b = -1;

		for (int a = 0; a < w->n; a++)
			for (int b = a + 1; b < w->n; b++)
			{
				Pairs		p;

				if (w->cluster[a] != a || w->cluster[b] != b || held[a][b])
					continue;
				p = pairs_of(w, refused, a, b);
				if (p.adjacent && mean_of(&p) > best)
				{
					best = mean_of(&p);
					best_a = a;
					best_b = b;
				}
			}
		if (best_a < 0)
		{
			if (!joined || rounds++ == 8)
				return;
			joined = false;
			memset(held, 0, sizeof(held));
		}
		else if ((left = best - rivalry(w, refused, best_a, best_b)) <= CDP_JOIN_ABOVE)
			held[best_a][best_b] = true;
		else if (join(w, best_a, best_b, left))
		{
			joined = true;
			for (int x = 0; x < w->n; x++)
				held[best_a][x] = held[x][best_a] = false;
		}
		else
			refused[best_a][best_b] = refused[best_b][best_a] = true;
	}
}

/* Puts the calls into the order of their components, known by their first clusters. */
static void
by_component(World *w)
{
	int32_t		component[MAX_RECORDS];
	bool		again = true;

	memcpy(component, w->first, sizeof(component));
	while (again)
	{
		again = false;
		for (int a = 0; a < w->n; a++)
			for (int b = 0; b < w->n; b++)
				if ((w->edge[a][b] || w->first[a] == w->first[b]) && component[a] < component[b])
				{
					component[b] = component[a];
					again = true;
				}
	}
	for (int i = 1; i < w->n_calls; i++)
	{
		Call		call = w->call[i];
		int			at = i;

		for (; at > 0 && component[w->call[at - 1].a] > component[call.a]; at--)
			w->call[at] = w->call[at - 1];
		w->call[at] = call;
	}
}

/* The edges of a world, in any order, at times twice, with some that are not above 0. */
static int
add_edges(const World *w, int32_t offset, CdpEdge *edge)
{
	int			n = 0;

	for (int a = 0; a < w->n; a++)
		for (int b = a + 1; b < w->n; b++)
			for (int i = w->edge[a][b] ? 1 + !draw(8) : !draw(20) && w->weight[a][b] <= 0; i > 0; i--)
			{
				int			at = draw(n + 1);

				edge[n++] = edge[at];
				edge[at] = (CdpEdge)
				{
					.a = offset + a, .b = offset + b, .weight = w->weight[a][b]
				};
			}
	return n;
}

/* Without constraints, several threads at once; false: they differ. */
static bool
same_in_threads(World *world, int n)
{
	static CdpEdge edge[WORLDS * 2 * MAX_CALLS];
	static int32_t cluster[WORLDS * MAX_RECORDS];
	CdpCrew		crew = {.threads = 3};
	CdpAgglomeration work = {.n = n * MAX_RECORDS, .cluster = cluster, .comparisons = 1, .compare = compare, .weigh = weigh,
	.state = world, .crew = &crew};
	int64_t		n_edges = 0;

	for (int i = 0; i < n; i++)
	{
		for (int a = 0; a < MAX_RECORDS; a++)
			cluster[i * MAX_RECORDS + a] = i * MAX_RECORDS + (a < world[i].n ? world[i].first[a] : a);
		n_edges += add_edges(&world[i], i * MAX_RECORDS, edge + n_edges);
	}
	if (!cdp_agglomerate(&work, edge, n_edges))
		return false;
	for (int i = 0; i < n; i++)
		for (int a = 0; a < world[i].n; a++)
			if (cluster[i * MAX_RECORDS + a] != i * MAX_RECORDS + world[i].cluster[a])
				return false;
	return true;
}

static void
make_world(World *w)
{
	int			density = 1 + draw(8),
				spread = 1 + draw(64);
	int			enemies = draw(4) * draw(8),
				values = draw(3) ? 0 : 6;

	memset(w, 0, sizeof(*w));
	w->n = 2 + draw(MAX_RECORDS - 1);
	for (int a = 0; a < w->n; a++)
	{
		w->first[a] = draw(4) || a == 0 ? a : w->first[draw(a)];
		w->holds[a] = values && draw(3) == 0 ? 1 + draw(values) : 0;
		for (int b = 0; b < a; b++)
		{
			/* few different weights make ties */
			double		weight = (draw(2 * spread) - spread) / (draw(2) ? 8.0 : 1.0) - draw(3) * draw(10);

			w->weight[a][b] = w->weight[b][a] = weight;
			/* blocking does not find all that speak for one person */
			w->edge[a][b] = w->edge[b][a] = weight > 0 && draw(8) < density;
		}
	}
	for (int i = 0; i < enemies; i++)
	{
		int			a = draw(w->n),
					b = draw(w->n);

		if (w->first[a] != w->first[b])
			w->enemies[a][b] = w->enemies[b][a] = true;
	}
	memcpy(w->cluster, w->first, sizeof(w->cluster));
}

int
main(int argc, char **argv)
{
	int			rounds = argc > 1 ? atoi(argv[1]) : 2000;
	uint64_t	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	int64_t		joins = 0,
				refusals = 0,
				several = 0;
	static World together[WORLDS];
	int			n_together = 0;

	for (int round = 0; round < rounds; round++)
	{
		static World fast,
					slow;
		CdpEdge		edge[2 * MAX_CALLS];
		int			n_edges;
		int32_t		cluster[MAX_RECORDS];
		CdpAgglomeration work = {.cluster = cluster, .comparisons = 1, .compare = compare, .weigh = weigh, .join = join, .state = &fast};

		state = seed + round;
		make_world(&fast);
		slow = fast;
		work.n = fast.n;
		memcpy(cluster, fast.first, sizeof(cluster));
		n_edges = add_edges(&fast, 0, edge);
		if (!cdp_agglomerate(&work, edge, n_edges))
			return 1;
		by_definition(&slow);
		by_component(&slow);
		if (fast.n_calls != slow.n_calls || memcmp(cluster, slow.cluster, fast.n * sizeof(int32_t)) != 0)
		{
			printf("differs: seed %llu, other clusters\n", (unsigned long long) (seed + round));
			return 1;
		}
		for (int i = 0; i < fast.n_calls; i++)
		{
			const Call *x = &fast.call[i],
					   *y = &slow.call[i];

			if (x->a != y->a || x->b != y->b || fabs(x->left - y->left) > 1e-9 || x->joined != y->joined)
			{
				printf("differs: seed %llu, step %d joins %d and %d at %g, not %d and %d at %g\n", (unsigned long long) (seed + round),
					   i, x->a, x->b, x->left, y->a, y->b, y->left);
				return 1;
			}
			joins += x->joined;
			refusals += !x->joined;
		}
		several += fast.n_calls > 3;
		/* refusals came of constraints */
		for (int i = 0; i < slow.n_calls && slow.call[i].joined; i++)
			if (i == slow.n_calls - 1)
				together[n_together++] = slow;
		if (n_together == WORLDS || round == rounds - 1)
		{
			if (!same_in_threads(together, n_together))
			{
				printf("differs: up to seed %llu, several threads\n", (unsigned long long) (seed + round));
				return 1;
			}
			n_together = 0;
		}
	}
	printf("agglomeration: seeds %llu to %llu, %lld joins, %lld refused\n", (unsigned long long) seed, (unsigned long long) (seed + rounds - 1),
		   (long long) joins, (long long) refusals);
	return joins > rounds && refusals > rounds / 10 && several > rounds / 4 ? 0 : 1;
}
