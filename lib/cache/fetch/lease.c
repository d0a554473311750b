/* SPDX-License-Identifier: MIT */
/*
 * lease.c - a lock on one byte of lease.lock for each key that is fetched.
 *
 * Every lease has an open file description of its own, so that threads exclude
 * each other as processes do, and the kernel frees the lock of an owner that
 * dies.  Waiting for a lock of this kind would mean a blocked thread without a
 * deadline, or polling; so waiters sleep on a word of the ledger that every end
 * of a lease changes, and look at the lock itself ten times a second.
 */
#include "common.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "file.h"
#include "hash.h"
#include "lease.h"
#include "lock.h"

#define LEASE_FILE "lease.lock"
#define LEASE_FILE_BYTES 4096
#define LEASE_BYTES (1ull << 62) /* of offsets; each key has one */

/* A waiter looks at the lock at least so often; without a ledger at most. */
#define PROBE_NS 100000000
#define POLL_NS 10000000

/* All that this process has open, for the child of a fork. */
static pthread_mutex_t lease_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct bci_lease *lease_first;

enum bc_status
bci_lease_open(struct bci_lease *lease, struct bci_env *env, const char *key,
               size_t key_bytes, struct bc_error *err)
{
	enum bc_status status;

	*lease = (struct bci_lease){
		.env = env,
		.fd = -1,
		.at = bci_hash64(key, key_bytes) % LEASE_BYTES,
	};
	/* A fork in between would leave the child a descriptor unknown here. */
	pthread_mutex_lock(&lease_mutex);
	status = bci_file_ensure(env->dir_fd, LEASE_FILE, env->group,
	                         LEASE_FILE_BYTES, &lease->fd, err);
	if (status == BC_OK) {
		lease->next = lease_first;
		lease_first = lease;
	}
	pthread_mutex_unlock(&lease_mutex);
	return status;
}

enum bc_status
bci_lease_try(struct bci_lease *lease, struct bc_error *err)
{
	int error = bci_lock_try(lease->fd, lease->at, BCI_LOCK_EXCLUSIVE);

	if (error == EAGAIN)
		return BC_BUSY;
	if (error != 0)
		return bci_fail_os(err, error, "cannot lock %s", LEASE_FILE);
	lease->held = true;
	return BC_OK;
}

/* The word that waiters sleep on, or NULL. */
static atomic_uint *
lease_word(const struct bci_env *env)
{
	return env->ledger.header != NULL && env->ledger.writable
	               ? &env->ledger.header->leases_ended
	               : NULL;
}

static void
lease_wake(struct bci_env *env)
{
	atomic_uint *word = lease_word(env);

	if (word == NULL)
		return;
	atomic_fetch_add(word, 1);
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void
bci_lease_close(struct bci_lease *lease)
{
	struct bci_lease **link = &lease_first;

	if (lease->fd < 0)
		return;
	/* Closing would not do while a child has the description, too. */
	if (lease->held)
		bci_lock_release(lease->fd, lease->at);
	pthread_mutex_lock(&lease_mutex);
	while (*link != lease)
		link = &(*link)->next;
	*link = lease->next;
	bci_file_close(&lease->fd);
	pthread_mutex_unlock(&lease_mutex);
	if (lease->held)
		lease_wake(lease->env);
	lease->held = false;
}

unsigned
bci_lease_ended(const struct bci_env *env)
{
	const atomic_uint *word = lease_word(env);

	return word != NULL ? atomic_load(word) : 0;
}

void
bci_lease_wait(struct bci_env *env, unsigned ended, int64_t most_ns)
{
	atomic_uint *word = lease_word(env);
	int64_t most = word != NULL ? PROBE_NS : POLL_NS;
	struct timespec timeout;

	if (most_ns <= 0)
		return;
	most = most_ns < most ? most_ns : most;
	timeout = (struct timespec){ .tv_nsec = most };
	if (word == NULL)
		bci_clock_sleep_ns(most);
	else
		(void)syscall(SYS_futex, word, FUTEX_WAIT, ended, &timeout,
		              NULL, 0);
}

/* ---- fork -------------------------------------------------------------- */

void
bci_leases_lock(void)
{
	pthread_mutex_lock(&lease_mutex);
}

void
bci_leases_unlock(void)
{
	pthread_mutex_unlock(&lease_mutex);
}

void
bci_leases_abandon(void)
{
	for (struct bci_lease *lease = lease_first; lease != NULL;
	     lease = lease->next) {
		bci_file_close(&lease->fd);
		lease->held = false;
	}
	lease_first = NULL;
	bci_leases_unlock();
}
