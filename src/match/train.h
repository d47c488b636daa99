/*
 * train.h
 *	  Learning a model without labels.
 */
#ifndef CDP_MATCH_TRAIN_H
#define CDP_MATCH_TRAIN_H

#include "match/block.h"
#include "match/em.h"
#include "match/parallel.h"

typedef struct CdpLabel
{
	int32_t		a,
				b;
	bool		same;
} CdpLabel;

typedef struct CdpTraining
{
	/* what to do */
	double		pairs_per_record;	/* budget of blocking */
	int64_t		max_pairs;		/* candidate pairs that EM rests on; more are thinned out */
	int64_t		max_random;		/* random pairs for u */
	int			max_iterations;
	double		tolerance;
	CdpCrew    *crew;			/* NULL: no threads */
	size_t		memory;			/* for the blocks of rules; 0: without limit */
	/* pairs that a person has decided, or NULL */
	const CdpLabel *label;
	int64_t		n_labels;
	/* model and rules are those of a training before, and only refined */
	bool		again;
	uint32_t	confident;		/* as that found: comparisons whose m comes from pairs of which the others are sure */
	/* what came of it */
	int64_t		candidates;		/* pairs that the rules found */
	int64_t		pairs;			/* of them used */
	int64_t		random;
	double		matches;		/* expected true pairs among the candidates */
	int			iterations;
	double		change;			/* the largest of the last iteration */
	bool		converged;
	double		eligible[CDP_MAX_COMPARISONS];	/* matches found without this comparison's help */
} CdpTraining;

/* relation.c */
#define CDP_PRIOR_PAIRS 10.0	/* what documented defaults count for against pairs seen */
extern void cdp_model_defaults(CdpModel *model, const CdpStore *store);
extern void cdp_model_normalise(CdpComparison *k, const double *seen, const double *prior, double prior_pairs, const double *least, double *out);
extern void cdp_relation_expect_groups(CdpModel *model);
extern bool cdp_area_is_chance(const CdpModel *model, const CdpComparison *k);
extern void cdp_relation_fit(const CdpModel *model, CdpComparison *k, CdpRelation relation, const double *seen);

extern bool cdp_tells_ages(const CdpModel *model);
#define CDP_FAMILIES .7			/* of the pairs of a home have one family name, where homes are families */
extern double cdp_family_at_home(const CdpModel *model);
extern double cdp_other_names(const CdpComparison *comparison);
extern void cdp_model_bound_m(CdpComparison *k);

/* repeat.c */
#define CDP_ENOUGH_PAIRS 50.0	/* expected pairs on which a conclusion can rest */
extern bool cdp_ignore_repetitions(const CdpStore *store, const CdpEm *em, bool *any);

/* train.c */
#define CDP_UNSEEN 0.5			/* how many other people are taken to have a value that nobody else has */
/* person: by record one of the person's records, the same for all of them; NULL while nothing is known of who is who */
extern bool cdp_store_count_rarity(CdpStore *store, CdpModel *model, const int32_t *person);
extern bool cdp_train(CdpStore *store, CdpModel *model, CdpBlocker *blocker, CdpTraining *training);

#endif
