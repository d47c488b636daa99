/*
 * progress.c
 *	  How far long work is: shown to other sessions as the query text in
 *	  pg_stat_activity ("cdp: …"), and to the own client as a NOTICE.
 *
 * The activity text is overwritten by the next statement of the session, so
 * nothing has to be put back. Steps are few (tens per run, never per row).
 */
#include "core/core.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"

/* Bytes of a message; what is longer is cut. */
#define MAX_SHOWN 250

static void
format_message(char *text, size_t size, const char *fmt, va_list args)
{
	int			len = vsnprintf(text, size, fmt, args);

	/* not in the middle of a character: a message must be valid in the client's encoding */
	if (len >= (int) size)
		text[pg_mbcliplen(text, strlen(text), MAX_SHOWN)] = '\0';
}

static void
show_activity(const char *text)
{
	char		activity[272];

	snprintf(activity, sizeof(activity), "cdp: %s", text);
	pgstat_report_activity(STATE_RUNNING, activity);
}

/* For others only: what changes from second to second. */
void
cdp_core_activity(const char *fmt,...)
{
	char		text[256];
	va_list		args;

	va_start(args, fmt);
	format_message(text, sizeof(text), fmt, args);
	va_end(args);
	show_activity(text);
}

void
cdp_core_progress(const char *fmt,...)
{
	char		text[256];
	va_list		args;

	va_start(args, fmt);
	format_message(text, sizeof(text), fmt, args);
	va_end(args);
	show_activity(text);
	ereport(NOTICE, errmsg_internal("%s", text));
}

PG_FUNCTION_INFO_V1(cdp_progress);

/* cdp_internal.progress(text): see above. */
Datum
cdp_progress(PG_FUNCTION_ARGS)
{
	cdp_core_progress("%s", text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}
