/* SPDX-License-Identifier: MIT */
/*
 * compression.c - what packing gives, by tier and codec.
 */
#include "compression.h"

#include <inttypes.h>

#include "entry.h"
#include "output.h"
#include "unit.h"

void
compression_print(const struct bc_compression *compression)
{
	char raw[UNIT_TEXT], stored[UNIT_TEXT];
	enum bc_codec codec;

	for (codec = BC_CODEC_RAW; codec < BC_CODECS; ++codec) {
		const struct bc_packed *one = &compression->codecs[codec];

		if (one->count == 0)
			continue;
		output_pair(bc_codec_name(codec),
		            "%" PRIu64 " column%s, %s as %s (%.1f to 1)",
		            one->count, one->count == 1 ? "" : "s",
		            unit_format_bytes(one->raw_bytes, raw),
		            unit_format_bytes(one->stored_bytes, stored),
		            (double)one->raw_bytes /
		                    (double)(one->stored_bytes +
		                             (one->stored_bytes == 0)));
	}
	if (compression->unreadable != 0)
		output_pair("unreadable", "%" PRIu64 " packed segments",
		            compression->unreadable);
}

static json_t *
compression_one(const char *name, const struct bc_packed *one)
{
	json_t *object = json_object();

	output_add_count(object, name, one->count);
	output_add_count(object, "raw_bytes", one->raw_bytes);
	output_add_count(object, "stored_bytes", one->stored_bytes);
	return object;
}

json_t *
compression_json(const struct bc_compression *compression)
{
	json_t *object = json_object(), *tiers = json_object();
	json_t *codecs = json_object();
	enum bc_codec codec;
	enum bc_tier tier;

	for (tier = BC_WARM; tier <= BC_COLD; ++tier)
		output_add(
			tiers, entry_tier(tier),
			compression_one("segments", &compression->tiers[tier]));
	for (codec = BC_CODEC_RAW; codec < BC_CODECS; ++codec)
		output_add(codecs, bc_codec_name(codec),
		           compression_one("columns",
		                           &compression->codecs[codec]));
	output_add(object, "tiers", tiers);
	output_add(object, "packed",
	           compression_one("segments", &compression->packed));
	output_add(object, "codecs", codecs);
	output_add_count(object, "unreadable", compression->unreadable);
	return object;
}
