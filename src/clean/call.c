/*
 * call.c
 *	  The cores of the clean room as SQL functions.
 *
 * One buffer serves every call of the backend: cores write to it, the result is
 * copied out, the buffer stays for the next value and is freed when one value
 * made it very large. Nothing is kept between calls, so an error in between
 * leaves nothing behind.
 */
#include "clean/clean.h"
#include "clean/date.h"
#include "clean/phone.h"
#include "clean/postal.h"
#include "clean/text.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#define KEEP_BYTES (256 * 1024)

static CdpBuf result;

/*
 * Unicode work needs UTF-8, and CREATE EXTENSION sees to it; this is for a function
 * that somebody declares by hand elsewhere. A database without an encoding (SQL_ASCII)
 * is taken to hold UTF-8, and what is not is refused as a value; in any other encoding
 * plain ASCII is fine.
 */
void
cdp_clean_require_encoding(const char *s, size_t len)
{
	int			encoding = GetDatabaseEncoding();

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || cdp_is_ascii(s, len))
		return;
	ereport(ERROR,
			errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("cleaning text outside ASCII needs a database in UTF8, not %s", GetDatabaseEncodingName()),
			errhint("Create the database with ENCODING 'UTF8'."));
}

void
cdp_clean_check_memory(const CdpBuf *buf)
{
	if (buf->failed)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
}

text *
cdp_clean_result(const CdpBuf *buf)
{
	return cstring_to_text_with_len(buf->data, buf->len);
}

static void
release_large(void)
{
	if (result.cap > KEEP_BYTES)
		cdp_buf_free(&result);
}

/* Run a core; true when there is a value in result. */
static bool
run(FunctionCallInfo fcinfo, CdpCleaner core, const char **reason)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	const char *s = VARDATA_ANY(in);
	size_t		len = VARSIZE_ANY_EXHDR(in);

	cdp_clean_require_encoding(s, len);
	*reason = core(s, len, &result);
	cdp_clean_check_memory(&result);
	return *reason == NULL && result.len > 0;
}

static Datum
normalize(FunctionCallInfo fcinfo, CdpCleaner core)
{
	const char *reason;
	text	   *out = run(fcinfo, core, &reason) ? cdp_clean_result(&result) : NULL;

	release_large();
	if (out == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(out);
}

static Datum
problem(FunctionCallInfo fcinfo, CdpCleaner core)
{
	const char *reason;

	run(fcinfo, core, &reason);
	release_large();
	if (reason == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason));
}

#define SQL_CALL(name, how, core) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return how(fcinfo, core); \
}

SQL_CALL(cdp_normalize_name, normalize, cdp_name_clean)
SQL_CALL(cdp_name_problem, problem, cdp_name_clean)
SQL_CALL(cdp_name_key, normalize, cdp_name_key_of)
SQL_CALL(cdp_normalize_email, normalize, cdp_email_clean)
SQL_CALL(cdp_email_problem, problem, cdp_email_clean)
SQL_CALL(cdp_email_key, normalize, cdp_email_key_of)
SQL_CALL(cdp_personal_email, normalize, cdp_email_personal_key)
SQL_CALL(cdp_normalize_text, normalize, cdp_text_clean)
SQL_CALL(cdp_text_problem, problem, cdp_text_clean)
SQL_CALL(cdp_text_key, normalize, cdp_text_key_of)
SQL_CALL(cdp_normalize_street, normalize, cdp_street_clean)
SQL_CALL(cdp_street_problem, problem, cdp_street_clean)
SQL_CALL(cdp_street_key, normalize, cdp_street_key_of)
SQL_CALL(cdp_normalize_id, normalize, cdp_id_clean)
SQL_CALL(cdp_id_problem, problem, cdp_id_clean)
SQL_CALL(cdp_normalize_gender, normalize, cdp_gender_clean)
SQL_CALL(cdp_gender_problem, problem, cdp_gender_clean)
SQL_CALL(cdp_normalize_country, normalize, cdp_country_clean)
SQL_CALL(cdp_country_problem, problem, cdp_country_clean)
SQL_CALL(cdp_number_problem, problem, cdp_number_clean)

PG_FUNCTION_INFO_V1(cdp_normalize_number);

Datum
cdp_normalize_number(PG_FUNCTION_ARGS)
{
	const char *reason;

	if (!run(fcinfo, cdp_number_clean, &reason))
		PG_RETURN_NULL();
	cdp_buf_put(&result, '\0');
	cdp_clean_check_memory(&result);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(result.data), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* flags about an address that is fine: false for one that is not */
static Datum
email_flag(FunctionCallInfo fcinfo, bool (*flag) (const char *, size_t, CdpBuf *))
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	bool		is;

	cdp_clean_require_encoding(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	is = flag(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), &result);
	cdp_clean_check_memory(&result);
	PG_RETURN_BOOL(is);
}

SQL_CALL(cdp_email_is_role, email_flag, cdp_email_role)
SQL_CALL(cdp_email_is_disposable, email_flag, cdp_email_disposable)

/* tidying and folding, with the ASCII path or without it */
static const char *
tidy_fast(const char *in, size_t len, CdpBuf *out)
{
	return cdp_tidy(in, len, CDP_KEY_MAX_BYTES, CDP_TIDY_PUNCT, out);
}

static const char *
tidy_icu(const char *in, size_t len, CdpBuf *out)
{
	return cdp_tidy(in, len, CDP_KEY_MAX_BYTES, CDP_TIDY_PUNCT | CDP_FOLD_ICU, out);
}

static const char *
fold_icu(const char *in, size_t len, CdpBuf *out)
{
	cdp_fold(in, len, CDP_FOLD_ICU, out);
	return NULL;
}

SQL_CALL(cdp_tidy_text, normalize, tidy_fast)
SQL_CALL(cdp_tidy_text_icu, normalize, tidy_icu)
SQL_CALL(cdp_fold_text_icu, normalize, fold_icu)

/* what is seen from a country: given as second argument, or cdp.default_region */
typedef const char *(*RegionalCleaner) (const char *in, size_t len, const char *region, size_t region_len, CdpBuf *out);

static const char *
run_regional(FunctionCallInfo fcinfo, RegionalCleaner core)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	const char *region = cdp_default_region;
	size_t		region_len = 2;
	const char *reason;

	if (PG_NARGS() > 1)
	{
		text	   *arg = PG_GETARG_TEXT_PP(1);

		region = VARDATA_ANY(arg);
		region_len = VARSIZE_ANY_EXHDR(arg);
	}
	cdp_clean_require_encoding(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	reason = core(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), region, region_len, &result);
	cdp_clean_check_memory(&result);
	return reason;
}

static Datum
regional_value(FunctionCallInfo fcinfo, RegionalCleaner core)
{
	if (run_regional(fcinfo, core) != NULL || result.len == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cdp_clean_result(&result));
}

static Datum
regional_reason(FunctionCallInfo fcinfo, RegionalCleaner core)
{
	const char *reason = run_regional(fcinfo, core);

	if (reason == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason));
}

SQL_CALL(cdp_normalize_phone, regional_value, cdp_phone_clean)
SQL_CALL(cdp_phone_problem, regional_reason, cdp_phone_clean)
SQL_CALL(cdp_normalize_phone_library, regional_value, cdp_phone_clean_library)
SQL_CALL(cdp_phone_problem_library, regional_reason, cdp_phone_clean_library)
SQL_CALL(cdp_normalize_postal_code, regional_value, cdp_postal_code_clean)
SQL_CALL(cdp_postal_code_problem, regional_reason, cdp_postal_code_clean)
SQL_CALL(cdp_normalize_state, regional_value, cdp_state_clean)
SQL_CALL(cdp_state_problem, regional_reason, cdp_state_clean)

PG_FUNCTION_INFO_V1(cdp_phone_fast_path);

Datum
cdp_phone_fast_path(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cdp_phone_has_fast_path());
}

/* dates: (value, order) and, for birth dates, (value, order, as_of) */
static const char *
run_date(FunctionCallInfo fcinfo, CdpDate *date)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	text	   *order_arg = PG_GETARG_TEXT_PP(1);
	CdpDateOrder order;
	CdpDate		as_of;

	if (!cdp_date_order(VARDATA_ANY(order_arg), VARSIZE_ANY_EXHDR(order_arg), &order))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("no such order of day, month and year"),
				errhint("Use YMD, MDY or DMY, as in cdp.normalize_date('03/04/1980', 'MDY')."));
	cdp_clean_require_encoding(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	if (PG_NARGS() < 3)
		return cdp_date_clean(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), order, date);

	if (DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("the date as of which a birth date is checked must be finite"));
	j2date(PG_GETARG_DATEADT(2) + POSTGRES_EPOCH_JDATE, &as_of.year, &as_of.month, &as_of.day);
	return cdp_birth_date_clean(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), order, as_of, date);
}

PG_FUNCTION_INFO_V1(cdp_normalize_date);

Datum
cdp_normalize_date(PG_FUNCTION_ARGS)
{
	CdpDate		date;

	if (run_date(fcinfo, &date) != NULL || date.year == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(date2j(date.year, date.month, date.day) - POSTGRES_EPOCH_JDATE);
}

PG_FUNCTION_INFO_V1(cdp_date_problem);

Datum
cdp_date_problem(PG_FUNCTION_ARGS)
{
	CdpDate		date;
	const char *reason = run_date(fcinfo, &date);

	if (reason == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason));
}
