/* SPDX-License-Identifier: MIT */
/*
 * fuzz_zoneinfo.c - any bytes as a zone file.  What is made of them is a table
 * of changes that ascend, and can be asked for any moment.
 */
#include "target.h"

#include "alloc.h"
#include "calendar.h"
#include "zoneinfo.h"

static void
check_zone(const struct bci_zone *zone)
{
	int64_t moments[2];
	size_t hint = 0;

	CHECK(zone->count > 0);
	for (size_t i = 0; i < zone->count; i++) {
		const struct bci_zone_change *change = &zone->changes[i];

		CHECK(change->ahead_ns > -BCI_DAY_NS &&
		      change->ahead_ns < BCI_DAY_NS);
		if (i == 0)
			continue;
		CHECK(change->utc_ns > change[-1].utc_ns);
		CHECK(change->ahead_ns != change[-1].ahead_ns);
		CHECK(bci_zone_to_local(zone, change->utc_ns, &hint) ==
		      change->utc_ns + change->ahead_ns);
		CHECK(bci_zone_to_utc(zone, change->utc_ns, &hint, moments) <=
		      2);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct bci_zone zone;
	struct bc_error err;

	if (bci_zoneinfo_parse(&bci_allocator_default, data, bytes, &zone,
	                       &err) != BC_OK) {
		CHECK(err.status == BC_INVALID && err.message[0] != '\0');
		return 0;
	}
	check_zone(&zone);
	bci_free(&bci_allocator_default, zone.changes);
	return 0;
}
