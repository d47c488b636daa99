/*
 * draw.h
 *	  Numbers by lot for the property tests, the same for the same seed.
 */
#ifndef TEST_MATCH_DRAW_H
#define TEST_MATCH_DRAW_H

#include "match/store.h"

static uint64_t state;

static int
draw(int below)
{
	state = cdp_mix(state + UINT64_C(0x9E3779B97F4A7C15));
	return (state >> 33) % below;
}

#endif
