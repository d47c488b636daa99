/*
 * parallel.c
 *	  Work in chunks, done by several threads.
 *
 * Chunks are numbered and handed out in order; a chunk that was begun is always
 * finished, so that work can be interrupted between chunks and go on. Chunks should
 * take milliseconds: they bound how long a cancellation waits.
 *
 * The caller's thread works too, as number 0. Between its chunks it asks whether
 * something is pending; if so all other threads are ended and joined before it is
 * handled. So whatever handles it (in the server: errors, even the end of the process)
 * does so in a process with one thread. Other threads run with all signals blocked and
 * only ever call chunk functions, which know nothing of the server.
 *
 * Which thread does which chunk is left to chance: chunk functions must not let it
 * matter (counts that are added up, results that are sorted).
 */
#include "match/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

typedef struct Run
{
	CdpChunkFn	fn;
	void	   *state;
	int64_t		n;
	atomic_llong next;
	atomic_bool stop;
	atomic_bool failed;
} Run;

typedef struct Worker
{
	Run		   *run;
	int			number;
	pthread_t	thread;
} Worker;

int
cdp_crew_threads(const CdpCrew *crew)
{
	int			n = crew ? crew->threads : 1;

	return n < 1 ? 1 : n > CDP_MAX_THREADS ? CDP_MAX_THREADS : n;
}

/* Does the next chunk; false when there is none left. */
static bool
do_chunk(Run *run, int number)
{
	int64_t		chunk;

	if (atomic_load(&run->stop) || (chunk = atomic_fetch_add(&run->next, 1)) >= run->n)
		return false;
	if (!run->fn(run->state, number, chunk))
	{
		atomic_store(&run->failed, true);
		atomic_store(&run->stop, true);
	}
	return true;
}

static void *
work(void *arg)
{
	Worker	   *w = arg;

	while (do_chunk(w->run, w->number))
		;
	return NULL;
}

/* Starts what threads can be started; the caller can do all the work alone. */
static int
start(Run *run, Worker *worker, int n)
{
	sigset_t	all,
				before;
	int			started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 1; i < n; i++)
	{
		worker[started].run = run;
		worker[started].number = i;
		if (pthread_create(&worker[started].thread, NULL, work, &worker[started]) == 0)
			started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

bool
cdp_crew_pause(CdpCrew *crew)
{
	if (crew && crew->pending && crew->pending(crew->arg) && !crew->handle(crew->arg))
		crew->stopped = true;
	return crew == NULL || !crew->stopped;
}

/*
 * Does all chunks. False: a chunk failed, or crew->stopped.
 */
bool
cdp_crew_run(CdpCrew *crew, int64_t n_chunks, CdpChunkFn fn, void *state)
{
	Run			run = {.fn = fn, .state = state, .n = n_chunks};
	Worker		worker[CDP_MAX_THREADS];
	int			threads = cdp_crew_threads(crew);
	bool		interrupted;

	if (n_chunks < threads)
		threads = n_chunks;
	do
	{
		int			started = start(&run, worker, threads);

		interrupted = false;
		while (!interrupted && do_chunk(&run, 0))
			interrupted = crew && crew->pending && crew->pending(crew->arg);
		if (interrupted)
			atomic_store(&run.stop, true);
		for (int i = 0; i < started; i++)
			pthread_join(worker[i].thread, NULL);
		if (interrupted && !atomic_load(&run.failed))
		{
			if (!crew->handle(crew->arg))
			{
				crew->stopped = true;
				return false;
			}
			atomic_store(&run.stop, false);
		}
	} while (interrupted && !atomic_load(&run.failed));
	return !atomic_load(&run.failed);
}
