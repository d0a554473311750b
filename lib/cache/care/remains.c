/* SPDX-License-Identifier: MIT */
/*
 * remains.c - the body of a relic, which is decoded to memory if it is packed.
 */
#include "common.h"

#include "alloc.h"
#include "packing.h"
#include "remains.h"

enum bc_status
bci_remains_open(const struct bc_allocator *allocator,
                 const struct bci_relic *relic, const struct bc_schema *schema,
                 struct bci_remains *out)
{
	struct bci_packed packed;
	void *work;
	bool good;

	*out = (struct bci_remains){
		.data = relic->image + relic->header.header_bytes,
		.data_bytes = relic->header.data_bytes,
		.text_bytes = relic->header.text_bytes,
	};
	if (bci_segment_check(relic->image, &relic->locator, schema) != NULL)
		return BC_CORRUPT;
	if (relic->locator.codec == BCI_FORM_RAW)
		return BC_OK;
	if (bci_packed_open(relic->image, &relic->locator, schema, &packed) !=
	    NULL)
		return BC_CORRUPT;
	work = bci_alloc(allocator, 1, bci_pack_decode_work());
	out->memory =
		bci_alloc(allocator, 1, bci_packed_body_bytes(&packed) + 1);
	if (work == NULL || out->memory == NULL) {
		bci_free(allocator, work);
		return BC_NOMEM;
	}
	good = bci_packed_decode(&packed, work, out->memory);
	bci_free(allocator, work);
	out->data = out->memory;
	out->data_bytes = packed.data_bytes;
	out->text_bytes = packed.text_bytes;
	return good ? BC_OK : BC_CORRUPT;
}

void
bci_remains_close(const struct bc_allocator *allocator,
                  struct bci_remains *remains)
{
	bci_free(allocator, remains->memory);
	remains->memory = NULL;
}
