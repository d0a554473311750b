/* SPDX-License-Identifier: MIT */
/*
 * access.h - an access to a value, as a line of a trace.
 *
 * A trace is text, one access a line, in any order of time:
 *
 *   barcache-trace 1
 *   # a comment
 *   1700000000000000000 00000000deadbeef 393216 2000000000 put
 *
 * that is, nanoseconds since 1970, a hash of the key in hexadecimal, bytes as
 * stored, nanoseconds that fetching them took (0: not known), and what was
 * done, which may be missing.
 */
#ifndef BCI_ACCESS_H
#define BCI_ACCESS_H

#include "common.h"

#define BCI_TRACE_HEAD "barcache-trace 1"

/* Room for any line, with its newline and a final NUL. */
#define BCI_ACCESS_LINE 96

enum bci_access_kind {
	BCI_ACCESS_OTHER = 0, /* nothing is said */
	BCI_ACCESS_GET,       /* a hit of a whole value */
	BCI_ACCESS_READ,      /* a hit of a range of rows */
	BCI_ACCESS_PUT,
	BCI_ACCESS_MISS, /* its size is not known: 0 */
	BCI_ACCESS_KINDS /* how many there are */
};

struct bci_access {
	int64_t time_ns;
	uint64_t key;
	uint64_t bytes;
	uint64_t cost_ns;
	enum bci_access_kind kind;
};

/* "get", "read", ...; static, never NULL. */
const char *bci_access_name(enum bci_access_kind kind);

/* Write the line of an access; returns its length, newline included. */
size_t bci_access_format(const struct bci_access *access,
                         char line[BCI_ACCESS_LINE]);

/* What a line says: an access, nothing (a head, a comment), or neither. */
enum bci_access_line { BCI_LINE_ACCESS, BCI_LINE_NOTHING, BCI_LINE_WRONG };

/* Read a line, whose newline is left out; what follows its words is ignored. */
enum bci_access_line bci_access_parse(const char *line, struct bci_access *out);

#endif /* BCI_ACCESS_H */
