/* SPDX-License-Identifier: MIT */
/*
 * expire.h - when entries expire, and removing those that have.
 *
 * Whoever stores or removes the record of an entry tells `expiry` of it:
 * bci_expiry_change() in expiry.h.
 */
#ifndef BCI_EXPIRE_H
#define BCI_EXPIRE_H

#include "entry.h"
#include "expiry.h"
#include "writer.h"

/* Between sweeps by ordinary commits, unless the cache says otherwise. */
#define BCI_EXPIRE_INTERVAL_MS 300000u

/* The entry record of a key, copied so that it may be stored anew. */
struct bci_expire_entry {
	struct bci_entry entry; /* points to 'stored' */
	struct bci_entry_copy stored;
};

/*
 * When an entry expires that is put now: expires_ns for its record.  'ttl_ns'
 * is as bc_put() takes it, checked.
 */
enum bc_status bci_expire_time(struct bci_writer *writer, const char *key,
                               int64_t ttl_ns, int64_t *expires_ns,
                               struct bc_error *err);

/*
 * Say in the record of a series until when what is open of it is fresh:
 * 'refresh_ns', or if that is 0 by its time to live, as bc_append() takes them.
 */
enum bc_status bci_expire_refresh(struct bci_writer *writer, const char *key,
                                  int64_t ttl_ns, int64_t refresh_ns,
                                  struct bci_series_record *series,
                                  struct bc_error *err);

/* When one that goes cold now expires: not later than it would, nor than the
 * cache lets cold entries live. */
int64_t bci_expire_limit(const struct bci_writer *writer, int64_t expires_ns);

/* Load the record of 'key'.  BC_MISS if there is none, BC_CORRUPT, BC_IO. */
enum bc_status bci_expire_load(struct bci_writer *writer, const char *key,
                               size_t key_bytes, struct bci_expire_entry *out);

/* Store it with another time; its revision stays. */
enum bc_status bci_expire_store(struct bci_writer *writer, const char *key,
                                size_t key_bytes,
                                struct bci_expire_entry *entry,
                                int64_t expires_ns, struct bc_error *err);

/*
 * Remove up to 'most' entries that have expired, those first that expired
 * first; *removed is how many, fewer than 'most' if none is left.  Nothing is
 * removed while the wall clock is in doubt: see watch.h.
 */
enum bc_status bci_expire_step(struct bci_writer *writer, uint64_t most,
                               uint64_t *removed, struct bc_error *err);

/*
 * Count what that would remove without removing it: from *row on, which goes
 * along, at most 'most'; zeroed but for INT64_MIN it begins.
 */
enum bc_status bci_expire_count(struct bci_writer *writer, uint64_t most,
                                struct bci_expiry *row, uint64_t *count,
                                struct bc_error *err);

/* A few of them, as part of an ordinary commit, if the interval is over. */
enum bc_status bci_expire_some(struct bci_writer *writer, bool *changed,
                               struct bc_error *err);

#endif /* BCI_EXPIRE_H */
