/* SPDX-License-Identifier: MIT */
/*
 * parcel.h - a value that is to go to the cold tier, packed before anybody
 * knows where it will lie, so that no lock is held meanwhile.
 */
#ifndef BCI_PARCEL_H
#define BCI_PARCEL_H

#include "packing.h"
#include "writer.h"

struct bci_parcel {
	struct bci_packing packing; /* body NULL: it is stored raw */
	const struct bc_allocator *allocator;
	unsigned char *head;        /* of the raw image */
	struct bci_locator locator; /* of the raw image */
	uint8_t digest[16];         /* of the content */
};

/*
 * Pack a value that is planned.  BC_OK, also if packing does not pay: then it
 * is stored raw; BC_NOMEM.
 */
enum bc_status bci_parcel_make(const struct bc_allocator *allocator,
                               const struct bci_value *value,
                               const struct bci_segment_plan *plan,
                               const struct bci_segment_owner *owner,
                               struct bci_parcel *out, struct bc_error *err);
void bci_parcel_free(struct bci_parcel *parcel);

/* Bytes that a value takes in the cold tier. */
uint64_t bci_parcel_bytes(const struct bci_parcel *parcel,
                          const struct bci_segment_plan *plan);

/*
 * Store a value in the cold queue, where room for it was made: the parcel, or
 * if that was not worth packing the value itself.  'owner' is whose it is; its
 * arena is filled, and all of 'locator' but the slot.  As bci_writer_room().
 */
enum bc_status bci_parcel_store(struct bci_writer *writer,
                                const struct bci_parcel *parcel,
                                const struct bci_value *value,
                                const struct bci_segment_plan *plan,
                                struct bci_segment_owner *owner,
                                struct bci_locator *locator, uint8_t digest[16],
                                struct bc_error *err);

/* Make room for it and store it. */
enum bc_status bci_parcel_put(struct bci_writer *writer,
                              const struct bci_parcel *parcel,
                              const struct bci_value *value,
                              const struct bci_segment_plan *plan,
                              struct bci_segment_owner *owner,
                              struct bci_locator *locator, uint8_t digest[16],
                              struct bc_error *err);

/* BC_TOO_LARGE if one segment takes more than a quarter of the cold budget. */
enum bc_status bci_cold_check_size(const struct bci_writer *writer,
                                   const char *key, uint64_t bytes,
                                   struct bc_error *err);

/*
 * Make room for one segment in the cold tier; BC_TOO_LARGE, and as
 * bci_writer_make_room_cold().
 */
enum bc_status bci_cold_make_room(struct bci_writer *writer, const char *key,
                                  uint64_t bytes, struct bc_error *err);

#endif /* BCI_PARCEL_H */
