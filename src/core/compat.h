/*
 * compat.h
 *	  The one place that looks at PG_VERSION_NUM: code is written to the newest
 *	  API, and older servers get it emulated here.
 */
#ifndef CDP_CORE_COMPAT_H
#define CDP_CORE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "cdp needs PostgreSQL 15 or newer"
#endif

/* 16 moved the macros of variable-length values out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM < 180000
/* 18 writes it before the declaration, as C11 does; older ones have a macro for behind it */
#define pg_noreturn _Noreturn
#endif
#if PG_VERSION_NUM < 160000
/* soft errors came with 16; before, every error is a hard one */
#define ereturn(context, dummy_value, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); } while (0)
#endif

/* 16 reads all that is asked for, or says what is missing */
#if PG_VERSION_NUM >= 160000
#define cdp_buffile_read_exact(file, to, size) BufFileReadExact(file, to, size)
#else
#define cdp_buffile_read_exact(file, to, size) \
	do { if (BufFileRead(file, to, size) != (size)) \
		ereport(ERROR, errcode_for_file_access(), errmsg("could not read a temporary file")); } while (0)
#endif

#endif
