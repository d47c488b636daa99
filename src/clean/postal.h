/*
 * postal.h
 *	  Countries, states and postal codes: see postal.c.
 */
#ifndef CDP_CLEAN_POSTAL_H
#define CDP_CLEAN_POSTAL_H

#include "clean/value.h"

extern const char *cdp_country_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_state_clean(const char *in, size_t len, const char *country, size_t country_len, CdpBuf *out);
extern const char *cdp_postal_code_clean(const char *in, size_t len, const char *country, size_t country_len, CdpBuf *out);

#endif
