/*
 * module.c
 *	  Start of the cdp module. _PG_init is the table of contents: each room owns
 *	  its settings, hooks and caches and is started here, lowest room first.
 */
#include "core/core.h"
#include "fmgr.h"
#include "match/match.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	cdp_core_settings_init();
	cdp_core_space_init();
	cdp_core_plan_init();
	cdp_match_init();

	MarkGUCPrefixReserved("cdp");
}
