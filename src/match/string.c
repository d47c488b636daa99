/*
 * string.c
 *	  The string measures as SQL functions.
 *
 * One CdpWork and two arrays of code points serve every call of the backend; they
 * are given back to the system when one call made them very large. A cancel
 * request may jump out of a core: the next call finds work as described in
 * string.h.
 *
 * The measures work on the characters of UTF-8. A database without an encoding
 * (SQL_ASCII) is taken to hold UTF-8, with each stray byte a character; in any
 * other encoding plain ASCII is fine.
 */
#include "clean/clean.h"
#include "core/core.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "match/string.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#define KEEP_BYTES (256 * 1024)

static CdpWork work;
static CdpChars left,
			right;

static void
poll_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* After a core: raise what went wrong, give large memory back. */
static void
finish(void)
{
	CdpProblem	problem = work.problem;

	work.problem = CDP_NO_PROBLEM;
	cdp_work_release(&work, KEEP_BYTES);
	if (left.cap > KEEP_BYTES / sizeof(uint32_t))
		cdp_chars_free(&left);
	if (right.cap > KEEP_BYTES / sizeof(uint32_t))
		cdp_chars_free(&right);
	switch (problem)
	{
		case CDP_NO_PROBLEM:
			break;
		case CDP_NO_MEMORY:
			ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
			break;
		case CDP_TEXT_TOO_LONG:
			ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("text is too long to be compared"),
					errhint("Compare the first %d characters at most.", CDP_MAX_CHARS));
			break;
		case CDP_TOO_MANY_STEPS:
			ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("the distance of two long texts is too great to be found"),
					errhint("Ask with a bound, for example by cdp.levenshtein_within(a, b, 1000)."));
			break;
	}
}

static void
decode(FunctionCallInfo fcinfo, int argument, CdpChars *out)
{
	text	   *in = PG_GETARG_TEXT_PP(argument);

	cdp_clean_require_encoding(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	work.poll = poll_interrupts;
	if (!cdp_chars_decode(&work, VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), out))
		finish();
	PG_FREE_IF_COPY(in, argument);
}

static void
decode_pair(FunctionCallInfo fcinfo)
{
	decode(fcinfo, 0, &left);
	decode(fcinfo, 1, &right);
}

static Datum
distance(FunctionCallInfo fcinfo, CdpDistance measure)
{
	int32		found;

	decode_pair(fcinfo);
	found = measure(&work, left.data, left.len, right.data, right.len, -1);
	finish();
	PG_RETURN_INT32(found);
}

static Datum
distance_within(FunctionCallInfo fcinfo, CdpDistance measure)
{
	int32		max = PG_GETARG_INT32(2);
	int32		found;

	if (max < 0)
		PG_RETURN_NULL();
	decode_pair(fcinfo);
	found = measure(&work, left.data, left.len, right.data, right.len, max);
	finish();
	if (found == CDP_BEYOND)
		PG_RETURN_NULL();
	PG_RETURN_INT32(found);
}

#define SQL_DISTANCE(name, measure) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return distance(fcinfo, measure); \
} \
PG_FUNCTION_INFO_V1(name##_within); \
Datum \
name##_within(PG_FUNCTION_ARGS) \
{ \
	return distance_within(fcinfo, measure); \
}

SQL_DISTANCE(cdp_levenshtein_text, cdp_levenshtein)
SQL_DISTANCE(cdp_osa_text, cdp_osa)
SQL_DISTANCE(cdp_damerau_text, cdp_damerau)

#define SQL_SIMILARITY(name, measured) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	double		similarity; \
\
	decode_pair(fcinfo); \
	similarity = (measured); \
	finish(); \
	PG_RETURN_FLOAT8(similarity); \
}

#define BOTH &work, left.data, left.len, right.data, right.len

SQL_SIMILARITY(cdp_jaro_text, cdp_jaro(BOTH))
SQL_SIMILARITY(cdp_jaro_winkler_text, cdp_jaro_winkler(BOTH, PG_GETARG_BOOL(2)))
SQL_SIMILARITY(cdp_token_jaccard_text, cdp_token_jaccard(BOTH, 0))
SQL_SIMILARITY(cdp_token_sort_text, cdp_token_sort(BOTH))
SQL_SIMILARITY(cdp_token_set_text, cdp_token_set(BOTH))

/* The argument that says how many characters, from 1. */
static int32
size_argument(FunctionCallInfo fcinfo, const char *name)
{
	int32		size = PG_GETARG_INT32(2);

	if (size < 1)
		ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("%s must be at least 1", name),
				errhint("Two or three characters are usual."));
	return size;
}

SQL_SIMILARITY(cdp_qgram_jaccard_text, cdp_qgram(BOTH, size_argument(fcinfo, "q"), CDP_JACCARD))
SQL_SIMILARITY(cdp_qgram_dice_text, cdp_qgram(BOTH, size_argument(fcinfo, "q"), CDP_DICE))
SQL_SIMILARITY(cdp_qgram_cosine_text, cdp_qgram(BOTH, size_argument(fcinfo, "q"), CDP_COSINE))
SQL_SIMILARITY(cdp_chunk_jaccard_text, cdp_token_jaccard(BOTH, size_argument(fcinfo, "size")))

static text *
code_text(const uint32_t *code, int32 len)
{
	text	   *out = palloc(VARHDRSZ + (Size) len * 4);
	char	   *end = VARDATA(out);

	for (int32 i = 0; i < len; i++)
		end += cdp_chars_encode(code[i], end);
	SET_VARSIZE(out, end - (char *) out);
	return out;
}

static Datum
phonetic(FunctionCallInfo fcinfo, CdpPhonetic make)
{
	uint32_t   *code;
	int32		len;
	text	   *out;

	decode(fcinfo, 0, &left);
	len = make(&work, left.data, left.len, &code);
	if (work.problem != CDP_NO_PROBLEM)
		finish();
	out = code_text(code, len);
	finish();
	PG_RETURN_TEXT_P(out);
}

#define SQL_PHONETIC(name, make) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return phonetic(fcinfo, make); \
}

SQL_PHONETIC(cdp_soundex_text, cdp_soundex)
SQL_PHONETIC(cdp_metaphone_text, cdp_metaphone)
SQL_PHONETIC(cdp_nysiis_text, cdp_nysiis)

PG_FUNCTION_INFO_V1(cdp_double_metaphone_text);
Datum
cdp_double_metaphone_text(PG_FUNCTION_ARGS)
{
	CdpCode		first,
				second;
	Datum		codes[2];

	decode(fcinfo, 0, &left);
	if (!cdp_double_metaphone(&work, left.data, left.len, &first, &second))
		finish();
	codes[0] = PointerGetDatum(code_text(first.data, first.len));
	codes[1] = PointerGetDatum(code_text(second.data, second.len));
	finish();
	PG_RETURN_ARRAYTYPE_P(construct_array(codes, 2, TEXTOID, -1, false, TYPALIGN_INT));
}
