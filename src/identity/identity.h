/*
 * identity.h
 *	  Public header of the identity room: the graph of records and its clustering.
 */
#ifndef CDP_IDENTITY_H
#define CDP_IDENTITY_H

#include "core/core.h"

#endif
