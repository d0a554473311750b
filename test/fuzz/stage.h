/* SPDX-License-Identifier: MIT */
/*
 * stage.h - a cache on a disk of memory that every input begins with, see
 * gallery.h, and what is done with it once an input has changed its files.
 */
#ifndef BARCACHE_FUZZ_STAGE_H
#define BARCACHE_FUZZ_STAGE_H

#include "edit.h"

#include "fault/gallery.h"
#include "fault/shelf.h"

/* Its files; the first call makes it. */
struct shelf *stage_begin(void);

/*
 * Open it, which may be refused, and use it: look at everything, make the
 * changes of 'which', look again.  With 'intact' everything must be there; with
 * 'true_' no wrong byte may be; after a repair verifying must find nothing.
 */
void stage_use(unsigned which, bool true_, bool intact);

#endif /* BARCACHE_FUZZ_STAGE_H */
