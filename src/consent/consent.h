/*
 * consent.h
 *	  Public header of the consent room: purposes, the ledger, decisions.
 */
#ifndef CDP_CONSENT_H
#define CDP_CONSENT_H

#include "core/core.h"

/* ledger.c */
extern void cdp_consent_no_such_purpose(Oid space, const char *purpose);	/* raises CDP11 */

#endif
