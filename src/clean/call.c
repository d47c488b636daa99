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
#include "clean/phone.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#define KEEP_BYTES (256 * 1024)

static CdpBuf result;

/*
 * Unicode work needs UTF-8. A database without an encoding (SQL_ASCII) is taken
 * to hold UTF-8, and what is not is refused as a value; in any other encoding
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

/* telephone: with a region, or with cdp.default_region */
typedef const char *(*PhoneCleaner) (const char *in, size_t len, const char *region, size_t region_len, CdpBuf *out);

static const char *
run_phone(FunctionCallInfo fcinfo, PhoneCleaner core)
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
phone_value(FunctionCallInfo fcinfo, PhoneCleaner core)
{
	if (run_phone(fcinfo, core) != NULL || result.len == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cdp_clean_result(&result));
}

static Datum
phone_reason(FunctionCallInfo fcinfo, PhoneCleaner core)
{
	const char *reason = run_phone(fcinfo, core);

	if (reason == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason));
}

SQL_CALL(cdp_normalize_phone, phone_value, cdp_phone_clean)
SQL_CALL(cdp_phone_problem, phone_reason, cdp_phone_clean)
SQL_CALL(cdp_normalize_phone_library, phone_value, cdp_phone_clean_library)
SQL_CALL(cdp_phone_problem_library, phone_reason, cdp_phone_clean_library)

PG_FUNCTION_INFO_V1(cdp_phone_fast_path);

Datum
cdp_phone_fast_path(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cdp_phone_has_fast_path());
}
