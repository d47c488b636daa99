/*
 * settings.c
 *	  The settings (GUCs) of cdp, in alphabetical order.
 */
#include "core/core.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

char	   *cdp_default_region = NULL;
int			cdp_max_records_per_value = 50;

/* A region is an ISO 3166-1 alpha-2 code: two upper-case ASCII letters. */
static bool
check_region(char **newval, void **extra, GucSource source)
{
	const char *v = *newval;

	if (v[0] >= 'A' && v[0] <= 'Z' && v[1] >= 'A' && v[1] <= 'Z' && v[2] == '\0')
		return true;
	GUC_check_errdetail("A region is a two-letter ISO 3166 country code in upper case, such as US.");
	return false;
}

void
cdp_core_settings_init(void)
{
	DefineCustomStringVariable("cdp.default_region",
							   "Country assumed for phone numbers and postal codes that do not name one.",
							   "ISO 3166-1 alpha-2, upper case. A space keeps the value in force when it was created.",
							   &cdp_default_region, "US", PGC_USERSET, 0,
							   check_region, NULL, NULL);

	DefineCustomIntVariable("cdp.max_records_per_value",
							"An identifier value shared by more records than this identifies nobody.",
							"Such values are listed by cdp.common_values and count again when they fall under the limit.",
							&cdp_max_records_per_value, 50, 2, 10000, PGC_USERSET, 0,
							NULL, NULL, NULL);
}

PG_FUNCTION_INFO_V1(cdp_setting);

/*
 * cdp_internal.setting(name text) -> text
 * current_setting(), but calling it loads the module, so that a setting of cdp is
 * known even when nothing else of cdp has run in the session.
 */
Datum
cdp_setting(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	/* others have rules of their own on who may see them, and may hold no value at all */
	if (strncmp(name, "cdp.", 4) != 0)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("this is not a setting of cdp"),
				errhint("Use current_setting for other settings."));
	PG_RETURN_TEXT_P(cstring_to_text(GetConfigOption(name, false, true)));
}
