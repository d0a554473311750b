/* SPDX-License-Identifier: MIT */
/*
 * record.c - entry records: checked when they are taken apart, because they
 * come from a file.
 */
#include "common.h"

#include "record.h"

static size_t
record_request_inline(const struct bci_entry_record *head)
{
	return (head->flags & BCI_ENTRY_REQUEST_TABLE) != 0
	               ? 0
	               : head->request_bytes;
}

enum bc_status
bci_entry_parse(const void *record, size_t bytes, struct bci_entry *out)
{
	const unsigned char *at = record;
	size_t request, locators;

	if (BCI_UNLIKELY(bytes < sizeof(out->head)))
		return BC_CORRUPT;
	memcpy(&out->head, at, sizeof(out->head));
	request = record_request_inline(&out->head);
	locators = out->head.segment_count * sizeof(struct bci_locator);
	if (BCI_UNLIKELY(out->head.version != BCI_RECORD_VERSION ||
	                 out->head.kind < BC_FRAME ||
	                 out->head.kind > BC_ARRAYS ||
	                 out->head.segment_count > BCI_SEGMENTS_MAX ||
	                 request > BCI_REQUEST_INLINE ||
	                 (out->head.kind != BC_BLOB && out->head.schema == 0)))
		return BC_CORRUPT;
	if (BCI_UNLIKELY(bytes - sizeof(out->head) < request + locators))
		return BC_CORRUPT;
	at += sizeof(out->head);
	out->request = request != 0 ? (const char *)at : NULL;
	at += request;
	out->locators = at;
	at += locators;
	out->inlined = NULL;
	out->inlined_bytes =
	        bytes - sizeof(out->head) - request - locators;
	if ((out->head.flags & BCI_ENTRY_INLINE) != 0) {
		if (out->head.segment_count != 1)
			return BC_CORRUPT;
		out->inlined = at;
	} else if (out->inlined_bytes != 0) {
		return BC_CORRUPT;
	}
	return BC_OK;
}

void
bci_entry_locator(const struct bci_entry *entry, unsigned index,
                  struct bci_locator *out)
{
	BCI_ASSERT(index < entry->head.segment_count);
	memcpy(out, entry->locators + index * sizeof(*out), sizeof(*out));
}

size_t
bci_entry_bytes(const struct bci_entry_record *head,
                const struct bci_entry_parts *parts)
{
	return sizeof(*head) + record_request_inline(head) +
	       head->segment_count * sizeof(struct bci_locator) +
	       parts->inlined_bytes;
}

void
bci_entry_build(const struct bci_entry_record *head,
                const struct bci_entry_parts *parts, unsigned char *to)
{
	size_t request = record_request_inline(head);
	size_t locators = head->segment_count * sizeof(struct bci_locator);

	memcpy(to, head, sizeof(*head));
	to += sizeof(*head);
	if (request != 0)
		memcpy(to, parts->request, request);
	to += request;
	if (locators != 0)
		memcpy(to, parts->locators, locators);
	to += locators;
	if (parts->inlined_bytes != 0)
		memcpy(to, parts->inlined, parts->inlined_bytes);
}
