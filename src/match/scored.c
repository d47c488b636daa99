/*
 * scored.c
 *	  Scored pairs, sorted in bounded memory.
 *
 * Pairs are collected in memory; when that is full they are sorted and written to a
 * temporary file as a run. In the end the runs are merged. Equal pairs (found by two
 * groups of rules, with equal weights) become one. The order is that of the places of
 * the two records.
 *
 * Memory: the caller's context, which also ends everything when there is an error; the
 * file belongs to the current resource owner.
 */
#include "match/scored.h"

#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#define MIN_PAIRS 1024
#define READ_PAIRS 1024

typedef struct Run
{
	int			file;			/* where it goes on */
	off_t		offset;
	int64		left;			/* in the file */
	int			n,
				at;				/* in read */
	CdpScored  *read;
} Run;

struct CdpScoredSort
{
	CdpScored  *pair;
	int64		n,
				allocated,
				limit;
	BufFile    *file;
	Run		   *run;
	int			n_runs,
				a_runs;
};

static inline int
compare_scored(const CdpScored *x, const CdpScored *y)
{
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

#define ST_SORT sort_scored
#define ST_ELEMENT_TYPE CdpScored
#define ST_COMPARE(x, y) compare_scored(x, y)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

CdpScoredSort *
cdp_scored_begin(Size memory)
{
	CdpScoredSort *s = palloc0(sizeof(CdpScoredSort));

	s->limit = Max(memory / sizeof(CdpScored), MIN_PAIRS);
	return s;
}

/* Sorts what is in memory; equal pairs become one. */
static void
sort_memory(CdpScoredSort *s)
{
	int64		n = 0;

	if (s->n == 0)
		return;
	sort_scored(s->pair, s->n);
	for (int64 i = 0; i < s->n; i++)
		if (n == 0 || compare_scored(&s->pair[n - 1], &s->pair[i]) != 0)
			s->pair[n++] = s->pair[i];
	s->n = n;
}

static void
write_run(CdpScoredSort *s)
{
	Run		   *run;

	sort_memory(s);
	if (s->file == NULL)
		s->file = BufFileCreateTemp(false);
	if (s->n_runs == s->a_runs)
	{
		s->a_runs = s->a_runs ? s->a_runs * 2 : 16;
		s->run = s->run ? repalloc(s->run, s->a_runs * sizeof(Run)) : palloc(s->a_runs * sizeof(Run));
	}
	run = &s->run[s->n_runs++];
	memset(run, 0, sizeof(*run));
	run->left = s->n;
	BufFileTell(s->file, &run->file, &run->offset);
	for (int64 at = 0; at < s->n; at += READ_PAIRS)
	{
		CHECK_FOR_INTERRUPTS();
		BufFileWrite(s->file, s->pair + at, Min(READ_PAIRS, s->n - at) * sizeof(CdpScored));
	}
	s->n = 0;
}

void
cdp_scored_put(CdpScoredSort *s, const CdpScored *pairs, int64 n)
{
	while (n > 0)
	{
		int64		some;

		if (s->n == s->limit)
			write_run(s);
		if (s->n == s->allocated)
		{
			s->allocated = Min(s->limit, Max(MIN_PAIRS, s->allocated * 2));
			s->pair = s->pair ? repalloc_huge(s->pair, s->allocated * sizeof(CdpScored))
				: MemoryContextAllocHuge(CurrentMemoryContext, s->allocated * sizeof(CdpScored));
		}
		some = Min(n, s->allocated - s->n);
		memcpy(s->pair + s->n, pairs, some * sizeof(CdpScored));
		s->n += some;
		pairs += some;
		n -= some;
	}
}

/* Reads on; false at the end of the run. */
static bool
read_run(CdpScoredSort *s, Run *run)
{
	if (run->left == 0)
		return false;
	run->n = Min(READ_PAIRS, run->left);
	run->at = 0;
	if (BufFileSeek(s->file, run->file, run->offset, SEEK_SET) != 0)
		ereport(ERROR, errcode_for_file_access(), errmsg("could not seek in a temporary file of scored pairs"),
				errhint("Look at the server's disks."));
	cdp_buffile_read_exact(s->file, run->read, run->n * sizeof(CdpScored));
	BufFileTell(s->file, &run->file, &run->offset);
	run->left -= run->n;
	return true;
}

static int
compare_runs(Datum x, Datum y, void *arg)
{
	const Run  *p = (Run *) DatumGetPointer(x),
			   *q = (Run *) DatumGetPointer(y);

	/* the heap's first is its greatest */
	return -compare_scored(&p->read[p->at], &q->read[q->at]);
}

static void
merge_runs(CdpScoredSort *s, CdpScoredFn fn, void *state)
{
	binaryheap *heap = binaryheap_allocate(s->n_runs, compare_runs, NULL);
	CdpScored	last = {.a = -1};

	for (int i = 0; i < s->n_runs; i++)
	{
		s->run[i].read = palloc(READ_PAIRS * sizeof(CdpScored));
		if (read_run(s, &s->run[i]))
			binaryheap_add_unordered(heap, PointerGetDatum(&s->run[i]));
	}
	binaryheap_build(heap);
	while (!binaryheap_empty(heap))
	{
		Run		   *run = (Run *) DatumGetPointer(binaryheap_first(heap));

		if (compare_scored(&last, &run->read[run->at]) != 0)
		{
			last = run->read[run->at];
			fn(state, &last);
		}
		if (++run->at < run->n || read_run(s, run))
			binaryheap_replace_first(heap, PointerGetDatum(run));
		else
			binaryheap_remove_first(heap);
		CHECK_FOR_INTERRUPTS();
	}
	binaryheap_free(heap);
}

/* Gives fn each pair, in order, and forgets them all. */
void
cdp_scored_finish(CdpScoredSort *s, CdpScoredFn fn, void *state)
{
	if (s->n_runs == 0)
	{
		sort_memory(s);
		for (int64 i = 0; i < s->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			fn(state, &s->pair[i]);
		}
	}
	else
	{
		write_run(s);
		pfree(s->pair);
		s->pair = NULL;
		merge_runs(s, fn, state);
		BufFileClose(s->file);
		for (int i = 0; i < s->n_runs; i++)
			pfree(s->run[i].read);
		pfree(s->run);
	}
	if (s->pair)
		pfree(s->pair);
	pfree(s);
}
