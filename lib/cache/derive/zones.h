/* SPDX-License-Identifier: MIT */
/*
 * zones.h - the time zones that this process has asked for, by name.
 */
#ifndef BCI_ZONES_H
#define BCI_ZONES_H

#include "zone.h"

#define BCI_ZONES_DIRECTORY "/usr/share/zoneinfo"

/*
 * Find the zone 'name': a fixed one ("UTC", "+02:00"), or one that has a file
 * in 'directory' ("America/New_York").  It stays until the process ends.  Any
 * thread may call.  Returns BC_OK; BC_ABSENT if there is none; BC_INVALID if
 * its file is damaged; BC_NOMEM; BC_IO.  *out is NULL on failure.
 */
BC_CHECKED enum bc_status bci_zones_find(const char *directory,
                                         const char *name,
                                         const struct bci_zone **out,
                                         struct bc_error *err);

#endif /* BCI_ZONES_H */
