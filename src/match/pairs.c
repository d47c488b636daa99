/*
 * pairs.c
 *	  Going through the pairs that blocking finds, each once.
 *
 * The blocks of as many rules as there are threads are made at a time, one rule a
 * thread; then their pairs are visited, in chunks of about equal numbers of pairs. A
 * pair belongs to the first rule that puts both records into one block, which the place
 * matrix tells (block.h): 4 bytes for each record and rule. It is what grows. Where
 * memory does not allow for all rules, they are taken in groups: then a pair is found
 * once a group, and the caller removes what it has already.
 *
 * The number and order of chunks and which thread does them decide nothing: the pairs
 * are the same set for any number of threads and, but for repetitions, any memory.
 */
#include "match/pairs.h"

#include <stdlib.h>

#define CHUNK_PAIRS 16384
#define AHEAD 6					/* records */

/* Where a chunk begins: a record of a block of a rule of the batch. */
typedef struct Chunk
{
	int32_t		rule;
	int64_t		block;
	int64_t		member;
} Chunk;

typedef struct Batch
{
	CdpPairs   *p;
	int			first;			/* rule */
	int			n;
	CdpBlocks	blocks[CDP_MAX_THREADS];
	Chunk	   *chunk;			/* one more than there are */
	int64_t		n_chunks,
				a_chunks;
	int64_t		begun;			/* chunks that are done */
} Batch;

static bool
add_chunk(Batch *batch, int32_t rule, int64_t block, int64_t member)
{
	if (batch->n_chunks == batch->a_chunks)
	{
		int64_t		more = batch->a_chunks ? batch->a_chunks * 2 : 1024;
		Chunk	   *p = realloc(batch->chunk, more * sizeof(Chunk));

		if (p == NULL)
			return false;
		batch->chunk = p;
		batch->a_chunks = more;
	}
	batch->chunk[batch->n_chunks++] = (Chunk)
	{
		.rule = rule, .block = block, .member = member
	};
	return true;
}

/* Leaves only the blocks with a changed record; the places of records stay as they are. */
static void
keep_changed(CdpBlocks *blocks, const uint8_t *changed)
{
	int64_t		n = 0,
				members = 0;

	for (int64_t i = 0; i < blocks->n; i++)
	{
		int64_t		from = blocks->start[i],
					size = blocks->start[i + 1] - from;
		bool		keep = false;

		for (int64_t x = from; x < from + size && !keep; x++)
			keep = changed[blocks->member[x]];
		if (!keep)
			continue;
		memmove(blocks->member + members, blocks->member + from, size * sizeof(int32_t));
		blocks->start[n++] = members;
		members += size;
	}
	blocks->start[n] = members;
	blocks->n = n;
}

static bool
make_blocks(void *state, int thread, int64_t i)
{
	Batch	   *batch = state;

	if (!cdp_block_rule(batch->p->blocker, batch->first + i, &batch->blocks[i]))
		return false;
	if (batch->p->changed)
		keep_changed(&batch->blocks[i], batch->p->changed);
	return true;
}

/* Divides the pairs of the batch; a chunk may begin inside of a large block. */
static bool
make_chunks(Batch *batch)
{
	batch->n_chunks = 0;
	for (int r = 0; r < batch->n; r++)
	{
		const CdpBlocks *blocks = &batch->blocks[r];
		int64_t		pairs = CHUNK_PAIRS;

		for (int64_t i = 0; i < blocks->n; i++)
			for (int64_t x = blocks->start[i]; x < blocks->start[i + 1]; x++)
			{
				if (pairs >= CHUNK_PAIRS)
				{
					if (!add_chunk(batch, r, i, x))
						return false;
					pairs = 0;
				}
				pairs += blocks->start[i + 1] - 1 - x;
			}
	}
	if (!add_chunk(batch, batch->n, 0, 0))
		return false;
	batch->n_chunks--;
	return true;
}

/* Asks for what will be needed of records some places on: blocks are mostly small. */
static inline void
fetch(const CdpPairs *p, const CdpBlocks *blocks, int64_t x)
{
	const CdpBlocker *b = p->blocker;
	int64_t		last = blocks->start[blocks->n];

	if (x + 3 * AHEAD >= last)
		return;
	__builtin_prefetch(b->place + (size_t) blocks->member[x + 3 * AHEAD] * b->n_group);
	if (p->compares)
	{
		cdp_store_fetch_codes(b->store, blocks->member[x + 3 * AHEAD]);
		cdp_store_fetch_values(b->store, blocks->member[x + 2 * AHEAD]);
		cdp_store_fetch_forms(b->store, blocks->member[x + AHEAD]);
	}
}

/* Thinning comes first: it looks at less memory than anything else. */
static inline bool
is_kept(const CdpPairs *p, int32_t a, int32_t b)
{
	uint64_t	pair = a < b ? (uint64_t) a << 32 | (uint32_t) b : (uint64_t) b << 32 | (uint32_t) a;

	return (cdp_mix(pair) >> 32) * p->thin >> 32 == 0;
}

/* Visits the pairs of a chunk. */
static bool
visit(void *state, int thread, int64_t c)
{
	Batch	   *batch = state;
	CdpPairs   *p = batch->p;
	const Chunk *from = &batch->chunk[batch->begun + c],
			   *to = from + 1;
	const CdpBlocks *blocks = &batch->blocks[from->rule];
	int			rule = batch->first + from->rule;
	int64_t		n_blocks = to->rule == from->rule ? to->block + 1 : blocks->n;
	int64_t		new_pairs = 0;

	for (int64_t i = from->block; i < n_blocks; i++)
	{
		int64_t		begin = i == from->block ? from->member : blocks->start[i];
		int64_t		stop = to->rule == from->rule && i == to->block ? to->member : blocks->start[i + 1];
		int64_t		end = blocks->start[i + 1];

		for (int64_t x = begin; x < stop; x++)
		{
			int32_t		a = blocks->member[x];
			bool		all = p->changed == NULL || p->changed[a];

			fetch(p, blocks, x);

			for (int64_t y = x + 1; y < end; y++)
			{
				int32_t		b = blocks->member[y];

				if (!all && !p->changed[b])
					continue;
				if (p->thin > 1 && !is_kept(p, a, b))
					continue;
				if (cdp_found_before(p->blocker, rule, a, b))
					continue;
				new_pairs++;
				if (p->pair && !(a < b ? p->pair(p->state, thread, rule, a, b) : p->pair(p->state, thread, rule, b, a)))
					return false;
			}
		}
	}
	__atomic_fetch_add(&p->blocker->rule[rule].new_pairs, new_pairs, __ATOMIC_RELAXED);
	__atomic_fetch_add(&p->done, new_pairs, __ATOMIC_RELAXED);
	return true;
}

/* Makes the blocks of some rules and visits their pairs. */
static bool
do_batch(Batch *batch, int first, int n)
{
	CdpPairs   *p = batch->p;
	int64_t		at_once = p->at_once > 0 ? p->at_once / CHUNK_PAIRS : INT64_MAX;
	bool		fine;

	if (at_once < 1)
		at_once = 1;
	batch->first = first;
	batch->n = n;
	memset(batch->blocks, 0, sizeof(batch->blocks));
	for (int r = 0; r < n; r++)
		p->blocker->rule[first + r].new_pairs = 0;
	fine = cdp_crew_run(p->crew, n, make_blocks, batch) && make_chunks(batch);
	for (batch->begun = 0; fine && batch->begun < batch->n_chunks;)
	{
		int64_t		some = batch->n_chunks - batch->begun < at_once ? batch->n_chunks - batch->begun : at_once;

		fine = cdp_crew_run(p->crew, some, visit, batch) && (p->some_done == NULL || p->some_done(p->state));
		batch->begun += some;
	}
	for (int r = 0; r < n; r++)
		cdp_blocks_free(&batch->blocks[r]);
	return fine;
}

/*
 * Visits every pair. False: out of memory, or the crew was stopped.
 */
bool
cdp_each_pair(CdpPairs *p)
{
	CdpBlocker *b = p->blocker;
	Batch		batch = {.p = p};
	int			n_rules = p->n_rules > 0 && p->n_rules < b->n_rules ? p->n_rules : b->n_rules;
	int			threads = cdp_crew_threads(p->crew);
	size_t		per_rule = (size_t) (b->store->n > 0 ? b->store->n : 1) * sizeof(uint32_t);
	int			group = n_rules;
	bool		fine = true;

	/* while its blocks are made a rule takes ten times what its places take */
	if (p->memory > 0)
	{
		size_t		rules = p->memory / per_rule;

		while (threads > 1 && rules < 10 * threads + n_rules)
			threads--;
		if (rules < 10 * threads + n_rules)
			group = rules > 10 * threads ? rules - 10 * threads : 1;
	}
	p->groups = 0;
	p->done = 0;
	for (int from = 0; fine && from < n_rules; from += group)
	{
		int			n = n_rules - from < group ? n_rules - from : group;

		p->groups++;
		if (!cdp_blocker_start(b, from, n))
			fine = false;
		for (int r = 0; fine && r < n; r += threads)
			fine = do_batch(&batch, from + r, n - r < threads ? n - r : threads);
		if (fine && p->group_done)
			fine = p->group_done(p->state);
	}
	free(batch.chunk);
	return fine;
}
