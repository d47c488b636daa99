/*
 * errors.h
 *	  The catalogue of cdp's own SQLSTATEs, class CDP, by room.
 *
 * SQL code raises the same codes by their text (ERRCODE = 'CDP20'). Messages are
 * lower case without a full stop and hold no personal data: they name a space,
 * a source, an attribute, a record id or a profile id. Hints are sentences that
 * name the next command. The README lists this table for users.
 */
#ifndef CDP_CORE_ERRORS_H
#define CDP_CORE_ERRORS_H

#include "postgres.h"

/* consent */
#define ERRCODE_CDP_CONSENT_REFUSED		MAKE_SQLSTATE('C', 'D', 'P', '1', '0')
#define ERRCODE_CDP_NO_SUCH_PURPOSE		MAKE_SQLSTATE('C', 'D', 'P', '1', '1')
#define ERRCODE_CDP_LEDGER_APPEND_ONLY	MAKE_SQLSTATE('C', 'D', 'P', '1', '2')
#define ERRCODE_CDP_BAD_CONSENT			MAKE_SQLSTATE('C', 'D', 'P', '1', '3')
#define ERRCODE_CDP_PURPOSE_EXISTS		MAKE_SQLSTATE('C', 'D', 'P', '1', '4')
/* core */
#define ERRCODE_CDP_NO_SUCH_SPACE		MAKE_SQLSTATE('C', 'D', 'P', '2', '0')
#define ERRCODE_CDP_SPACE_EXISTS		MAKE_SQLSTATE('C', 'D', 'P', '2', '1')
#define ERRCODE_CDP_SPACE_BUSY			MAKE_SQLSTATE('C', 'D', 'P', '2', '2')
#define ERRCODE_CDP_BAD_ARGUMENT		MAKE_SQLSTATE('C', 'D', 'P', '2', '3')
#define ERRCODE_CDP_BAD_EXPRESSION		MAKE_SQLSTATE('C', 'D', 'P', '3', '0')
#define ERRCODE_CDP_EXPRESSION_TYPE		MAKE_SQLSTATE('C', 'D', 'P', '3', '1')
#define ERRCODE_CDP_EXPRESSION_REFUSED	MAKE_SQLSTATE('C', 'D', 'P', '3', '2')
/* identity: sources, attributes, rules, rulings */
#define ERRCODE_CDP_NO_SUCH_SOURCE		MAKE_SQLSTATE('C', 'D', 'P', '4', '0')
#define ERRCODE_CDP_SOURCE_LOST			MAKE_SQLSTATE('C', 'D', 'P', '4', '1')
#define ERRCODE_CDP_KEY_NOT_UNIQUE		MAKE_SQLSTATE('C', 'D', 'P', '4', '2')
#define ERRCODE_CDP_KEY_NULL			MAKE_SQLSTATE('C', 'D', 'P', '4', '3')
#define ERRCODE_CDP_SOURCE_ALTERED		MAKE_SQLSTATE('C', 'D', 'P', '4', '4')
#define ERRCODE_CDP_SOURCE_EXISTS		MAKE_SQLSTATE('C', 'D', 'P', '4', '5')
#define ERRCODE_CDP_SOURCE_DENIED		MAKE_SQLSTATE('C', 'D', 'P', '4', '6')
#define ERRCODE_CDP_NO_SUCH_ATTRIBUTE	MAKE_SQLSTATE('C', 'D', 'P', '5', '0')
#define ERRCODE_CDP_BAD_KIND			MAKE_SQLSTATE('C', 'D', 'P', '5', '1')
#define ERRCODE_CDP_ATTRIBUTE_EXISTS	MAKE_SQLSTATE('C', 'D', 'P', '5', '2')
#define ERRCODE_CDP_NO_SUCH_RECORD		MAKE_SQLSTATE('C', 'D', 'P', '6', '0')
#define ERRCODE_CDP_NO_SUCH_PROFILE		MAKE_SQLSTATE('C', 'D', 'P', '6', '1')
#define ERRCODE_CDP_RULING_CONFLICT		MAKE_SQLSTATE('C', 'D', 'P', '6', '2')
/* match */
#define ERRCODE_CDP_NO_SUCH_COMPARISON	MAKE_SQLSTATE('C', 'D', 'P', '6', '3')
#define ERRCODE_CDP_NO_SUCH_MODEL		MAKE_SQLSTATE('C', 'D', 'P', '6', '4')
#define ERRCODE_CDP_BAD_MODEL			MAKE_SQLSTATE('C', 'D', 'P', '6', '5')
#define ERRCODE_CDP_CONDITION_FAILED	MAKE_SQLSTATE('C', 'D', 'P', '6', '6')
#define ERRCODE_CDP_BAD_TRUTH			MAKE_SQLSTATE('C', 'D', 'P', '6', '7')
#define ERRCODE_CDP_NOT_RESOLVED		MAKE_SQLSTATE('C', 'D', 'P', '6', '8')
/* segment */
#define ERRCODE_CDP_NO_SUCH_SEGMENT		MAKE_SQLSTATE('C', 'D', 'P', '7', '0')
#define ERRCODE_CDP_NO_SUCH_TRAIT		MAKE_SQLSTATE('C', 'D', 'P', '7', '1')
#define ERRCODE_CDP_SEGMENT_EXISTS		MAKE_SQLSTATE('C', 'D', 'P', '7', '2')
#define ERRCODE_CDP_TRAIT_EXISTS		MAKE_SQLSTATE('C', 'D', 'P', '7', '3')
#define ERRCODE_CDP_TRAIT_IN_USE		MAKE_SQLSTATE('C', 'D', 'P', '7', '4')
/* clean */
#define ERRCODE_CDP_VALUE_REFUSED		MAKE_SQLSTATE('C', 'D', 'P', '8', '0')

#endif
