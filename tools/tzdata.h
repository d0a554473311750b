/* SPDX-License-Identifier: MIT */
/*
 * tzdata.h - the system's time zones by the names that people give them.
 */
#ifndef TOOL_TZDATA_H
#define TOOL_TZDATA_H

#include "zone.h"

#include <stdbool.h>

/*
 * Find the zone 'name': a fixed one ("UTC", "+02:00"), or one of the system's
 * ("America/New_York", "EST5EDT").  It stays until the end of the run.  NULL
 * after a message that says which names there are.
 */
const struct bci_zone *tzdata_find(const char *name);

#endif /* TOOL_TZDATA_H */
