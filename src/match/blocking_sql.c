/*
 * blocking_sql.c
 *	  Blocking rules as rows: what their keys are called.
 */
#include "match/match.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The comparison, for a name which part, and the form. */
char *
cdp_match_key_label(const CdpModel *model, const CdpKey *key, const char *comparison)
{
	const CdpComparison *c = &model->comparison[key->comparison];
	const char *part = c->info->n_inputs == 1 || key->input < 0 ? "" : key->input == 0 ? ".given" : ".family";

	return psprintf("%s%s %s", comparison, part, key->name);
}

uint64
cdp_match_rule_keys(const CdpBlocker *b, const char *const *comparison, Datum names)
{
	Datum	   *keys;
	bool	   *nulls;
	int			n;
	uint64		bits = 0;

	deconstruct_array(DatumGetArrayTypeP(names), TEXTOID, -1, false, TYPALIGN_INT, &keys, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *name = nulls[i] ? pstrdup("") : TextDatumGetCString(keys[i]);
		int			k = 0;

		while (k < b->n_keys && strcmp(cdp_match_key_label(b->model, &b->key[k], comparison[b->key[k].comparison]), name) != 0)
			k++;
		if (k == b->n_keys)
			return 0;
		bits |= UINT64CONST(1) << k;
	}
	return bits;
}
