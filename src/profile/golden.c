/*
 * golden.c
 *	  Per-row questions about profiles, answered through kept plans.
 */
#include "core/core.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(cdp_current_profile);

/*
 * cdp.current_profile(space regnamespace, profile_id bigint) -> bigint
 *
 * Aliases are kept flat (an alias never points to another alias), so one look-up
 * is enough. The query runs in the caller's snapshot.
 */
Datum
cdp_current_profile(PG_FUNCTION_ARGS)
{
	static const Oid argtypes[1] = {INT8OID};
	Datum		args[1] = {PG_GETARG_DATUM(1)};
	SPIPlanPtr	plan;
	int64		result = 0;
	bool		isnull = true;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = cdp_core_plan(PG_GETARG_OID(0),
						 "SELECT p.profile_id FROM @.profile p WHERE p.profile_id = $1"
						 " UNION ALL SELECT a.profile_id FROM @.profile_alias a WHERE a.old_profile_id = $1"
						 " AND NOT EXISTS (SELECT FROM @.profile p WHERE p.profile_id = $1)",
						 1, argtypes);
	if (SPI_execute_plan(plan, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "cdp could not look up a profile");
	if (SPI_processed > 0)
		result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();

	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_INT64(result);
}
