/*
 * query.c
 *	  Statements inside of SPI whose results stay in SPI's table.
 *
 * SPI leaves the memory context of its own call; these come back in the caller's, which
 * mostly ends sooner. Rows by the million go through stream.c instead.
 */
#include "core/core.h"

static void
finish(int rc, MemoryContext caller)
{
	MemoryContextSwitchTo(caller);
	if (rc < 0)
		elog(ERROR, "cdp statement failed: %s", SPI_result_code_string(rc));
}

/* nulls: 'n' for each argument that is null, or NULL. */
void
cdp_core_query(const char *sql, int nargs, Oid *argtypes, Datum *args, const char *nulls, bool read_only)
{
	MemoryContext caller = CurrentMemoryContext;

	finish(SPI_execute_with_args(sql, nargs, argtypes, args, nulls, read_only, 0), caller);
}

void
cdp_core_execute(SPIPlanPtr plan, Datum *args, bool read_only)
{
	MemoryContext caller = CurrentMemoryContext;

	finish(SPI_execute_plan(plan, args, NULL, read_only, 0), caller);
}

/* A value of the last statement's result; it lies in SPI's table. */
Datum
cdp_core_result(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}
