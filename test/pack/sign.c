/* SPDX-License-Identifier: MIT */
/*
 * sign.c - see sign.h.
 */
#include "sign.h"

#include "group.h"
#include "hash.h"

/* Of one group: the sums of its chunks, as far as they lie within. */
static void
sign_group(unsigned char *bytes, size_t length, const struct bci_group *group,
           size_t entries, size_t data)
{
	uint64_t begin = 0;

	for (uint64_t i = 0; i < group->chunks; i++) {
		size_t entry = entries + i * group->entry;
		uint64_t end;

		if (entry + group->entry > length)
			return;
		end = bci_load32(bytes + entry);
		if (begin <= end && data + end <= length)
			bci_store64(
				bytes + entry + 4,
				bci_hash64(bytes + data + begin, end - begin));
		begin = end;
	}
}

void
sign_pack(unsigned char *bytes, size_t length)
{
	uint64_t rows = bci_load64(bytes + 8);
	uint32_t columns = bci_load32(bytes + 16);
	uint32_t groups = bci_load32(bytes + 20);
	size_t entries = BCI_PACK_HEADER + (size_t)groups * BCI_PACK_PLAN;
	size_t head = entries + BCI_PACK_SUM, data;
	struct bci_group group;

	if (rows > BCI_PACK_RAW_MAX || groups > BC_COLUMNS_MAX ||
	    entries > length)
		return;
	for (uint32_t i = 0; i < groups; i++) {
		if (!bci_group_load(bytes + BCI_PACK_HEADER + i * BCI_PACK_PLAN,
		                    rows, columns, &group))
			return;
		head += group.chunks * group.entry;
	}
	if (head > length)
		return;
	data = head;
	for (uint32_t i = 0; i < groups; i++) {
		(void)bci_group_load(bytes + BCI_PACK_HEADER +
		                             i * BCI_PACK_PLAN,
		                     rows, columns, &group);
		sign_group(bytes, length, &group, entries, data);
		entries += group.chunks * group.entry;
		data += group.data_bytes;
	}
	bci_store64(bytes + head - BCI_PACK_SUM,
	            bci_hash64(bytes, head - BCI_PACK_SUM));
}
