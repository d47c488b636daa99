/*
 * phone_shim.h
 *	  libphonenumber as C: see phone_shim.cpp.
 */
#ifndef CDP_CLEAN_PHONE_SHIM_H
#define CDP_CLEAN_PHONE_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C"
{
#endif

typedef enum CdpPhoneVerdict
{
	CDP_PHONE_VALID,
	CDP_PHONE_NOT_A_NUMBER,
	CDP_PHONE_UNKNOWN_REGION,	/* no + and the region is not known */
	CDP_PHONE_UNKNOWN_COUNTRY,	/* + and a country calling code that does not exist */
	CDP_PHONE_TOO_SHORT,
	CDP_PHONE_TOO_LONG,
	CDP_PHONE_WRONG_LENGTH,
	CDP_PHONE_NO_AREA_CODE,
	CDP_PHONE_NOT_VALID,
	CDP_PHONE_NO_MEMORY
} CdpPhoneVerdict;

/* longest canonical form: +, 3 + 17 digits, ";ext=", extension */
#define CDP_PHONE_OUT_MAX 64

/* Which of the texts of a numbering plan a pattern is. */
typedef enum CdpPlanPart
{
	CDP_PLAN_LEADING,			/* numbers of the region begin like this */
	CDP_PLAN_GENERAL,			/* every number of the region matches this */
	CDP_PLAN_TYPE				/* and one of these */
} CdpPlanPart;

typedef void (*CdpPlanVisitor) (void *arg, int region, CdpPlanPart part, const char *pattern);

extern bool cdp_phone_shim_start(void);
extern int	cdp_phone_shim_calling_code(const char *region);
extern CdpPhoneVerdict cdp_phone_shim_parse(const char *number, size_t len, const char *region,
											char *out, size_t *out_len);
extern bool cdp_phone_shim_north_america(CdpPlanVisitor visit, void *arg);

#ifdef __cplusplus
}
#endif

#endif
