/* SPDX-License-Identifier: MIT */
/*
 * apart.h - an arena that is filled without the writer lock, and that the
 * catalogue learns of when it is complete.
 */
#ifndef BCI_APART_H
#define BCI_APART_H

#include "arena.h"
#include "environment.h"

/* One that is being filled, or was; zeroed: none. */
struct bci_apart {
	struct bci_env *env; /* NULL: none */
	struct bci_appender appender;
	struct bci_arena_record arena; /* to be stored by who names it */
	uint64_t number;
	uint64_t pending_bytes; /* in the appender's transaction */
	uint64_t started_bytes; /* up to where it is on its way to the disk */
	uint64_t waited_bytes;  /* up to where it has arrived */
	int fd, lock_fd;
	bool syncs;
};

/*
 * Make arena 'number', which a transaction has set aside, with room for
 * 'capacity_bytes'.  As long as it is open no process sweeps it away.  With
 * 'syncs' its bytes are on their way to the disk while others are added.
 */
enum bc_status bci_apart_make(struct bci_apart *apart, struct bci_env *env,
                              uint64_t number, enum bci_queue queue,
                              uint64_t capacity_bytes, bool syncs,
                              struct bc_error *err);

/* Whether a value of so many bytes still fits. */
bool bci_apart_fits(const struct bci_apart *apart, uint64_t bytes);

/* Room for a value, to be written before the next is asked for. */
enum bc_status bci_apart_room(struct bci_apart *apart, uint64_t bytes,
                              void **room, uint32_t *arena, uint64_t *offset,
                              struct bc_error *err);

/* It is complete. */
enum bc_status bci_apart_finish(struct bci_apart *apart, struct bc_error *err);

/* If it syncs, all of it is on the disk when this returns. */
enum bc_status bci_apart_sync(struct bci_apart *apart, struct bc_error *err);

/* Let go of it, and unless it is to be kept, of its file. */
void bci_apart_close(struct bci_apart *apart, bool keep);

/* Whether some process, this one included, has arena 'number' open so. */
bool bci_apart_is_made(struct bci_env *env, uint64_t number);

#endif /* BCI_APART_H */
