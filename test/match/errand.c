/*
 * errand.c
 *	  Errands (parallel.c): finished, abandoned and interrupted, at random moments.
 *
 * Usage: errand [rounds [seed]]. An errand adds up numbers, with the caller's help when it
 * waits, and asks it for something in between; whatever happens on the way, one that finishes
 * gives the right sum, no two threads have one number, the caller itself did what was asked
 * for, and one that is not wanted any more is gone when
 * abandoning it returns. Leaves with status 1 at the first difference.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "match/parallel.h"
#include "draw.h"

typedef struct Sum
{
	int64_t		chunks;
	int64_t		total;
	int64_t		calls;
	int			asked;
	pthread_t	caller;
	bool		busy[CDP_MAX_THREADS];
} Sum;

typedef struct Caller
{
	int			every;			/* so many questions something is to be handled */
	int			asked;
	int			due;			/* how often that still comes */
	int			handled;
	bool		gives_up;		/* at the last one */
} Caller;

static bool
add_chunk(void *arg, int thread, int64_t chunk)
{
	Sum		   *sum = arg;
	int64_t		part = 0;

	/* no two threads have one number */
	if (__atomic_exchange_n(&sum->busy[thread], true, __ATOMIC_ACQUIRE))
		return false;
	for (int64_t i = chunk * 10000; i < (chunk + 1) * 10000; i++)
		part += i;
	__atomic_store_n(&sum->busy[thread], false, __ATOMIC_RELEASE);
	__atomic_fetch_add(&sum->total, part, __ATOMIC_RELAXED);
	return true;
}

/* What only the caller's thread may do. */
static bool
answer(void *arg)
{
	Sum		   *sum = arg;

	sum->asked += pthread_equal(pthread_self(), sum->caller) ? 1 : 1000;
	return true;
}

static bool
add_up(void *arg, CdpCrew *crew)
{
	Sum		   *sum = arg;

	sum->calls++;
	sum->total = 0;
	sum->asked = 0;
	return cdp_crew_run(crew, sum->chunks, add_chunk, sum) && cdp_crew_ask(crew, answer, sum) && cdp_crew_ask(crew, answer, sum) &&
		cdp_crew_run(crew, sum->chunks, add_chunk, sum);
}

static bool
is_pending(void *arg)
{
	Caller	   *c = arg;

	return c->due > 0 && ++c->asked % c->every == 0;
}

static bool
handle(void *arg)
{
	Caller	   *c = arg;

	c->handled++;
	return --c->due > 0 || !c->gives_up;
}

int
main(int argc, char **argv)
{
	int			rounds = argc > 1 ? atoi(argv[1]) : 300;
	uint64_t	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	int			finished = 0,
				stopped = 0,
				abandoned = 0,
				handled = 0;

	for (int round = 0; round < rounds; round++)
	{
		Caller		caller = {0};
		CdpCrew		crew = {.pending = is_pending, .handle = handle, .arg = &caller};
		Sum			sum = {0};
		CdpErrand	errand = {.fn = add_up, .state = &sum, .crew = &crew};
		int64_t		last;

		state = seed + round;
		/* an errand asks twice, so that the caller surely looks twice whether something is to be handled */
		caller.every = draw(2) ? 1 : 1 + draw(20);
		caller.due = draw(4);
		caller.gives_up = draw(2);
		crew.threads = 1 + draw(4);
		sum.caller = pthread_self();
		/* now and then longer than it is waited for at a time */
		sum.chunks = draw(8) ? draw(200) : 3000;
		last = sum.chunks * 10000 - 1;
		cdp_errand_start(&errand);
		if (draw(4) == 0)
		{
			usleep(draw(2000));
			cdp_errand_abandon(&errand);
			/* nobody writes here any more */
			sum.total = -1;
			abandoned++;
		}
		else if (cdp_errand_finish(&errand))
		{
			if (sum.total != last * (last + 1) || sum.asked != 2 || sum.calls != 1)
			{
				printf("differs: seed %llu, %lld chunks\n", (unsigned long long) (seed + round), (long long) sum.chunks);
				return 1;
			}
			finished++;
			handled += caller.handled > 0;
		}
		else if (!crew.stopped)
		{
			printf("differs: seed %llu, it failed\n", (unsigned long long) (seed + round));
			return 1;
		}
		else
			stopped++;
		cdp_errand_abandon(&errand);
	}
	printf("errands: seeds %llu to %llu, %d finished, %d of them with something handled meanwhile, %d stopped, %d abandoned\n",
		   (unsigned long long) seed, (unsigned long long) (seed + rounds - 1), finished, handled, stopped, abandoned);
	/* a run that meets only one way shows nothing */
	return rounds >= 100 && (handled == 0 || stopped == 0 || abandoned == 0);
}
