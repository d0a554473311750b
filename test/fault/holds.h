/* SPDX-License-Identifier: MIT */
/*
 * holds.h - an assertion that says which failure was being tried.
 */
#ifndef BARCACHE_FAULT_HOLDS_H
#define BARCACHE_FAULT_HOLDS_H

/* What is being tried, for the message if it is not borne well. */
extern char holds_trying[128];

/* Say what is tried from now on, as printf() does. */
__attribute__((format(printf, 1, 2))) void holds_try(const char *format, ...);

/* Fail the test unless 'condition' holds. */
#define HOLDS(condition)                                                       \
	((condition) ? (void)0 : holds_failed(#condition, __FILE__, __LINE__))

void holds_failed(const char *condition, const char *file, int line);

#endif /* BARCACHE_FAULT_HOLDS_H */
