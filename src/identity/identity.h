/*
 * identity.h
 *	  Public header of the identity room: the graph of records and its clustering.
 */
#ifndef CDP_IDENTITY_H
#define CDP_IDENTITY_H

#include "core/core.h"

/* Separates the parts of a rule's value in identifier.value; cleaning never lets it through. */
#define CDP_RULE_SEPARATOR '\x1f'

#endif
