/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - glob patterns over keys.
 */
#ifndef BCI_PATTERN_H
#define BCI_PATTERN_H

#include "common.h"

/*
 * Whether the whole of 'text' matches 'pattern': '*' any run of bytes ('/'
 * too), '?' one UTF-8 character, '[a-z]' and '[!a-z]' one ASCII byte of a set,
 * '\x' the byte x.  An unclosed '[' stands for itself.  Time is at most the
 * product of both lengths; no recursion.
 */
bool bci_glob_match(const char *pattern, const char *text);

#endif /* BCI_PATTERN_H */
