/* SPDX-License-Identifier: MIT */
/*
 * shift.c - a segment goes to the other tier.
 *
 * The new place gets a slot of its own in the ledger, with what the old one
 * counted: until the commit both say what they should, whatever becomes of it.
 */
#include "common.h"

#include "alloc.h"
#include "checked.h"
#include "directory.h"
#include "entry.h"
#include "error.h"
#include "expire.h"
#include "packing.h"
#include "parcel.h"
#include "series.h"
#include "shift.h"

struct shift {
	struct bci_writer *writer;
	const char *key;
	size_t key_bytes;
	struct bci_locator from;
	bool older; /* a series names it in `segments` */
	struct bci_entry entry;
	const struct bc_schema *schema; /* NULL for a blob */
	struct bci_map *map;            /* pinned in 'shard' */
	unsigned shard;
	const unsigned char *image;
	struct bci_entry_copy record;
};

/* ---- finding ----------------------------------------------------------- */

/* Whether the record of the entry names it, or the table does. */
static enum bc_status
shift_find(struct shift *shift)
{
	struct bci_writer *writer = shift->writer;
	struct bci_directory directory;
	struct bci_locator found;
	enum bc_status status;

	for (unsigned i = 0; i < shift->entry.segment_count; i++) {
		bci_entry_locator(&shift->entry, i, &found);
		if (memcmp(&found, &shift->from, sizeof(found)) == 0)
			return BC_OK;
	}
	if (shift->entry.head.kind != BC_SERIES ||
	    shift->entry.series.older_count == 0)
		return BC_MISS;
	bci_directory_open(&directory, writer->txn, &writer->env->tables,
	                   &shift->entry);
	status = bci_directory_seek(&directory, shift->from.last_ns, &found);
	bci_directory_close(&directory);
	if (status != BC_OK)
		return status;
	shift->older = true;
	return memcmp(&found, &shift->from, sizeof(found)) == 0 ? BC_OK
	                                                        : BC_MISS;
}

static enum bc_status
shift_load(struct shift *shift)
{
	struct bci_writer *writer = shift->writer;
	enum bc_status status;

	shift->older = false;
	if (!bci_locator_is_sane(&shift->from) || shift->from.arena == 0)
		return BC_MISS;
	status = bci_entry_get_copy(writer->txn, &writer->env->tables,
	                            shift->key, shift->key_bytes,
	                            &shift->record, &shift->entry, NULL);
	if (status == BC_OK)
		status = shift_find(shift);
	if (status == BC_OK && shift->entry.head.schema != 0)
		status = bci_env_schema(writer->env, writer->txn,
		                        shift->entry.head.schema,
		                        &shift->schema);
	return status;
}

/* What loading it failed of; BC_MISS, it is another one meanwhile, is none. */
static enum bc_status
shift_fail(const struct shift *shift, enum bc_status status,
           struct bc_error *err)
{
	if (status == BC_OK || status == BC_MISS)
		return status;
	return bci_fail(err, status, "%.*s: %s", (int)shift->key_bytes,
	                shift->key, bc_strerror(status));
}

/* Check every byte of it against the catalogue. */
static const char *
shift_check(struct shift *shift)
{
	const struct bci_entry_record *head = &shift->entry.head;
	const struct bci_segment_claim claim = {
		.kind = head->kind == BC_SERIES ? BC_FRAME
		                                : (enum bc_kind)head->kind,
		.revision = head->kind == BC_SERIES ? NULL : &head->revision,
		.key = shift->key,
		.key_bytes = shift->key_bytes,
		.schema = shift->schema,
	};
	const char *wrong;

	shift->image = shift->map->base + shift->from.offset;
	if (!bci_map_reaches(shift->map,
	                     shift->from.offset + shift->from.bytes))
		return "arena file is too short";
	if (!bci_segment_is(shift->image, &shift->from,
	                    shift->writer->env->cache_id, head->id))
		return "another segment";
	wrong = bci_map_check(shift->map, &shift->from, shift->schema,
	                      BCI_CHECK_HERE);
	return wrong != NULL ? wrong
	                     : bci_segment_check_claim(shift->image, &claim);
}

static enum bc_status
shift_report(struct shift *shift, const char *wrong, struct bc_error *err)
{
	struct bci_env *env = shift->writer->env;

	bci_slot_mark_bad(&env->ledger, shift->from.slot,
	                  bci_segment_id(&shift->from, shift->entry.head.id));
	return bci_fail(err, BC_CORRUPT, "%.*s is damaged: %s",
	                (int)shift->key_bytes, shift->key, wrong);
}

/* Find, pin and check it. */
static enum bc_status
shift_open(struct shift *shift, struct bci_writer *writer, const char *key,
           size_t key_bytes, const struct bci_locator *locator,
           struct bc_error *err)
{
	const char *wrong = "its arena is gone";
	enum bc_status status;

	memset(shift, 0, offsetof(struct shift, record));
	shift->writer = writer;
	shift->key = key;
	shift->key_bytes = key_bytes;
	shift->from = *locator;
	status = shift_load(shift);
	if (status == BC_OK) {
		status = bci_segment_pin(writer, locator, &shift->map,
		                         &shift->shard, err);
		if (status == BC_OK)
			wrong = shift_check(shift);
		if ((status == BC_OK && wrong != NULL) || status == BC_MISS)
			return shift_report(shift, wrong, err);
	}
	return shift_fail(shift, status, err);
}

static void
shift_close(struct shift *shift)
{
	if (shift->map != NULL)
		bci_segment_unpin(shift->map, shift->shard);
}

/* ---- storing ----------------------------------------------------------- */

/* When and how often it was read goes with it. */
static void
shift_stamp(struct shift *shift, const struct bci_locator *to)
{
	struct bci_ledger *ledger = &shift->writer->env->ledger;
	struct bci_slot *old = bci_ledger_slot(ledger, shift->from.slot);
	struct bci_slot *fresh = bci_ledger_slot(ledger, to->slot);
	uint64_t id = bci_segment_id(&shift->from, shift->entry.head.id);

	if (old == NULL || fresh == NULL || !ledger->writable ||
	    bci_slot_id(old) != id)
		return;
	atomic_store(&fresh->accessed_s, atomic_load(&old->accessed_s));
	atomic_store(&fresh->counts, atomic_load(&old->counts));
}

/* Store the record of the entry with the new place in it. */
static enum bc_status
shift_store(struct shift *shift, const struct bci_locator *to,
            struct bc_error *err)
{
	struct bci_writer *writer = shift->writer;
	const struct bci_tables *tables = &writer->env->tables;

	if (shift->older)
		return bci_directory_put(writer->txn, tables,
		                         shift->entry.head.id, to, err);
	if (!bci_entry_relocate(shift->record.data, shift->record.bytes,
	                        &shift->from, to))
		return bci_fail(err, BC_CORRUPT, "the record of %s",
		                shift->key);
	return bci_table_put(writer->txn, tables->entries, shift->key,
	                     shift->key_bytes, shift->record.data,
	                     shift->record.bytes, err);
}

/*
 * Name the new place instead of the old one.  Rows that were safe on the disk
 * must be so again before the old place may go.
 */
static enum bc_status
shift_name(struct shift *shift, struct bci_locator *to, struct bc_error *err)
{
	struct bci_writer *writer = shift->writer;
	enum bc_status status;

	if (bci_writer_may_be_safe(writer, &shift->from))
		writer->must_settle = true;
	writer->must_sync = true;
	BCI_TRY(bci_writer_name(writer, to, &shift->entry.head, err));
	shift_stamp(shift, to);
	BCI_TRY(bci_writer_unname(writer, &shift->from, err));
	status = shift_store(shift, to, err);
done:
	return status;
}

/* ---- demoting ---------------------------------------------------------- */

/* What is cold may have less time to live. */
static enum bc_status
demote_expiry(struct shift *shift, struct bc_error *err)
{
	struct bci_expire_entry entry;
	int64_t expires_ns;
	enum bc_status status;

	if (shift->entry.head.kind == BC_SERIES)
		return BC_OK;
	expires_ns =
		bci_expire_limit(shift->writer, shift->entry.head.expires_ns);
	if (expires_ns == shift->entry.head.expires_ns)
		return BC_OK;
	status = bci_expire_load(shift->writer, shift->key, shift->key_bytes,
	                         &entry);
	if (status != BC_OK)
		return shift_fail(shift, status, err);
	return bci_expire_store(shift->writer, shift->key, shift->key_bytes,
	                        &entry, expires_ns, err);
}

static enum bc_status
demote_store(struct shift *shift, const struct bci_packing *packing,
             struct bc_error *err)
{
	struct bci_writer *writer = shift->writer;
	const uint64_t bytes = packing->plan.bytes;
	struct bci_locator to = shift->from;
	enum bc_status status;
	uint64_t offset;
	uint32_t arena;
	void *room;

	BCI_TRY(bci_cold_make_room(writer, shift->key, bytes, err));
	/* Other segments of the same entry may have gone for it. */
	BCI_TRY(shift_fail(shift, shift_load(shift), err));
	BCI_TRY(bci_writer_room(writer, BCI_COLD, bytes, &room, &arena, &offset,
	                        err));
	bci_packing_write(packing, shift->image, arena, room, &to);
	to.offset = offset;
	BCI_TRY(shift_name(shift, &to, err));
	writer->counted[BCI_COUNT_DEMOTIONS]++;
	status = demote_expiry(shift, err);
done:
	return status;
}

/* Pack it, and store that or only say how many bytes it takes. */
static enum bc_status
demote_pack(struct bci_writer *writer, const char *key, size_t key_bytes,
            const struct bci_locator *locator, bool store, uint64_t *bytes,
            struct bc_error *err)
{
	struct bci_packing packing = { .body = NULL };
	struct shift shift;
	enum bc_status status;

	if (bci_locator_is_cold(locator))
		return BC_MISS;
	status = shift_open(&shift, writer, key, key_bytes, locator, err);
	if (status == BC_OK)
		status = bci_packing_make(&writer->env->allocator, shift.image,
		                          locator, shift.schema, &packing, err);
	if (status == BC_OK && packing.body == NULL)
		status = BC_COPY;
	if (status == BC_OK && store)
		status = demote_store(&shift, &packing, err);
	*bytes = status == BC_OK ? packing.plan.bytes : 0;
	if (packing.body != NULL)
		bci_packing_free(&packing);
	shift_close(&shift);
	return status;
}

enum bc_status
bci_demote(struct bci_writer *writer, const char *key, size_t key_bytes,
           const struct bci_locator *locator, struct bc_error *err)
{
	uint64_t bytes;

	return demote_pack(writer, key, key_bytes, locator, true, &bytes, err);
}

enum bc_status
bci_demotion_pays(struct bci_writer *writer, const char *key, size_t key_bytes,
                  const struct bci_locator *locator, uint64_t *bytes,
                  struct bc_error *err)
{
	enum bc_status status =
		demote_pack(writer, key, key_bytes, locator, false, bytes, err);

	if (status == BC_OK && *bytes > writer->config.cold_bytes / 4)
		status = BC_TOO_LARGE;
	if (status != BC_OK)
		*bytes = 0;
	return status;
}

/* ---- promoting --------------------------------------------------------- */

/* Sizes of the raw image. */
static bool
promote_plan(const struct shift *shift, const struct bci_packed *packed,
             struct bci_segment_plan *plan)
{
	struct bci_segment_header header;

	if (shift->from.codec == BCI_FORM_PACKED)
		return bci_segment_replan(shift->image, BCI_FORM_RAW,
		                          packed->data_bytes,
		                          packed->text_bytes, plan);
	memcpy(&header, shift->image, sizeof(header));
	return bci_segment_replan(shift->image, BCI_FORM_RAW, header.data_bytes,
	                          header.text_bytes, plan);
}

/* The raw body, behind where the header goes. */
static bool
promote_body(const struct shift *shift, const struct bci_packed *packed,
             void *work, unsigned char *to)
{
	if (shift->from.codec == BCI_FORM_PACKED)
		return bci_packed_decode(packed, work, to);
	memcpy(to, shift->image + shift->from.header_bytes,
	       shift->from.bytes - shift->from.header_bytes);
	return true;
}

static enum bc_status
promote_store(struct shift *shift, const struct bci_packed *packed, void *work,
              struct bc_error *err)
{
	struct bci_writer *writer = shift->writer;
	struct bci_locator to = shift->from;
	struct bci_segment_plan plan;
	enum bc_status status;
	uint64_t offset;
	uint32_t arena;
	void *room;

	if (!promote_plan(shift, packed, &plan))
		return shift_report(shift, "sizes in the header", err);
	if (plan.bytes > writer->config.warm_bytes / 4)
		return BC_TOO_LARGE;
	writer->busy_entry = shift->entry.head.id;
	status = bci_writer_make_room(writer, plan.bytes,
	                              bci_value_pages(plan.bytes), 0, err);
	writer->busy_entry = 0;
	BCI_TRY(status);
	BCI_TRY(bci_writer_room(writer, BCI_MAIN, plan.bytes, &room, &arena,
	                        &offset, err));
	if (!promote_body(shift, packed, work,
	                  (unsigned char *)room + plan.header_bytes)) {
		/* The room is lost; nothing will name it. */
		memset(room, 0, plan.bytes);
		return shift_report(shift, "what is packed", err);
	}
	bci_segment_rewrite(shift->image, BCI_FORM_RAW, &plan, arena, room,
	                    &to);
	bci_locator_set_raw_lines(&to, 0);
	to.offset = offset;
	BCI_TRY(shift_name(shift, &to, err));
	writer->counted[BCI_COUNT_PROMOTIONS]++;
done:
	return status;
}

enum bc_status
bci_promote(struct bci_writer *writer, const char *key, size_t key_bytes,
            const struct bci_locator *locator, struct bc_error *err)
{
	const struct bc_allocator *allocator = &writer->env->allocator;
	struct bci_packed packed = { 0 };
	const char *wrong = NULL;
	enum bc_status status;
	struct shift shift;
	void *work = NULL;

	if (!bci_locator_is_cold(locator))
		return BC_MISS;
	status = shift_open(&shift, writer, key, key_bytes, locator, err);
	if (status == BC_OK && locator->codec == BCI_FORM_PACKED) {
		wrong = bci_packed_open(shift.image, locator, shift.schema,
		                        &packed);
		work = bci_alloc(allocator, 1, bci_pack_decode_work());
		if (wrong != NULL)
			status = shift_report(&shift, wrong, err);
		else if (work == NULL)
			status = bci_fail(err, BC_NOMEM, "no memory to unpack");
	}
	if (status == BC_OK)
		status = promote_store(&shift, &packed, work, err);
	bci_free(allocator, work);
	shift_close(&shift);
	return status;
}
