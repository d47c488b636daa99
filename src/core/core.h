/*
 * core.h
 *	  Public header of the core room: settings, the space cache, kept plans,
 *	  expression checking, progress.
 */
#ifndef CDP_CORE_H
#define CDP_CORE_H

#include "core/compat.h"
#include "core/errors.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"

/* settings.c */
extern char *cdp_default_region;
extern int	cdp_max_records_per_value;
extern void cdp_core_settings_init(void);

/* space.c */
extern void cdp_core_space_init(void);
extern const char *cdp_core_space_schema(Oid space);

/* plan.c */
extern void cdp_core_plan_init(void);
extern SPIPlanPtr cdp_core_plan(Oid space, const char *template, int nargs, const Oid *argtypes);

/* stream.c */
typedef void (*CdpRowFn) (TupleTableSlot *slot, void *state);
extern void cdp_core_stream(const char *sql, int nargs, const Oid *argtypes, const Datum *args, CdpRowFn fn, void *state);

/* query.c */
extern void cdp_core_query(const char *sql, int nargs, Oid *argtypes, Datum *args, const char *nulls, bool read_only);
extern void cdp_core_execute(SPIPlanPtr plan, Datum *args, bool read_only);
extern Datum cdp_core_result(uint64 row, int column, bool *isnull);

/* copy.c */
typedef bool (*CdpCopyFn) (void *state, StringInfo row);
extern void cdp_core_copy(Oid space, const char *table, int n_columns, const char *const *columns, CdpCopyFn fn, void *state);
extern void cdp_core_copy_null(StringInfo row);
extern void cdp_core_copy_int4(StringInfo row, int32 value);
extern void cdp_core_copy_bytes(StringInfo row, const char *value, int len);
extern void cdp_core_copy_int8(StringInfo row, int64 value);
extern void cdp_core_copy_float8(StringInfo row, double value);
extern void cdp_core_copy_text(StringInfo row, const char *value);

/* progress.c */
extern void cdp_core_activity(const char *fmt,...) pg_attribute_printf(1, 2);
extern void cdp_core_progress(const char *fmt,...) pg_attribute_printf(1, 2);

#endif
