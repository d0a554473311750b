/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - finding a time among ascending times.
 *
 * What is looked for is usually near where the search begins: so steps that
 * double, and then a binary search within the last of them.
 */
#include "common.h"

#include "lookup.h"

uint64_t
bci_lookup_time(const int64_t *times, uint64_t first, uint64_t end,
                int64_t time_ns)
{
	uint64_t low = first, high = first, step = 1, middle;

	while (high < end && times[high] < time_ns) {
		low = high + 1;
		high = end - high > step ? high + step : end;
		step *= 2;
	}
	while (low < high) {
		middle = low + (high - low) / 2;
		if (times[middle] < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
