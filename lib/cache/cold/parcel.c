/* SPDX-License-Identifier: MIT */
/*
 * parcel.c - values that go to the cold tier as they are put.
 *
 * The raw image is written to memory first: packing reads it as it would read
 * one in an arena, and the digest is the same as that of a warm value.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "parcel.h"

enum bc_status
bci_parcel_make(const struct bc_allocator *allocator,
                const struct bci_value *value,
                const struct bci_segment_plan *plan,
                const struct bci_segment_owner *owner, struct bci_parcel *out,
                struct bc_error *err)
{
	const struct bci_segment_owner nobody = {
		.key = owner->key,
		.key_bytes = owner->key_bytes,
		.series = owner->series,
	};
	unsigned char *memory, *image;
	enum bc_status status;

	*out = (struct bci_parcel){ .allocator = allocator };
	memory = bci_alloc(allocator, 1, plan->bytes + 2 * BCI_LINE);
	if (memory == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to pack %s",
		                owner->key);
	/* Columns are aligned as in an arena. */
	image = memory + -(uintptr_t)memory % BCI_LINE + BCI_VALUE_SHIFT;
	bci_segment_write(value, &nobody, plan, image, &out->locator,
	                  out->digest);
	status = bci_packing_make(allocator, image, &out->locator,
	                          value->schema, &out->packing, err);
	if (status == BC_OK && out->packing.body != NULL) {
		out->head = bci_alloc(allocator, 1, plan->header_bytes);
		if (out->head != NULL)
			memcpy(out->head, image, plan->header_bytes);
		else
			status = bci_fail(err, BC_NOMEM, "no memory to pack %s",
			                  owner->key);
	}
	bci_free(allocator, memory);
	if (status != BC_OK)
		bci_parcel_free(out);
	return status;
}

void
bci_parcel_free(struct bci_parcel *parcel)
{
	if (parcel->allocator == NULL)
		return;
	bci_packing_free(&parcel->packing);
	bci_free(parcel->allocator, parcel->head);
	parcel->head = NULL;
}

uint64_t
bci_parcel_bytes(const struct bci_parcel *parcel,
                 const struct bci_segment_plan *plan)
{
	return parcel->packing.body != NULL ? parcel->packing.plan.bytes
	                                    : plan->bytes;
}

enum bc_status
bci_cold_check_size(const struct bci_writer *writer, const char *key,
                    uint64_t bytes, struct bc_error *err)
{
	const uint64_t budget = writer->config.cold_bytes;

	if (bytes <= budget / 4)
		return BC_OK;
	return bci_fail(err, BC_TOO_LARGE,
	                "%s takes %llu bytes, more than a quarter of the cold "
	                "budget of %llu",
	                key, (unsigned long long)bytes,
	                (unsigned long long)budget);
}

enum bc_status
bci_cold_make_room(struct bci_writer *writer, const char *key, uint64_t bytes,
                   struct bc_error *err)
{
	enum bc_status status = bci_cold_check_size(writer, key, bytes, err);

	if (status != BC_OK)
		return status;
	return bci_writer_make_room_cold(writer, bytes, bci_value_pages(bytes),
	                                 err);
}

enum bc_status
bci_parcel_store(struct bci_writer *writer, const struct bci_parcel *parcel,
                 const struct bci_value *value,
                 const struct bci_segment_plan *plan,
                 struct bci_segment_owner *owner, struct bci_locator *locator,
                 uint8_t digest[16], struct bc_error *err)
{
	const bool packed = parcel->packing.body != NULL;
	const uint64_t bytes = bci_parcel_bytes(parcel, plan);
	struct bci_segment_header header;
	enum bc_status status;
	uint64_t offset;
	void *room;

	BCI_TRY(bci_writer_room(writer, BCI_COLD, bytes, &room, &owner->arena,
	                        &offset, err));
	if (packed) {
		memcpy(&header, parcel->head, sizeof(header));
		header.cache_id = owner->cache_id;
		header.entry_id = owner->entry_id;
		header.key_hash = owner->key_hash;
		header.revision = owner->revision;
		memcpy(parcel->head, &header, sizeof(header));
		*locator = parcel->locator;
		memcpy(digest, parcel->digest, sizeof(parcel->digest));
		bci_packing_write(&parcel->packing, parcel->head, owner->arena,
		                  room, locator);
	} else {
		bci_segment_write(value, owner, plan, room, locator, digest);
		bci_locator_set_raw_lines(
			locator,
			(uint32_t)(bci_round_up(plan->bytes, BCI_LINE) /
		                   BCI_LINE));
	}
	locator->offset = offset;
done:
	return status;
}

enum bc_status
bci_parcel_put(struct bci_writer *writer, const struct bci_parcel *parcel,
               const struct bci_value *value,
               const struct bci_segment_plan *plan,
               struct bci_segment_owner *owner, struct bci_locator *locator,
               uint8_t digest[16], struct bc_error *err)
{
	enum bc_status status = bci_cold_make_room(
		writer, owner->key, bci_parcel_bytes(parcel, plan), err);

	return status != BC_OK ? status
	                       : bci_parcel_store(writer, parcel, value, plan,
	                                          owner, locator, digest, err);
}
