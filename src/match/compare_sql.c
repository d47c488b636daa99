/*
 * compare_sql.c
 *	  The comparisons as SQL functions.
 *
 * A value is brought to its matching key first, by the SQL functions of the clean
 * room, so that what people type can be compared; the key of a key is the key. What has
 * no key is missing.
 *
 * One CdpWork, one arena and one list of nicknames serve every call of the backend. The
 * arena is emptied at the start of a call rather than at its end, so that an error or a
 * cancel request in between leaves nothing that is not given back later.
 */
#include "core/core.h"
#include "fmgr.h"
#include "funcapi.h"
#include "match/compare.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define KEEP_BYTES (256 * 1024)

extern Datum cdp_name_key(PG_FUNCTION_ARGS);
extern Datum cdp_text_key(PG_FUNCTION_ARGS);
extern Datum cdp_street_key(PG_FUNCTION_ARGS);
extern Datum cdp_email_key(PG_FUNCTION_ARGS);

static CdpWork work;
static CdpArena arena;
static CdpNicknames *nicknames;

static void
poll_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static void
check_problem(void)
{
	CdpProblem	problem = work.problem;

	work.problem = CDP_NO_PROBLEM;
	if (problem == CDP_NO_MEMORY)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	if (problem != CDP_NO_PROBLEM)
		ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("text is too long to be compared"),
				errhint("Compare the first %d characters at most.", CDP_MAX_CHARS));
}

static void
start(void)
{
	work.poll = poll_interrupts;
	cdp_work_release(&work, KEEP_BYTES);
	cdp_arena_free(&arena);
	if (nicknames == NULL)
		nicknames = cdp_nicknames_create();
	if (nicknames == NULL)
		work.problem = CDP_NO_MEMORY;
	check_problem();
}

static PGFunction
key_function(CdpMeasure measure)
{
	switch (measure)
	{
		case CDP_MEASURE_PERSON_NAME:
		case CDP_MEASURE_NAME:
		case CDP_MEASURE_CITY:
			return cdp_name_key;
		case CDP_MEASURE_STREET:
			return cdp_street_key;
		case CDP_MEASURE_TEXT:
			return cdp_text_key;
		case CDP_MEASURE_EMAIL:
			return cdp_email_key;
		default:
			return NULL;
	}
}

/* The prepared value of an argument; NULL where it is missing. */
static const CdpValue *
prepare(FunctionCallInfo fcinfo, int argument, CdpMeasure measure, int input, CdpValue *out)
{
	PGFunction	make_key = key_function(measure);
	NullableDatum value = fcinfo->args[argument];
	text	   *in;

	if (value.isnull)
		return NULL;
	in = DatumGetTextPP(value.value);
	/* a mailbox in place of a family name is a key as it is */
	if (input == 1 && VARSIZE_ANY_EXHDR(in) > 0 && *VARDATA_ANY(in) == '@')
		make_key = NULL;
	if (make_key != NULL)
	{
		LOCAL_FCINFO(call, 1);

		InitFunctionCallInfoData(*call, NULL, 1, PG_GET_COLLATION(), NULL, NULL);
		call->args[0] = value;
		value.value = make_key(call);
		if (call->isnull)
			return NULL;
	}
	in = DatumGetTextPP(value.value);
	if (!cdp_value_prepare(&work, &arena, nicknames, measure, input, VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), out))
		check_problem();
	return out;
}

static Datum
level_name(FunctionCallInfo fcinfo, CdpMeasure measure, const CdpValue *const *a, const CdpValue *const *b)
{
	int			level = cdp_compare(&work, measure, a, b);

	if (arena.total > KEEP_BYTES)
		cdp_arena_free(&arena);
	check_problem();
	if (level == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(cdp_measure_info(measure)->levels[level - 1].name));
}

static CdpMeasure
measure_argument(FunctionCallInfo fcinfo)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	int			measure = cdp_measure_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	if (measure < 0)
		ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("there is no measure \"%s\"", text_to_cstring(name)),
				errhint("SELECT DISTINCT measure FROM cdp.comparison_levels() lists them."));
	return measure;
}

PG_FUNCTION_INFO_V1(cdp_compare_values);
Datum
cdp_compare_values(PG_FUNCTION_ARGS)
{
	CdpMeasure	measure = measure_argument(fcinfo);
	CdpValue	values[2];
	const CdpValue *a,
			   *b;

	if (cdp_measure_info(measure)->n_inputs > 1)
		ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("the measure \"%s\" compares two names of each side", cdp_measure_info(measure)->name),
				errhint("Call cdp.compare_names(given_a, family_a, given_b, family_b)."));
	start();
	a = prepare(fcinfo, 1, measure, 0, &values[0]);
	b = prepare(fcinfo, 2, measure, 0, &values[1]);
	return level_name(fcinfo, measure, &a, &b);
}

PG_FUNCTION_INFO_V1(cdp_compare_names);
Datum
cdp_compare_names(PG_FUNCTION_ARGS)
{
	CdpValue	values[2 * CDP_MAX_INPUTS];
	const CdpValue *names[2 * CDP_MAX_INPUTS];

	start();
	for (int i = 0; i < 2 * CDP_MAX_INPUTS; i++)
		names[i] = prepare(fcinfo, i, CDP_MEASURE_PERSON_NAME, i % CDP_MAX_INPUTS, &values[i]);
	return level_name(fcinfo, CDP_MEASURE_PERSON_NAME, names, names + CDP_MAX_INPUTS);
}

PG_FUNCTION_INFO_V1(cdp_are_nicknames);
Datum
cdp_are_nicknames(PG_FUNCTION_ARGS)
{
	CdpValue	values[2];
	const CdpValue *a,
			   *b;

	start();
	a = prepare(fcinfo, 0, CDP_MEASURE_NAME, 0, &values[0]);
	b = prepare(fcinfo, 1, CDP_MEASURE_NAME, 0, &values[1]);
	if (a == NULL || b == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(cdp_share_nickname(a, b));
}

PG_FUNCTION_INFO_V1(cdp_comparison_levels);
Datum
cdp_comparison_levels(PG_FUNCTION_ARGS)
{
	int			only = PG_ARGISNULL(0) ? -1 : (int) measure_argument(fcinfo);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int measure = 0; measure < CDP_N_MEASURES; measure++)
	{
		const CdpMeasureInfo *info = cdp_measure_info(measure);

		if (only >= 0 && measure != only)
			continue;
		for (int level = 0; level < info->n_levels; level++)
		{
			const CdpLevel *one = &info->levels[level];
			Datum		values[6] = {
				CStringGetTextDatum(info->name), Int32GetDatum(level + 1), CStringGetTextDatum(one->name),
				CStringGetTextDatum(one->words), Float8GetDatum(one->m), Float8GetDatum(one->u)
			};
			bool		nulls[6] = {false};

			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
