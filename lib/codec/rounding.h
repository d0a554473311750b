/* SPDX-License-Identifier: MIT */
/*
 * rounding.h - the floating-point state of a call.  A host may have set
 * another rounding, flushing of denormals or traps; the codec would then write
 * other bytes and read other values.  So each call puts the default in force
 * and gives back what it found, the flags included.
 */
#ifndef BCI_ROUNDING_H
#define BCI_ROUNDING_H

#include "common.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

/* Nearest, denormals kept, no traps. */
#define ROUNDING_DEFAULT 0x1F80u

typedef unsigned bci_rounding;

static inline bci_rounding
bci_rounding_begin(void)
{
	bci_rounding found = _mm_getcsr();

	if (found != ROUNDING_DEFAULT)
		_mm_setcsr(ROUNDING_DEFAULT);
	return found;
}

static inline void
bci_rounding_end(bci_rounding found)
{
	_mm_setcsr(found);
}

#else
#include <fenv.h>

typedef fenv_t bci_rounding;

static inline bci_rounding
bci_rounding_begin(void)
{
	bci_rounding found;

	fegetenv(&found);
	fesetenv(FE_DFL_ENV);
	return found;
}

static inline void
bci_rounding_end(bci_rounding found)
{
	fesetenv(&found);
}

#endif

#endif /* BCI_ROUNDING_H */
