/*
 * stream.c
 *	  Rows of a query, given to a function one by one as they leave the executor.
 *
 * What reads millions of rows must not collect them first. By-reference values are
 * valid only inside the function, which runs in the caller's memory context.
 */
#include "core/core.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"

typedef struct RowReceiver
{
	DestReceiver pub;
	CdpRowFn	fn;
	void	   *state;
	MemoryContext context;		/* the caller's, for what fn keeps */
} RowReceiver;

static bool
row_receive(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *r = (RowReceiver *) self;
	MemoryContext old;

	slot_getallattrs(slot);
	old = MemoryContextSwitchTo(r->context);
	r->fn(slot, r->state);
	MemoryContextSwitchTo(old);
	return true;
}

static void
row_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
row_done(DestReceiver *self)
{
}

/*
 * Runs a query, inside of SPI, and gives each row to fn. fn reads values by the types
 * that it expects: columns of a space's tables, which are the user's to alter, are cast
 * where a wrong type would be followed as a pointer or used as an index.
 */
void
cdp_core_stream(const char *sql, int nargs, const Oid *argtypes, const Datum *args, CdpRowFn fn, void *state)
{
	RowReceiver receiver = {
		.pub = {.receiveSlot = row_receive, .rStartup = row_startup, .rShutdown = row_done,
		.rDestroy = row_done, .mydest = DestNone},
		.fn = fn,
		.state = state,
		.context = CurrentMemoryContext
	};
	SPIExecuteOptions options = {.read_only = false, .dest = (DestReceiver *) &receiver};
	ParamListInfo params = NULL;
	int			rc;

	if (nargs > 0)
	{
		params = makeParamList(nargs);
		for (int i = 0; i < nargs; i++)
			params->params[i] = (ParamExternData)
		{
			.value = args[i], .isnull = false, .pflags = PARAM_FLAG_CONST, .ptype = argtypes[i]
		};
	}
	options.params = params;
	rc = SPI_execute_extended(sql, &options);
	MemoryContextSwitchTo(receiver.context);	/* SPI leaves its own */
	if (rc < 0)
		elog(ERROR, "cdp query failed: %s", SPI_result_code_string(rc));
}
