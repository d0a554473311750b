/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - finding a time among ascending times.
 *
 * What is looked for is usually near where the search begins: so steps that
 * double, and then a binary search within the last of them.  Where nothing
 * says where to begin, the guess is that rows are spread evenly: bars are,
 * within a session, and over many of them nearly so.
 */
#include "common.h"

#include "control.h"
#include "lookup.h"

/* The same between two rows: the first is not beyond the result, nor is it
 * beyond the second. */
static uint64_t
lookup_between(const int64_t *times, uint64_t low, uint64_t high,
               int64_t time_ns)
{
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (times[middle] < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t
bci_lookup_time(const int64_t *times, uint64_t first, uint64_t end,
                int64_t time_ns)
{
	uint64_t low = first, high = first, step = 1;

	while (high < end && times[high] < time_ns) {
		low = high + 1;
		high = end - high > step ? high + step : end;
		step *= 2;
	}
	return lookup_between(times, low, high, time_ns);
}

/* The same towards the beginning: 'end' itself or a row before it. */
static uint64_t
lookup_back(const int64_t *times, uint64_t end, int64_t time_ns)
{
	uint64_t low = end, high = end, step = 1;

	while (low > 0) {
		low = low > step ? low - step : 0;
		if (times[low] < time_ns)
			return lookup_between(times, low + 1, high, time_ns);
		high = low;
		step *= 2;
	}
	return high;
}

/* Where row 'time_ns' lies between two, if those between them are even. */
static uint64_t
lookup_guess(uint64_t rows, int64_t first_ns, int64_t last_ns, int64_t time_ns)
{
	double part = (double)((uint64_t)time_ns - (uint64_t)first_ns) /
	              (double)((uint64_t)last_ns - (uint64_t)first_ns);

	return (uint64_t)(part * (double)(rows - 1));
}

uint64_t
bci_lookup_row(const struct bci_lookup *known, const int64_t *times,
               int64_t time_ns)
{
	uint64_t distance, guess;

	if (known->rows == 0 || time_ns <= known->first_ns)
		return 0;
	if (time_ns > known->last_ns ||
	    (BCI_CONTROL(bound_off_by_one) && time_ns == known->last_ns))
		return known->rows;
	if (known->step_ns > 0) {
		distance = (uint64_t)time_ns - (uint64_t)known->first_ns;
		guess = (distance - 1) / (uint64_t)known->step_ns + 1;
		return guess < known->rows ? guess : known->rows;
	}
	/* Here first_ns < time_ns <= last_ns: the guess divides by no zero. */
	guess = lookup_guess(known->rows, known->first_ns, known->last_ns,
	                     time_ns);
	if (guess >= known->rows)
		guess = known->rows - 1;
	if (times[guess] < time_ns)
		return bci_lookup_time(times, guess + 1, known->rows, time_ns);
	return lookup_back(times, guess, time_ns);
}
