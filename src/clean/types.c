/*
 * types.c
 *	  The types cdp.email and cdp.phone: text that is known to be clean.
 *
 * Both are stored as the bytes of their canonical form, so that the cast to text
 * costs nothing. Input cleans and refuses, with CDP80 and the reason but never the
 * value. Values are ordered and hashed by their bytes; no collation takes part.
 *
 * A restore must not fail because what is valid has changed since the dump (a
 * newer libphonenumber, a longer list of placeholders). Dumps switch
 * check_function_bodies off, and while it is off a value that has the shape of the
 * canonical form is taken as it is.
 */
#include "clean/clean.h"
#include "clean/phone.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/guc.h"

static const char *
clean_email(const char *s, size_t len, CdpBuf *out)
{
	return cdp_email_clean(s, len, out);
}

static const char *
clean_phone(const char *s, size_t len, CdpBuf *out)
{
	return cdp_phone_clean(s, len, cdp_default_region, 2, out);
}

/* The shape of what cdp_email_clean gives: what a dump contains. */
static bool
is_shaped_email(const char *s, size_t len)
{
	int			at = 0;

	for (size_t i = 0; i < len; i++)
	{
		if ((unsigned char) s[i] < ' ' || s[i] == 0x7F || cdp_is_upper(s[i]) || (s[i] == ' ' && s[0] != '"'))
			return false;
		at += s[i] == '@';
	}
	return at == 1 && len <= 254 && s[0] != '@' && s[0] != '<' && s[len - 1] != '@' && cdp_is_alnum(s[len - 1]) &&
		cdp_utf8_valid(s, len);
}

/* +, at most 18 digits, and perhaps ;ext= with digits */
static bool
is_shaped_phone(const char *s, size_t len)
{
	size_t		i = 1;

	if (len < 6 || s[0] != '+' || s[1] == '0')
		return false;
	while (i < len && cdp_is_digit(s[i]))
		i++;
	if (i < 6 || i > 19)
		return false;
	if (i == len)
		return true;
	if (len - i < 6 || len - i > 25 || memcmp(s + i, ";ext=", 5) != 0)
		return false;
	for (i += 5; i < len; i++)
		if (!cdp_is_digit(s[i]))
			return false;
	return true;
}

typedef struct CleanType
{
	const char *what;
	const char *hint;
	CdpCleaner	clean;
	bool		(*is_shaped) (const char *s, size_t len);
} CleanType;

static const CleanType email_type = {
	"e-mail address", "cdp.normalize_email gives NULL for such a value, and cdp.email_problem the reason.", clean_email, is_shaped_email
};

static const CleanType phone_type = {
	"telephone number", "cdp.normalize_phone gives NULL for such a value, and cdp.phone_problem the reason.", clean_phone, is_shaped_phone
};

/* Any text to a value of the type; context takes a soft error where the server knows them. */
static Datum
clean_value(const CleanType *type, const char *s, size_t len, Node *context)
{
	static CdpBuf buf;
	const char *reason;

	cdp_clean_require_encoding(s, len);
	reason = type->clean(s, len, &buf);
	cdp_clean_check_memory(&buf);
	if (reason == NULL && buf.len == 0)
		reason = "blank";
	if (reason != NULL)
		ereturn(context, (Datum) 0,
				errcode(ERRCODE_CDP_VALUE_REFUSED),
				errmsg("value refused as %s: %s", type->what, reason),
				errhint("%s", type->hint));
	return PointerGetDatum(cdp_clean_result(&buf));
}

/* The same for what comes from outside: a dump is believed. */
static Datum
read_value(const CleanType *type, const char *s, size_t len, Node *context)
{
	if (!check_function_bodies && type->is_shaped(s, len))
		return PointerGetDatum(cstring_to_text_with_len(s, len));
	return clean_value(type, s, len, context);
}

static int
compare(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	size_t		a_len = VARSIZE_ANY_EXHDR(a);
	size_t		b_len = VARSIZE_ANY_EXHDR(b);
	int			cmp = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_len, b_len));

	if (cmp == 0)
		cmp = a_len < b_len ? -1 : a_len > b_len;
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return cmp;
}

#define TYPE_CALL(name) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS)

TYPE_CALL(cdp_email_in)
{
	char	   *s = PG_GETARG_CSTRING(0);

	return read_value(&email_type, s, strlen(s), fcinfo->context);
}

TYPE_CALL(cdp_phone_in)
{
	char	   *s = PG_GETARG_CSTRING(0);

	return read_value(&phone_type, s, strlen(s), fcinfo->context);
}

TYPE_CALL(cdp_email_from_text)
{
	text	   *t = PG_GETARG_TEXT_PP(0);

	return clean_value(&email_type, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), NULL);
}

TYPE_CALL(cdp_phone_from_text)
{
	text	   *t = PG_GETARG_TEXT_PP(0);

	return clean_value(&phone_type, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), NULL);
}

/* The wire carries text; what comes in is cleaned like any input. */
static Datum
receive(FunctionCallInfo fcinfo, const CleanType *type)
{
	StringInfo	msg = (StringInfo) PG_GETARG_POINTER(0);
	int			len;
	char	   *s = pq_getmsgtext(msg, msg->len - msg->cursor, &len);

	return read_value(type, s, len, NULL);
}

TYPE_CALL(cdp_email_recv)
{
	return receive(fcinfo, &email_type);
}

TYPE_CALL(cdp_phone_recv)
{
	return receive(fcinfo, &phone_type);
}

/* output, sending, comparing and hashing are the same for both types */
TYPE_CALL(cdp_value_out)
{
	PG_RETURN_CSTRING(TextDatumGetCString(PG_GETARG_DATUM(0)));
}

TYPE_CALL(cdp_value_send)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	StringInfoData msg;

	pq_begintypsend(&msg);
	pq_sendtext(&msg, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
	PG_RETURN_BYTEA_P(pq_endtypsend(&msg));
}

/* For values that a normaliser of this room has just made: a new label, no check. */
TYPE_CALL(cdp_value_trusted)
{
	return PG_GETARG_DATUM(0);
}

TYPE_CALL(cdp_value_cmp)
{
	PG_RETURN_INT32(compare(fcinfo));
}

TYPE_CALL(cdp_value_eq)
{
	PG_RETURN_BOOL(compare(fcinfo) == 0);
}

TYPE_CALL(cdp_value_ne)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

TYPE_CALL(cdp_value_lt)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

TYPE_CALL(cdp_value_le)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

TYPE_CALL(cdp_value_gt)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

TYPE_CALL(cdp_value_ge)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

TYPE_CALL(cdp_value_hash)
{
	struct varlena *v = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any((unsigned char *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));

	PG_FREE_IF_COPY(v, 0);
	return hash;
}

TYPE_CALL(cdp_value_hash_extended)
{
	struct varlena *v = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any_extended((unsigned char *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(v, 0);
	return hash;
}

TYPE_CALL(cdp_value_smaller)
{
	return compare(fcinfo) <= 0 ? PG_GETARG_DATUM(0) : PG_GETARG_DATUM(1);
}

TYPE_CALL(cdp_value_larger)
{
	return compare(fcinfo) >= 0 ? PG_GETARG_DATUM(0) : PG_GETARG_DATUM(1);
}
