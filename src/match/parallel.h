/*
 * parallel.h
 *	  Work in chunks, done by several threads.
 */
#ifndef CDP_MATCH_PARALLEL_H
#define CDP_MATCH_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDP_MAX_THREADS 64

/*
 * Who works, and what the caller wants to be asked meanwhile. All zero: the caller
 * alone, not to be disturbed.
 */
typedef struct CdpCrew
{
	int			threads;		/* that work, the caller's own included */
	bool		(*pending) (void *arg);	/* asked between chunks: is there something to handle? */
	bool		(*handle) (void *arg);	/* called while no other thread runs but errands; false: give up */
	void	   *arg;
	bool		stopped;		/* handle said so */
	struct CdpErrandThread *errand; /* whose crew it is; NULL: the caller's own */
} CdpCrew;

/* Does a chunk as the thread of that number; false: out of memory. */
typedef bool (*CdpChunkFn) (void *state, int thread, int64_t chunk);

extern int	cdp_crew_threads(const CdpCrew *crew);
/* For long work of the caller alone: handles what is pending; false: give up. */
extern bool cdp_crew_pause(CdpCrew *crew);
extern bool cdp_crew_run(CdpCrew *crew, int64_t n_chunks, CdpChunkFn fn, void *state);

/*
 * Work that other threads do while the caller is at something else. The function is
 * given a crew that it asks and works with; when that has stopped it returns false. That crew
 * has as many threads as the caller's: the last is the caller, who joins in when he waits for
 * the end, and may abandon the errand when something is to be handled.
 */
typedef bool (*CdpErrandFn) (void *state, CdpCrew *crew);

typedef struct CdpErrand
{
	CdpErrandFn fn;
	void	   *state;
	CdpCrew    *crew;			/* the caller's: when it has one thread, the caller does the work, at last */
	struct CdpErrandThread *thread;
} CdpErrand;

/*
 * What only the caller's thread may do, in the middle of work with this crew: an errand
 * waits with it until the caller waits for the errand. False: fn said so, or nobody will.
 */
extern bool cdp_crew_ask(CdpCrew *crew, bool (*fn) (void *state), void *state);

extern void cdp_errand_start(CdpErrand *errand);
/* What the function returned; false also when the caller's crew has stopped. */
extern bool cdp_errand_finish(CdpErrand *errand);
/* Nobody wants it any more; returns when it has stopped. */
extern void cdp_errand_abandon(CdpErrand *errand);

#endif
