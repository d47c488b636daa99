/*
 * text.h
 *	  Free text, streets, identifiers, numbers, genders: see text.c.
 */
#ifndef CDP_CLEAN_TEXT_H
#define CDP_CLEAN_TEXT_H

#include "clean/value.h"

extern const char *cdp_text_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_text_key_of(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_street_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_street_key_of(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_id_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_number_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_gender_clean(const char *in, size_t len, CdpBuf *out);

#endif
