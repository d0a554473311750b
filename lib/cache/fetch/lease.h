/* SPDX-License-Identifier: MIT */
/*
 * lease.h - the right to fetch a key: at most one of all threads of all
 * processes has it, and loses it at the latest when it dies.
 */
#ifndef BCI_LEASE_H
#define BCI_LEASE_H

#include "environment.h"

/* Zeroed but for 'fd', which is -1, it is not open. */
struct bci_lease {
	struct bci_env *env;
	struct bci_lease *next; /* of those that this process has open */
	uint64_t at;            /* the key's byte of the file */
	int fd;                 /* -1: not open, or a forked child's */
	bool held;
};

/*
 * Open the lease of 'key', without taking it.  Not to be moved in memory until
 * it is closed.  Returns BC_OK, BC_UNSAFE, BC_DENIED, BC_READONLY, BC_NOSPACE,
 * BC_IO.
 */
enum bc_status bci_lease_open(struct bci_lease *lease, struct bci_env *env,
                              const char *key, size_t key_bytes,
                              struct bc_error *err);

/* Try to take it: BC_OK, BC_BUSY if another has it, or BC_IO. */
enum bc_status bci_lease_try(struct bci_lease *lease, struct bc_error *err);

/* Give it back if it was taken, wake who waits, close. */
void bci_lease_close(struct bci_lease *lease);

/* How many leases have ended: ask before trying, and hand it to the wait. */
unsigned bci_lease_ended(const struct bci_env *env);

/*
 * Wait until a lease has ended, of whatever key, since 'ended' was asked for;
 * or for 'most_ns', or for the time after which it is well to try again: who
 * dies wakes nobody.
 */
void bci_lease_wait(struct bci_env *env, unsigned ended, int64_t most_ns);

/*
 * Around fork(): lock; in the parent unlock; in the child close what the parent
 * has open, since a lock lives as long as anybody's descriptor of it.
 */
void bci_leases_lock(void);
void bci_leases_unlock(void);
void bci_leases_abandon(void);

#endif /* BCI_LEASE_H */
