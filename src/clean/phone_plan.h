/*
 * phone_plan.h
 *	  The North American numbering plan as an automaton: see phone_plan.c.
 */
#ifndef CDP_CLEAN_PHONE_PLAN_H
#define CDP_CLEAN_PHONE_PLAN_H

#include <stdbool.h>

typedef enum CdpPlanVerdict
{
	CDP_PLAN_INVALID,
	CDP_PLAN_VALID,
	CDP_PLAN_UNSURE				/* ask the library */
} CdpPlanVerdict;

extern bool cdp_phone_plan_start(void);
extern CdpPlanVerdict cdp_phone_plan_judge(const char *ten_digits);

#endif
