/* SPDX-License-Identifier: MIT */
/*
 * bucket.c - time cut into buckets: minutes, hours, days, weeks, months.
 *
 * Buckets shorter than a day that are counted from 1970 are a division.  All
 * others are numbered units of whole days by the wall clock: a moment gives a
 * date, the date a unit, and the unit the moments at which it and the next one
 * begin.  A wall clock may show midnight twice or never, so the unit found is
 * put right by these moments: they ascend, whatever the wall clock does.
 */
#include "common.h"

#include "bucket.h"
#include "calendar.h"
#include "error.h"

#define BUCKET_HOUR_NS (3600 * BCI_SECOND_NS)

/* The first Monday of 1970, in days since its beginning. */
#define BUCKET_MONDAY 4

static int64_t
bucket_divide(int64_t value, int64_t divisor)
{
	return value / divisor - (value % divisor < 0);
}

/* ------------------------------------------------------------------------ */
/*  Units of days                                                           */
/* ------------------------------------------------------------------------ */

/* How many days a unit has; 0 if it is counted in months. */
static int64_t
bucket_days(const struct bci_bucket_rule *rule)
{
	int64_t days = rule->timeframe.step_ns / BCI_DAY_NS;

	if (rule->timeframe.months != 0)
		return 0;
	return days > 0 ? days : 1; /* Within a day: cut days first. */
}

/* The day on which unit 0 begins. */
static int64_t
bucket_first_day(const struct bci_bucket_rule *rule, int64_t days)
{
	return days % 7 == 0 ? (BUCKET_MONDAY + rule->week_begins) % 7 : 0;
}

/* The unit that a day, counted from 1970, lies in. */
static int64_t
bucket_unit(const struct bci_bucket_rule *rule, int64_t day)
{
	int64_t days = bucket_days(rule);
	struct bci_date date;

	if (days > 0)
		return bucket_divide(day - bucket_first_day(rule, days), days);
	date = bci_date_of_days(day);
	return bucket_divide((date.year - 1970) * 12 + date.month - 1,
	                     rule->timeframe.months);
}

/*
 * The moment at which the wall clock of the rule shows 'local_ns'; where it is
 * skipped, that at which the wall clock is set forward.
 */
static int64_t
bucket_moment(const struct bci_bucket_rule *rule, int64_t local_ns,
              size_t *hint)
{
	const struct bci_zone *zone = rule->zone;
	int64_t moments[2], skipped;
	size_t i;

	if (zone == NULL)
		return local_ns;
	if (bci_zone_to_utc(zone, local_ns, hint, moments) > 0)
		return moments[0];
	for (i = *hint + 1; i < zone->count; i++) {
		skipped = zone->changes[i].utc_ns + zone->changes[i].ahead_ns;
		if (skipped > local_ns)
			return zone->changes[i].utc_ns;
	}
	return local_ns; /* Not reached: without a change none is skipped. */
}

/* The moment at which a unit begins; false if it does not fit. */
static bool
bucket_begin(const struct bci_bucket_rule *rule, int64_t unit, size_t *hint,
             int64_t *out)
{
	int64_t days = bucket_days(rule), month, local_ns;

	if (days > 0) {
		if (__builtin_mul_overflow(unit, days, &local_ns))
			return false;
		local_ns += bucket_first_day(rule, days);
	} else {
		if (__builtin_mul_overflow(unit, rule->timeframe.months,
		                           &month) ||
		    month < -1970 * 12 || month > 1000 * 12)
			return false;
		month += 1970 * 12;
		local_ns = bci_days_of_date(month / 12, month % 12 + 1, 1);
	}
	if (__builtin_mul_overflow(local_ns, BCI_DAY_NS, &local_ns) ||
	    __builtin_add_overflow(local_ns, rule->offset_ns, &local_ns))
		return false;
	/* A day from the limits, so that no wall clock goes beyond them. */
	if (local_ns <= INT64_MIN + 2 * BCI_DAY_NS ||
	    local_ns >= INT64_MAX - 2 * BCI_DAY_NS)
		return false;
	*out = bucket_moment(rule, local_ns, hint);
	return true;
}

/* The unit of days that holds a moment. */
static bool
bucket_find_unit(const struct bci_bucket_rule *rule, int64_t time_ns,
                 size_t *hint, struct bci_bucket *out)
{
	int64_t local_ns = time_ns, unit;

	if (time_ns <= INT64_MIN + 2 * BCI_DAY_NS ||
	    time_ns >= INT64_MAX - 2 * BCI_DAY_NS)
		return false;
	if (rule->zone != NULL)
		local_ns = bci_zone_to_local(rule->zone, time_ns, hint);
	unit = bucket_unit(
		rule, bucket_divide(local_ns - rule->offset_ns, BCI_DAY_NS));
	if (!bucket_begin(rule, unit, hint, &out->from_ns) ||
	    !bucket_begin(rule, unit + 1, hint, &out->to_ns))
		return false;
	while (out->from_ns > time_ns) {
		out->to_ns = out->from_ns;
		if (!bucket_begin(rule, --unit, hint, &out->from_ns))
			return false;
	}
	while (out->to_ns <= time_ns) {
		out->from_ns = out->to_ns;
		if (!bucket_begin(rule, ++unit + 1, hint, &out->to_ns))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Any bucket                                                              */
/* ------------------------------------------------------------------------ */

bool
bci_bucket_find(const struct bci_bucket_rule *rule, int64_t time_ns,
                size_t *hint, struct bci_bucket *out)
{
	int64_t step = rule->timeframe.step_ns, distance, end;
	struct bci_bucket day = { rule->offset_ns, INT64_MAX };

	if (step == 0 || step % BCI_DAY_NS == 0)
		return bucket_find_unit(rule, time_ns, hint, out);
	if (rule->origin == BCI_ORIGIN_DAY &&
	    !bucket_find_unit(rule, time_ns, hint, &day))
		return false;
	if (__builtin_sub_overflow(time_ns, day.from_ns, &distance) ||
	    __builtin_mul_overflow(bucket_divide(distance, step), step,
	                           &distance) ||
	    __builtin_add_overflow(day.from_ns, distance, &out->from_ns) ||
	    __builtin_add_overflow(out->from_ns, step, &end))
		return false;
	out->to_ns = end < day.to_ns ? end : day.to_ns;
	return true;
}

/* ------------------------------------------------------------------------ */
/*  What makes sense                                                        */
/* ------------------------------------------------------------------------ */

/* The rule alone. */
static enum bc_status
bucket_check_rule(const struct bci_bucket_rule *rule, struct bc_error *err)
{
	int64_t step = rule->timeframe.step_ns;

	if ((step > 0) == (rule->timeframe.months > 0) || step < 0)
		return bci_fail(err, BC_INVALID, "no timeframe to make");
	if (step > BCI_DAY_NS && step % BCI_DAY_NS != 0 &&
	    (rule->zone != NULL || rule->origin == BCI_ORIGIN_DAY))
		return bci_fail(err, BC_INVALID,
		                "bars longer than a day that begin with a day "
		                "must be whole days");
	if (rule->offset_ns <= -BCI_DAY_NS || rule->offset_ns >= BCI_DAY_NS)
		return bci_fail(err, BC_INVALID, "an offset of a day or more");
	if (rule->week_begins > 6)
		return bci_fail(err, BC_INVALID,
		                "weeks begin on day 0, Monday, to 6, Sunday");
	return BC_OK;
}

/* Why bars of 'source' cannot be put together by the rule, or NULL. */
static const char *
bucket_fault(const struct bci_bucket_rule *rule,
             const struct bci_timeframe *source)
{
	const struct bci_timeframe *target = &rule->timeframe;
	bool by_day = target->step_ns % BCI_DAY_NS == 0 ||
	              rule->origin == BCI_ORIGIN_DAY;

	if (source->months != 0) {
		if (target->months == 0 || target->months < source->months)
			return "they are finer";
		return target->months % source->months != 0
		               ? "they are no multiple"
		               : NULL;
	}
	if (target->months == 0 && target->step_ns < source->step_ns)
		return "they are finer";
	if (target->step_ns % source->step_ns != 0)
		return "they are no multiple";
	if (target->months != 0 && source->step_ns > BCI_DAY_NS)
		return "months begin within a bar";
	if (source->step_ns < BCI_DAY_NS && by_day &&
	    BCI_DAY_NS % source->step_ns != 0)
		return "days begin within a bar";
	if (source->step_ns < BCI_DAY_NS &&
	    rule->offset_ns % source->step_ns != 0)
		return "with this offset they begin within a bar";
	return NULL;
}

enum bc_status
bci_bucket_check(const struct bci_bucket_rule *rule,
                 const struct bci_timeframe *source, struct bc_error *err)
{
	char want[BCI_TIMEFRAME_TEXT], have[BCI_TIMEFRAME_TEXT];
	const char *fault;
	enum bc_status status = bucket_check_rule(rule, err);

	if (status != BC_OK || (source->step_ns == 0 && source->months == 0))
		return status;
	fault = bucket_fault(rule, source);
	if (fault == NULL)
		return BC_OK;
	bci_timeframe_name(&rule->timeframe, want);
	bci_timeframe_name(source, have);
	return bci_fail(err, BC_INVALID,
	                "bars of %s cannot be made of bars of %s: %s", want,
	                have, fault);
}
