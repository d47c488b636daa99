/*
 * date.h
 *	  Calendar dates from text: see date.c.
 */
#ifndef CDP_CLEAN_DATE_H
#define CDP_CLEAN_DATE_H

#include "clean/value.h"

typedef enum CdpDateOrder
{
	CDP_ORDER_YMD,				/* no order for what does not begin with the year */
	CDP_ORDER_MDY,
	CDP_ORDER_DMY
} CdpDateOrder;

/* year 0: the value was blank */
typedef struct CdpDate
{
	int			year;
	int			month;
	int			day;
} CdpDate;

extern bool cdp_date_order(const char *s, size_t len, CdpDateOrder *order);
extern const char *cdp_date_clean(const char *in, size_t len, CdpDateOrder order, CdpDate *out);
extern const char *cdp_birth_date_clean(const char *in, size_t len, CdpDateOrder order, CdpDate as_of, CdpDate *out);

#endif
