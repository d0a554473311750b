/* SPDX-License-Identifier: MIT */
/*
 * relic.c - looking for segments, wherever they may begin.
 *
 * LMDB's tree of an arena is not asked: it may be what is damaged.  The header
 * of a segment has no checksum but in the catalogue; blocks that match the
 * table of checksums vouch for the table, and the hash of the key for the key.
 */
#include "common.h"

#include "hash.h"
#include "relic.h"

static bool
relic_fits(const struct bci_segment_header *header, uint64_t room)
{
	static const uint8_t magic[4] = { 'B', 'C', 'S', 'G' };
	uint64_t body = header->data_bytes;

	if (memcmp(header->magic, magic, sizeof(magic)) != 0 ||
	    header->version != BCI_SEGMENT_VERSION ||
	    header->codec > BCI_FORM_PACKED ||
	    header->data_bytes > BCI_SEGMENT_MAX ||
	    header->text_bytes > BCI_SEGMENT_MAX ||
	    header->header_bytes > BCI_SEGMENT_MAX || header->rows > UINT32_MAX)
		return false;
	body += header->text_bytes;
	return header->kind >= BC_FRAME && header->kind <= BC_ARRAYS &&
	       header->key_bytes != 0 && header->key_bytes <= BC_KEY_MAX &&
	       header->header_bytes + body <= bci_min(room, BCI_SEGMENT_MAX) &&
	       header->block_count == (body + BCI_BLOCK - 1) / BCI_BLOCK &&
	       sizeof(*header) + (uint64_t)header->schema_bytes +
	                       header->key_bytes + 8ull * header->block_count <=
	               header->header_bytes;
}

/* Whether what is at 'image' is a segment, with all its bytes. */
static bool
relic_check(const unsigned char *image, uint64_t room, struct bci_relic *relic)
{
	struct bci_segment_header *header = &relic->header;

	if (room < sizeof(*header))
		return false;
	memcpy(header, image, sizeof(*header));
	if (!relic_fits(header, room))
		return false;
	relic->image = image;
	relic->schema = image + sizeof(*header);
	relic->key = (const char *)relic->schema + header->schema_bytes;
	if (bci_hash64(relic->key, header->key_bytes) != header->key_hash)
		return false;
	relic->locator = (struct bci_locator){
		.arena = header->arena,
		.bytes = (uint32_t)(header->header_bytes + header->data_bytes +
		                    header->text_bytes),
		.checksum = bci_hash64(image, header->header_bytes),
		.first_ns = header->first_ns,
		.last_ns = header->last_ns,
		.rows = (uint32_t)header->rows,
		.header_bytes = header->header_bytes,
		.codec = header->codec,
	};
	/* How much it takes unpacked only a catalogue would know. */
	if (header->codec == BCI_FORM_PACKED)
		bci_locator_set_raw_lines(&relic->locator,
		                          BCI_SEGMENT_MAX / BCI_LINE - 1);
	for (uint32_t i = 0; i < header->block_count; i++) {
		if (!bci_segment_check_block(image, &relic->locator, i))
			return false;
	}
	return true;
}

bool
bci_relic_next(const unsigned char *file, uint64_t bytes, uint64_t *at,
               struct bci_relic *relic)
{
	uint64_t place = bci_round_up(*at, BCI_LINE) + BCI_VALUE_SHIFT;

	for (; place < bytes; place += BCI_LINE) {
		if (!relic_check(file + place, bytes - place, relic))
			continue;
		relic->locator.offset = place;
		*at = place + relic->locator.bytes;
		return true;
	}
	*at = bytes;
	return false;
}
