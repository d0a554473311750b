/* SPDX-License-Identifier: MIT */
/*
 * freshness.c - whether what had not ended when it was fetched is to be fetched
 * again.
 *
 * The moment at which it will be is stored, not the age that it may have: so a
 * caller that knows when its market closes says that instead.
 */
#include "common.h"

#include "freshness.h"
#include "timeframe.h"

#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS (3600 * SECOND_NS)
#define DAY_NS (24 * HOUR_NS)

bool
bci_is_fresh(int64_t fetched_ns, int64_t refresh_ns, int64_t now_ns)
{
	int64_t ahead_ns;

	return now_ns < refresh_ns &&
	       !__builtin_sub_overflow(fetched_ns, now_ns, &ahead_ns) &&
	       ahead_ns <= HOUR_NS;
}

int64_t
bci_freshness_default(const char *key)
{
	struct bci_timeframe timeframe;
	char text[BC_KEY_MAX + 8];
	struct bc_series series;

	if (bc_key_parse(key, text, &series, NULL) != BC_OK ||
	    !bci_timeframe_parse(series.timeframe, strlen(series.timeframe),
	                         &timeframe))
		return HOUR_NS;
	if (timeframe.step_ns == DAY_NS)
		return DAY_NS;
	if (timeframe.step_ns == 60 * SECOND_NS ||
	    timeframe.step_ns == 300 * SECOND_NS)
		return 300 * SECOND_NS;
	return HOUR_NS;
}
