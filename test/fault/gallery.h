/* SPDX-License-Identifier: MIT */
/*
 * gallery.h - a small cache with one of everything that can be stored, and what
 * must be true of it after its files were damaged: a value is right in every
 * byte, or it is a miss.
 *
 * Nothing here ends the program; what is wrong is counted.
 */
#ifndef BARCACHE_FAULT_GALLERY_H
#define BARCACHE_FAULT_GALLERY_H

#include "support.h"

/* Keys that hold values, those of series behind the others. */
#define GALLERY_KEYS 12

extern const char *const gallery_keys[GALLERY_KEYS];

/* Make it in directory 'path'; what does not work ends the program. */
void gallery_make(const char *path);

/* The same with little in everything; nothing has a second block. */
void gallery_make_little(const char *path);

struct gallery_found {
	unsigned right; /* whole, as it was put */
	unsigned part;  /* right, but rows are not there */
	unsigned miss;
	unsigned wrong;  /* of these no byte may be */
	unsigned short_; /* said to be all there is, but is not */
};

/* Read every value in several ways. */
struct gallery_found gallery_read(struct bc_cache *cache);

/* Whether every row, or byte, that a view of that key shows is right. */
bool gallery_is_right(const char *key, const struct bc_view *view);

/* Every call that only looks; 'path' is where the cache is. */
void gallery_look(struct bc_cache *cache, const char *path);

/* Calls that change something: one for each bit of 'which'. */
#define GALLERY_CHANGES 12
void gallery_change(struct bc_cache *cache, unsigned which);

/* Hand over what the gallery had under that key, which is that of a frame. */
enum bc_status gallery_fetch(struct bc_fetch *fetch, size_t key,
                             struct bc_error *err);

/*
 * Open the cache in directory 'path', read, look, put, read; the wrong and the
 * short ones of both times, the others of the first.
 */
struct gallery_found gallery_use(const char *path, enum bc_status *opened);

#endif /* BARCACHE_FAULT_GALLERY_H */
