/* SPDX-License-Identifier: MIT */
/*
 * compression.h - what packing gives, as info and stats print it.
 */
#ifndef TOOL_COMPRESSION_H
#define TOOL_COMPRESSION_H

#include "barcache.h"

#include <jansson.h>

/* A line for each codec that is used: "dec  12 MiB as 2 MiB (6.0 to 1)". */
void compression_print(const struct bc_compression *compression);

/* {"tiers": {"warm": {...}, "cold": ...}, "packed": ..., "codecs": ...} */
json_t *compression_json(const struct bc_compression *compression);

#endif /* TOOL_COMPRESSION_H */
