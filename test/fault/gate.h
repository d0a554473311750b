/* SPDX-License-Identifier: MIT */
/*
 * gate.h - what a wrapped call asks before it goes on.  Private to the shim.
 */
#ifndef BARCACHE_FAULT_GATE_H
#define BARCACHE_FAULT_GATE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stddef.h>
#include <string.h>

#include "shim.h"

/* What a wrapper has to do: FAULT_NONE means call the real function. */
struct gate {
	enum fault_mode mode;
	int error;
};

/*
 * Count a call of the given kind.  It is known by its descriptor (-1: none)
 * and by its path (NULL: none), which is relative to the descriptor.  Does
 * not return where the plan is to die before the call, and never returns
 * FAULT_TORN or FAULT_SHORT for a call that is not a write, nor FAULT_STOP.
 */
struct gate gate_enter(enum fault_calls call, const char *name, int fd,
                       const char *path);

/* After the real call: dies here if the plan says so. */
void gate_leave(struct gate gate);

/* SIGKILL to this process. */
_Noreturn void gate_die(void);

/* The next definition of 'name' behind the shim, remembered in *slot. */
void *gate_real(void **slot, const char *name);

/* Where to read the boot id from instead of 'path', or 'path' itself. */
const char *gate_redirect(const char *path);

/* Declares 'real', a pointer to the function that the wrapper stands for. */
#define REAL(name)                                                             \
	static void *slot;                                                     \
	void *found = gate_real(&slot, #name);                                 \
	__typeof__(name) *real;                                                \
	memcpy(&real, &found, sizeof(real))

#endif /* BARCACHE_FAULT_GATE_H */
