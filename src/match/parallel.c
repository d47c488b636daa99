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
 * does so in a process with one thread, but for errands. Other threads run with all signals
 * blocked and only ever call chunk functions, which know nothing of the server.
 *
 * An errand is work of other threads while the caller does what only the caller can.
 * They look between their chunks whether they are still wanted; who started it must finish
 * or abandon it before anything that it works on goes away, whatever he handles meanwhile. Who
 * waits for its end helps with its chunks, and does for it what it asks for.
 *
 * Which thread does which chunk is left to chance: chunk functions must not let it
 * matter (counts that are added up, results that are sorted).
 */
#include "match/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

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

/* A thread that no signal reaches. */
static bool
start_thread(pthread_t *thread, void *(*fn) (void *), void *arg)
{
	sigset_t	all,
				before;
	bool		started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(thread, NULL, fn, arg) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

/* Starts what threads can be started; the caller can do all the work alone. */
static int
start(Run *run, Worker *worker, int n)
{
	int			started = 0;

	for (int i = 1; i < n; i++)
	{
		worker[started].run = run;
		worker[started].number = i;
		started += start_thread(&worker[started].thread, work, &worker[started]);
	}
	return started;
}

bool
cdp_crew_pause(CdpCrew *crew)
{
	if (crew && crew->pending && crew->pending(crew->arg) && !crew->handle(crew->arg))
		crew->stopped = true;
	return crew == NULL || !crew->stopped;
}

static void show_run(CdpCrew *crew, Run *run);
static void hide_run(CdpCrew *crew);

/*
 * Does all chunks. False: a chunk failed, or crew->stopped.
 */
bool
cdp_crew_run(CdpCrew *crew, int64_t n_chunks, CdpChunkFn fn, void *state)
{
	Run			run = {.fn = fn, .state = state, .n = n_chunks};
	Worker		worker[CDP_MAX_THREADS];
	bool		shown = crew && crew->errand;
	int			threads = cdp_crew_threads(crew) - shown;
	bool		interrupted;

	if (n_chunks < threads)
		threads = n_chunks;
	do
	{
		int			started = start(&run, worker, threads);

		interrupted = false;
		if (shown)
			show_run(crew, &run);
		while (!interrupted && do_chunk(&run, 0))
			interrupted = crew && crew->pending && crew->pending(crew->arg);
		if (interrupted)
			atomic_store(&run.stop, true);
		if (shown)
			hide_run(crew);
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

/* ---------------------------------------------------------------- errands */

struct CdpErrandThread
{
	CdpErrand  *errand;
	CdpCrew		crew;			/* that it works with */
	pthread_t	thread;
	atomic_bool unwanted;
	pthread_mutex_t mutex;		/* of all below */
	pthread_cond_t changed;
	bool		done;
	bool		fine;
	Run		   *run;			/* chunks that who waits can do too; NULL: none */
	int64_t		runs;			/* that there were */
	bool		helped;			/* somebody does */
	bool		(*asked) (void *state); /* what who waits is to do; NULL: nothing */
	void	   *asked_state;
	bool		answer;
};

/* Lets who waits for the errand do chunks. */
static void
show_run(CdpCrew *crew, Run *run)
{
	struct CdpErrandThread *t = crew->errand;

	pthread_mutex_lock(&t->mutex);
	t->run = run;
	t->runs++;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->mutex);
}

static void
hide_run(CdpCrew *crew)
{
	struct CdpErrandThread *t = crew->errand;

	pthread_mutex_lock(&t->mutex);
	t->run = NULL;
	while (t->helped)
		pthread_cond_wait(&t->changed, &t->mutex);
	pthread_mutex_unlock(&t->mutex);
}

bool
cdp_crew_ask(CdpCrew *crew, bool (*fn) (void *state), void *state)
{
	struct CdpErrandThread *t = crew ? crew->errand : NULL;
	bool		answer;

	if (t == NULL)
		return fn(state);
	pthread_mutex_lock(&t->mutex);
	t->asked_state = state;
	t->asked = fn;
	pthread_cond_broadcast(&t->changed);
	while (t->asked && !atomic_load(&t->unwanted))
		pthread_cond_wait(&t->changed, &t->mutex);
	if (t->asked)
		crew->stopped = true;
	answer = t->asked == NULL && t->answer;
	t->asked = NULL;
	pthread_mutex_unlock(&t->mutex);
	return answer;
}

static bool
is_unwanted(void *arg)
{
	return atomic_load(&((struct CdpErrandThread *) arg)->unwanted);
}

static bool
give_up(void *arg)
{
	return false;
}

static void *
go(void *arg)
{
	struct CdpErrandThread *t = arg;
	bool		fine = t->errand->fn(t->errand->state, &t->crew);

	pthread_mutex_lock(&t->mutex);
	t->fine = fine;
	t->done = true;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->mutex);
	return NULL;
}

static void
forget(CdpErrand *errand)
{
	struct CdpErrandThread *t = errand->thread;

	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->mutex);
	free(t);
	errand->thread = NULL;
}

/* Ends the thread; true: it had done the work. */
static bool
end(CdpErrand *errand, bool *fine)
{
	struct CdpErrandThread *t = errand->thread;
	bool		done;

	pthread_join(t->thread, NULL);
	done = !t->crew.stopped;
	*fine = t->fine;
	forget(errand);
	return done;
}

/* The mutex is held. */
static void
give_notice(struct CdpErrandThread *t)
{
	atomic_store(&t->unwanted, true);
	pthread_cond_broadcast(&t->changed);
}

void
cdp_errand_start(CdpErrand *errand)
{
	int			threads = cdp_crew_threads(errand->crew);
	struct CdpErrandThread *t = threads > 1 ? calloc(1, sizeof(struct CdpErrandThread)) : NULL;

	errand->thread = t;
	if (t == NULL)
		return;
	t->errand = errand;
	t->crew = (CdpCrew)
	{
		.threads = threads, .pending = is_unwanted, .handle = give_up, .arg = t, .errand = t
	};
	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->changed, NULL);
	if (!start_thread(&t->thread, go, t))
		forget(errand);
}

static void
wait_shortly(struct CdpErrandThread *t)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 10 * 1000 * 1000;
	if (until.tv_nsec >= 1000 * 1000 * 1000)
	{
		until.tv_sec++;
		until.tv_nsec -= 1000 * 1000 * 1000;
	}
	pthread_cond_timedwait(&t->changed, &t->mutex, &until);
}

/* Helps until the thread is done, and handles what is pending meanwhile. */
static void
wait_for(struct CdpErrandThread *t, CdpCrew *crew)
{
	int64_t		seen = 0;

	pthread_mutex_lock(&t->mutex);
	while (!t->done)
	{
		bool		interrupted = false;

		if (t->asked)
		{
			bool		answer;

			pthread_mutex_unlock(&t->mutex);
			answer = t->asked(t->asked_state);
			pthread_mutex_lock(&t->mutex);
			t->answer = answer;
			t->asked = NULL;
			pthread_cond_broadcast(&t->changed);
		}
		else if (t->run && t->runs > seen)
		{
			Run		   *run = t->run;
			int64_t		number = t->runs;

			t->helped = true;
			pthread_mutex_unlock(&t->mutex);
			while (!interrupted && do_chunk(run, t->crew.threads - 1))
				interrupted = crew->pending && crew->pending(crew->arg);
			pthread_mutex_lock(&t->mutex);
			t->helped = false;
			pthread_cond_broadcast(&t->changed);
			if (!interrupted)
				seen = number;
		}
		else
			wait_shortly(t);
		pthread_mutex_unlock(&t->mutex);
		if ((interrupted || (crew->pending && crew->pending(crew->arg))) && !crew->handle(crew->arg))
			crew->stopped = true;
		pthread_mutex_lock(&t->mutex);
		if (crew->stopped)
		{
			give_notice(t);
			break;
		}
	}
	pthread_mutex_unlock(&t->mutex);
}

bool
cdp_errand_finish(CdpErrand *errand)
{
	CdpCrew    *crew = errand->crew;

	if (errand->thread)
	{
		bool		fine;

		wait_for(errand->thread, crew);
		return end(errand, &fine) && fine && !crew->stopped;
	}
	return errand->fn(errand->state, crew);
}

void
cdp_errand_abandon(CdpErrand *errand)
{
	struct CdpErrandThread *t = errand->thread;
	bool		fine;

	if (t == NULL)
		return;
	pthread_mutex_lock(&t->mutex);
	give_notice(t);
	pthread_mutex_unlock(&t->mutex);
	end(errand, &fine);
}
