/*
 * em.c
 *	  Expectation-maximisation against published runs of the classical algorithm.
 *
 * Usage: em FOLDER PATTERNS. FOLDER holds known_params_comparison_vectors.csv and the
 * histories splink2_*.csv, PATTERNS is em_patterns.tsv. Prints a line per check; leaves
 * with status 1 when a figure differs.
 *
 * The histories were made with a term frequency adjustment: the odds of an exact first
 * name are multiplied by (u / frequency) to the power .6, with u of that iteration. Here
 * every frequency is a level of its own, and before each iteration the levels of exact
 * names are tied again to what they are together. So the steps of em.c are checked as
 * they are, and to the last digits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/train.h"

#define MAX_FIELDS 32
#define MAX_EXACT 20
#define NAMES 900.0				/* records that have a first name */
#define TF_WEIGHT .6

static int	faults;

static void
check(const char *what, double is, double wanted, double tolerance)
{
	if (fabs(is - wanted) <= tolerance)
		return;
	printf("differs: %s is %.17g, not %.17g\n", what, is, wanted);
	faults++;
}

/* Divides a line of comma-separated values; returns how many there are. */
static int
split(char *line, char **field)
{
	int			n = 0;
	char	   *out = line;

	for (char *p = line;; p++)
	{
		bool		quoted = *p == '"';

		field[n++] = out;
		for (p += quoted; *p && *p != '\n' && (quoted ? *p != '"' : *p != ','); p++)
			*out++ = *p;
		p += quoted;
		if (*p != ',' || n == MAX_FIELDS)
		{
			*out = 0;
			return n;
		}
		*out++ = 0;
	}
}

static FILE *
open_file(const char *folder, const char *name)
{
	char		path[1024];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (f == NULL)
	{
		perror(path);
		exit(1);
	}
	return f;
}

/* A comparison of levels that are not those of any measure. */
static void
set_comparison(CdpModel *model, CdpMeasureInfo *info, CdpLevel *level, int n_levels)
{
	CdpComparison *k = &model->comparison[model->n++];

	memset(k, 0, sizeof(*k));
	for (int l = 0; l < n_levels; l++)
		level[l] = (CdpLevel)
	{
		.name = "", .words = "", .present = 1, .m = 1.0 / n_levels, .u = 1.0 / n_levels
	};
	*info = (CdpMeasureInfo)
	{
		.name = "", .n_inputs = 1, .n_levels = n_levels, .levels = level
	};
	k->info = info;
}

static void
count(CdpPatterns *patterns, const CdpModel *model, const uint8_t *level, double n)
{
	static const double rarity[CDP_RELATIONS];
	CdpPattern	p;

	cdp_pattern_make(&p, model, level, rarity);
	p.eligible = (1u << model->n) - 1;
	p.count = n;
	if (!cdp_patterns_add(patterns, &p))
		exit(1);
}

/*
 * Pairs that were made with known parameters: from common start values, nothing fixed,
 * those come out, and the probability of every pair with them.
 */
static void
known_parameters(const char *folder)
{
	static const double true_m[] = {.7, .9, .95};
	static const double true_u[] = {.1, .025, .2};
	/* of several starts: what is found may not depend on it */
	static const double start[][3] = {{1e-4, .95, .05}, {.3, .9, .1}, {.001, .99, .3}, {.9, .6, .4}};
	FILE	   *f = open_file(folder, "known_params_comparison_vectors.csv");
	CdpMeasureInfo info[3];
	CdpLevel	level[3][2];
	CdpModel	model = {.lambda = .5, .share = {1}};
	CdpPatterns patterns = {0};
	double		truth[8],
				pairs = 0;
	char		line[1024],
			   *field[MAX_FIELDS];

	for (int c = 0; c < 3; c++)
		set_comparison(&model, &info[c], level[c], 2);
	if (fgets(line, sizeof(line), f) == NULL)
		exit(1);
	while (fgets(line, sizeof(line), f))
	{
		uint8_t		levels[3];

		split(line, field);
		for (int c = 0; c < 3; c++)
			levels[c] = field[c][0] == '1' ? 1 : 2;
		count(&patterns, &model, levels, 1);
		truth[(levels[0] - 1) * 4 + (levels[1] - 1) * 2 + levels[2] - 1] = atof(field[7]);
		pairs++;
	}
	fclose(f);
	cdp_patterns_pack(&patterns);
	for (int s = 0; s < (int) (sizeof(start) / sizeof(start[0])); s++)
	{
		CdpEm		em = {.model = &model, .candidates = &patterns, .thin = 1, .all = pairs, .findable = 1, .max_iterations = 200, .tolerance = 1e-5, .chance_only = true};

		model.lambda = start[s][0];
		for (int c = 0; c < 3; c++)
		{
			model.comparison[c].m[1] = start[s][1];
			model.comparison[c].m[2] = 1 - start[s][1];
			model.comparison[c].u[CDP_CHANCE][1] = start[s][2];
			model.comparison[c].u[CDP_CHANCE][2] = 1 - start[s][2];
		}
		cdp_em(&em);
		printf("known parameters, start %d: %.0f pairs, %d iterations, lambda %.4f\n", s + 1, pairs, em.iterations, model.lambda);
		if (!em.converged)
		{
			printf("differs: did not converge\n");
			faults++;
		}
		check("lambda", model.lambda, .5, .005);
		for (int c = 0; c < 3; c++)
		{
			check("m", model.comparison[c].m[1], true_m[c], .01);
			check("u", model.comparison[c].u[CDP_CHANCE][1], true_u[c], .01);
		}
		for (uint32_t i = 0; i < patterns.n_slots; i++)
		{
			const CdpPattern *p = &patterns.slot[i];
			double		relation[CDP_RELATIONS];
			double		wanted = truth[(cdp_pattern_level(p, 0) - 1) * 4 + (cdp_pattern_level(p, 1) - 1) * 2 + cdp_pattern_level(p, 2) - 1];

			check("probability of a pair", cdp_pattern_shares(p, &model, relation), wanted, .01 * wanted);
		}
	}
	cdp_patterns_free(&patterns);
}

/* ---------------------------------------------------------------- histories */

static const char *const columns[] = {"first_name", "dob", "city", "email"};

typedef struct History
{
	CdpModel	model;
	CdpMeasureInfo info[4];
	CdpLevel	level[4][CDP_MAX_LEVELS];
	CdpPatterns patterns;
	int			n_exact;		/* levels of equal first names, by records; then two edits, else */
	int			records[MAX_EXACT];
	double		pairs;
} History;

static void
load_patterns(History *h, const char *file)
{
	FILE	   *f = fopen(file, "r");
	char		line[1024];
	int			x[6];

	if (f == NULL)
	{
		perror(file);
		exit(1);
	}
	/* twice: which frequencies there are, then the patterns */
	for (int pass = 0; pass < 2; pass++)
	{
		rewind(f);
		while (fgets(line, sizeof(line), f))
		{
			uint8_t		level[4];
			int			at = 0;

			if (sscanf(line, "%d %d %d %d %d %d", &x[0], &x[1], &x[2], &x[3], &x[4], &x[5]) != 6)
				continue;
			while (at < h->n_exact && h->records[at] != x[4])
				at++;
			if (pass == 0)
			{
				if (x[0] == 1 && at == h->n_exact)
				{
					if (h->n_exact == MAX_EXACT)
						exit(1);
					h->records[h->n_exact++] = x[4];
				}
				continue;
			}
			for (int c = 0; c < 4; c++)
				level[c] = x[c];
			if (x[0] == 1)
				level[0] = at + 1;
			else if (x[0] > 1)
				level[0] = h->n_exact + x[0] - 1;
			count(&h->patterns, &h->model, level, x[5]);
			h->pairs += x[5];
		}
		if (pass == 0)
			for (int c = 0; c < 4; c++)
				set_comparison(&h->model, &h->info[c], h->level[c], c == 0 ? h->n_exact + 2 : 2);
	}
	fclose(f);
	cdp_patterns_pack(&h->patterns);
}

/* m and u of a level of the published comparison, which knows one level of equal first names. */
static double *
parameter(History *h, bool m, int c, int published, double *of_exact)
{
	CdpComparison *k = &h->model.comparison[c];
	double	   *p = m ? k->m : k->u[CDP_CHANCE];

	if (c > 0)
		return &p[published == 1 ? 1 : 2];
	if (published < 2)
		return &p[h->n_exact + (published == 1 ? 1 : 2)];
	*of_exact = 0;
	for (int i = 1; i <= h->n_exact; i++)
		*of_exact += p[i];
	return of_exact;
}

static void
tie_exact(History *h, double m, double u)
{
	CdpComparison *k = &h->model.comparison[0];

	for (int i = 0; i < h->n_exact; i++)
	{
		k->m[i + 1] = m;
		k->u[CDP_CHANCE][i + 1] = u * pow(h->records[i] / NAMES / u, TF_WEIGHT);
	}
}

static void
history(const char *folder, const char *file, const char *of, bool fixed_u)
{
	History		h = {.model = {.share = {1}}};
	char		name[100],
				line[1024],
			   *field[MAX_FIELDS];
	double		lambda[100];
	int			n = 0,
				figures = 0;
	double		worst = 0,
				exact_m = 0,
				exact_u = 0;
	FILE	   *f;

	load_patterns(&h, file);
	snprintf(name, sizeof(name), "splink2_proportion_of_matches_history_%s.csv", of);
	f = open_file(folder, name);
	while (fgets(line, sizeof(line), f))
		if (split(line, field) == 2 && atof(field[0]) > 0 && n < 100)
			lambda[n++] = atof(field[0]);
	fclose(f);
	for (int iteration = 0; iteration < n; iteration++)
	{
		if (iteration > 0)
		{
			CdpEm		em = {.model = &h.model, .candidates = &h.patterns, .thin = 1, .all = h.pairs, .findable = 1, .max_iterations = 1, .chance_only = true, .fixed_u = fixed_u};

			tie_exact(&h, exact_m, exact_u);
			cdp_em(&em);
			worst = fmax(worst, fabs(h.model.lambda / lambda[iteration] - 1));
			check("lambda", h.model.lambda, lambda[iteration], 1e-12);
			figures++;
		}
		else
			h.model.lambda = lambda[0];
		snprintf(name, sizeof(name), "splink2_m_u_history_%s.csv", of);
		f = open_file(folder, name);
		while (fgets(line, sizeof(line), f))
		{
			int			c = 0;

			if (split(line, field) < 16 || atoi(field[14]) != iteration || strcmp(field[0], "label") == 0)
				continue;
			while (c < 4 && strcmp(columns[c], field[6]) != 0)
				c++;
			for (int m = 0; m < 2 && c < 4; m++)
			{
				double		wanted = atof(field[m ? 8 : 9]);
				bool		exact = c == 0 && atoi(field[5]) == 2;
				double	   *is = parameter(&h, m, c, atoi(field[5]), m ? &exact_m : &exact_u);

				/* a fixed u is none of ours where exact names are tied */
				if (iteration == 0 || (exact && !m && fixed_u))
					*is = wanted;
				else
				{
					worst = fmax(worst, fabs(*is / wanted - 1));
					check(m ? "m" : "u", *is, wanted, 1e-12);
					figures++;
				}
			}
		}
		fclose(f);
	}
	printf("history %s: %d iterations, %d figures, largest relative difference %.2g\n", of, n - 1, figures, worst);
	if (n < 3 || figures < 30)
		faults++;
	cdp_patterns_free(&h.patterns);
}

int
main(int argc, char **argv)
{
	if (argc != 3)
	{
		fprintf(stderr, "usage: em FOLDER PATTERNS\n");
		return 2;
	}
	known_parameters(argv[1]);
	history(argv[1], argv[2], "fixed_u", true);
	history(argv[1], argv[2], "no_fix", false);
	return faults > 0;
}
