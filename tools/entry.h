/* SPDX-License-Identifier: MIT */
/*
 * entry.h - what is known of an entry, as words and as JSON.
 */
#ifndef TOOL_ENTRY_H
#define TOOL_ENTRY_H

#include "barcache.h"

#include <jansson.h>

#include "moment.h"

/* "frame", "blob", "arrays", "series". */
const char *entry_kind(enum bc_kind kind);

/* "hot", "warm", "cold". */
const char *entry_tier(enum bc_tier tier);

/* Whether the entry has a time column and rows in it. */
bool entry_has_times(const struct bc_info *info);

/* A time as text, or "-" if there is none. */
const char *entry_time(bool known, int64_t ns, char text[BCI_TIME_TEXT]);

/* A time of day to the second: what the clock said, not the market. */
const char *entry_clock(int64_t ns, char text[BCI_TIME_TEXT]);

/* The object that info and ls print. */
json_t *entry_json(struct bc_cache *cache, const struct bc_info *info);

/* 32 hexadecimal digits. */
const char *entry_digest(const struct bc_info *info, char text[33]);

#endif /* TOOL_ENTRY_H */
