/*
 * clean.h
 *	  Public header of the clean room: the cores (value.h) as the server calls
 *	  them.
 */
#ifndef CDP_CLEAN_H
#define CDP_CLEAN_H

#include "core/core.h"
#include "clean/value.h"

/* call.c */
extern void cdp_clean_require_encoding(const char *s, size_t len);
extern void cdp_clean_check_memory(const CdpBuf *buf);
extern text *cdp_clean_result(const CdpBuf *buf);

#endif
