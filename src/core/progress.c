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
#include "utils/backend_status.h"
#include "utils/builtins.h"

void
cdp_core_progress(const char *fmt,...)
{
	char		text[256];
	char		activity[272];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	snprintf(activity, sizeof(activity), "cdp: %s", text);
	pgstat_report_activity(STATE_RUNNING, activity);
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
