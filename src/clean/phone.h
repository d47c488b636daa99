/*
 * phone.h
 *	  Telephone numbers: see phone.c. Apart from value.h because it needs the C++
 *	  shim at the link.
 */
#ifndef CDP_CLEAN_PHONE_H
#define CDP_CLEAN_PHONE_H

#include "clean/value.h"

extern const char *cdp_phone_clean(const char *in, size_t len, const char *region, size_t region_len, CdpBuf *out);
extern const char *cdp_phone_clean_library(const char *in, size_t len, const char *region, size_t region_len,
										   CdpBuf *out);
extern bool cdp_phone_has_fast_path(void);

#endif
