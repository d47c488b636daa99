/*
 * sum.c
 *	  The weight of a pair, term by term.
 *
 * The one place where a weight that is kept, shown or compared is computed: the engine,
 * the SQL functions and explanations call it, so they agree to the last bit. A term is
 * what leads from the total so far to the logarithm of the odds; the total is the sum of
 * the terms as doubles are added, in order. So an explanation sums to its total exactly,
 * not but for rounding, and rounding does not add up over the terms. Products are kept
 * with more digits than the numbers they are made of, where the machine has them.
 *
 * It is compiled on its own and not inline: were it part of its callers, a compiler
 * could fuse its products and sums in one and not in another.
 */
#include "match/sum.h"

static double
log_odds(long double match, const long double *other)
{
	long double sum = 0;

	for (int j = 0; j < CDP_RELATIONS; j++)
		sum += other[j];
	return log2(match / sum);
}

double
cdp_sum_weight(const CdpModel *model, const CdpAgreed *agreed, CdpTerm *term)
{
	long double match = model->lambda;
	long double other[CDP_RELATIONS];
	double		total;

	for (int j = 0; j < CDP_RELATIONS; j++)
		other[j] = (long double) model->share[j] * (1 - (long double) model->lambda);
	total = log_odds(match, other);
	if (term)
		term[0] = (CdpTerm) {total, 0, total};
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		int			level = agreed[c].level;
		double		after,
					common = 0,
					weight;

		if (level > 0)
		{
			bool		rare = false;

			match *= k->m[level];
			for (int j = 0; j < CDP_RELATIONS; j++)
				other[j] *= k->u[j][level];
			for (int i = 0; i < CDP_MAX_INPUTS; i++)
				rare |= agreed[c].rarity[i] != 1;
			if (rare && term)
				common = log_odds(match, other);
			for (int i = 0; i < CDP_MAX_INPUTS; i++)
				for (int j = 0; j < CDP_RELATIONS; j++)
					if (agreed[c].rarity[i] != 1 && !(k->shared[j] >> i & 1))
						other[j] *= agreed[c].rarity[i];
			after = log_odds(match, other);
			weight = after - total;
			total += weight;
			if (term)
				term[c + 1] = (CdpTerm) {weight, rare ? after - common : 0, total};
		}
		else if (term)
			term[c + 1] = (CdpTerm) {0, 0, total};
	}
	return total;
}
