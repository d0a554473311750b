/* SPDX-License-Identifier: MIT */
/*
 * recheck.c - checking a segment from the disk up, whatever was found before.
 */
#include "common.h"

#include "checked.h"
#include "recheck.h"

/* What a failure of 'what' is: damage, or that it could not be looked at. */
static enum bc_status
recheck_failed(enum bc_status status, const char *what, const char **reason)
{
	if (status != BC_MISS && status != BC_CORRUPT && status != BC_UNSAFE)
		return status;
	*reason = what;
	return BC_OK;
}

/* Whether an image is of this segment and entry: headers only. */
static const char *
recheck_image(struct bci_writer *writer, const struct bci_bytes *key,
              const struct bci_entry *entry, const struct bci_locator *locator,
              const struct bc_schema *schema, const unsigned char *image)
{
	const bool series = entry->head.kind == BC_SERIES;
	const struct bci_segment_claim claim = {
		.kind = series ? BC_FRAME : (enum bc_kind)entry->head.kind,
		.revision = series ? NULL : &entry->head.revision,
		.key = key->data,
		.key_bytes = key->size,
		.schema = schema,
	};
	const char *wrong;

	if (!bci_segment_is(image, locator, writer->env->cache_id,
	                    entry->head.id))
		return "another segment lies there";
	wrong = bci_segment_check(image, locator, schema);
	return wrong != NULL ? wrong : bci_segment_check_claim(image, &claim);
}

/* What lies in the record itself, copied to where it is aligned. */
static const char *
recheck_inline(struct bci_writer *writer, const struct bci_bytes *key,
               const struct bci_entry *entry, const struct bci_locator *locator,
               const struct bc_schema *schema)
{
	_Alignas(BCI_LINE) unsigned char room[BCI_LINE + BCI_INLINE_MAX];
	unsigned char *image = room + BCI_VALUE_SHIFT;
	const char *wrong;

	if (entry->inlined == NULL || locator->bytes > BCI_INLINE_MAX ||
	    entry->inlined_bytes != locator->bytes)
		return "place in the catalogue";
	memcpy(image, entry->inlined, entry->inlined_bytes);
	wrong = recheck_image(writer, key, entry, locator, schema, image);
	for (uint32_t i = 0; wrong == NULL && i < bci_segment_blocks(locator);
	     i++) {
		if (!bci_segment_check_block(image, locator, i))
			wrong = "checksum of a block";
	}
	return wrong;
}

enum bc_status
bci_recheck(struct bci_writer *writer, const struct bci_bytes *key,
            const struct bci_entry *entry, const struct bci_locator *locator,
            const char **reason)
{
	struct bci_env *env = writer->env;
	const struct bc_schema *schema = NULL;
	struct bci_arena_record arena;
	struct bci_map *map;
	enum bc_status status;

	if (!bci_locator_is_sane(locator)) {
		*reason = "place in the catalogue";
		return BC_OK;
	}
	if (entry->head.schema != 0) {
		status = bci_env_schema(env, writer->txn, entry->head.schema,
		                        &schema);
		if (status != BC_OK)
			return recheck_failed(status, "schema", reason);
	}
	if (locator->arena == 0) {
		*reason = recheck_inline(writer, key, entry, locator, schema);
		return BC_OK;
	}
	status = bci_arena_load(writer->txn, &env->tables, locator->arena,
	                        &arena);
	if (status != BC_OK)
		return recheck_failed(status, "no such arena", reason);
	status = bci_maps_add(&env->maps, locator->arena, &arena, &map);
	if (status != BC_OK)
		return recheck_failed(status, "arena file", reason);
	if (!bci_map_reaches(map, locator->offset + locator->bytes))
		*reason = "arena file is too short";
	else
		*reason = recheck_image(writer, key, entry, locator, schema,
		                        map->base + locator->offset);
	if (*reason == NULL)
		*reason = bci_map_check_body(map, locator, BCI_CHECK_AGAIN);
	return BC_OK;
}
