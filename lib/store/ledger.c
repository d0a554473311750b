/* SPDX-License-Identifier: MIT */
/*
 * ledger.c - opening, growing and rebuilding the ledger; rows of processes.
 *
 * The file is mapped once at its largest size; only the part that is allocated
 * on the disk and published is touched, so that a full disk is an error and not
 * a SIGBUS.  A row's owner is alive as long as it holds the lock on the row's
 * byte; the kernel drops it with the process.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "hash.h"
#include "ledger.h"
#include "lock.h"
#include "mapping.h"

#define ROWS_STEP 4u
#define SLOTS_STEP 4096u
#define MAP_BYTES                                                              \
	(BCI_LEDGER_SLOTS_AT +                                                 \
	 (uint64_t)BCI_LEDGER_SLOTS * sizeof(struct bci_slot))

/* Lock bytes, beyond any offset of the file. */
#define LOCK_ROWS (1ull << 40)
#define LOCK_CLAIM (1ull << 41)

static const uint8_t ledger_magic[4] = { 'B', 'C', 'L', 'G' };

static uint64_t
rows_end(unsigned rows)
{
	return BCI_LEDGER_ROWS_AT + (uint64_t)rows * sizeof(struct bci_row);
}

static uint64_t
slots_end(unsigned slots)
{
	return BCI_LEDGER_SLOTS_AT + (uint64_t)slots * sizeof(struct bci_slot);
}

/* Whether header and file size agree with each other and with the cache. */
static bool
header_is_usable(const struct bci_ledger_header *header, uint64_t file_bytes,
                 uint64_t cache_id)
{
	unsigned rows = atomic_load(&header->rows_ready);
	unsigned slots = atomic_load(&header->slots_ready);

	return memcmp(header->magic, ledger_magic, 4) == 0 &&
	       header->version == BCI_LEDGER_VERSION &&
	       header->cache_id == cache_id && rows <= BCI_LEDGER_ROWS &&
	       slots <= BCI_LEDGER_SLOTS && rows_end(rows) <= file_bytes &&
	       (slots == 0 || slots_end(slots) <= file_bytes);
}

static bool
fd_is_usable(int fd, uint64_t cache_id)
{
	struct bci_ledger_header header;
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       bci_file_read(fd, &header, sizeof(header), 0) ==
	               (ssize_t)sizeof(header) &&
	       header_is_usable(&header, (uint64_t)st.st_size, cache_id);
}

/*
 * Whether all that the header says is there is on the disk: a file that was
 * copied may have holes.
 */
static bool
ledger_fill(int fd)
{
	struct bci_ledger_header header;
	uint64_t front, sketch, slots;
	struct stat st;

	if (fstat(fd, &st) != 0 || bci_file_read(fd, &header, sizeof(header),
	                                         0) != (ssize_t)sizeof(header))
		return false;
	front = rows_end(atomic_load(&header.rows_ready));
	sketch = atomic_load(&header.sketch_ready) == BCI_LEDGER_SKETCH
	                 ? BCI_LEDGER_SKETCH
	                 : 0;
	slots = slots_end(atomic_load(&header.slots_ready)) -
	        BCI_LEDGER_SLOTS_AT;
	if (!bci_file_is_sparse(&st, front + sketch + slots))
		return true;
	return bci_file_fill(fd, 0, front, NULL) == BC_OK &&
	       (sketch == 0 || bci_file_fill(fd, BCI_LEDGER_SKETCH_AT, sketch,
	                                     NULL) == BC_OK) &&
	       (slots == 0 ||
	        bci_file_fill(fd, BCI_LEDGER_SLOTS_AT, slots, NULL) == BC_OK);
}

/* Zero what lies in front of the slots; its blocks are allocated. */
static enum bc_status
ledger_zero(int fd, uint64_t end, struct bc_error *err)
{
	const unsigned char zeros[4096] = { 0 };
	enum bc_status status = BC_OK;

	for (uint64_t at = 0; status == BC_OK && at < end; at += sizeof(zeros))
		status = bci_file_write(
			fd, zeros, (size_t)bci_min(sizeof(zeros), end - at), at,
			err);
	return status;
}

/* Write a new header over whatever is there. */
static enum bc_status
ledger_rebuild(int fd, uint64_t cache_id, struct bc_error *err)
{
	struct bci_ledger_header header = {
		.version = BCI_LEDGER_VERSION,
		.cache_id = cache_id,
	};
	enum bc_status status;

	status = bci_file_allocate(fd, 0, rows_end(ROWS_STEP), err);
	if (status == BC_OK)
		status = ledger_zero(fd, rows_end(ROWS_STEP), err);
	if (status != BC_OK)
		return status;
	memcpy(header.magic, ledger_magic, 4);
	atomic_store(&header.rows_ready, ROWS_STEP);
	if (!bci_random(&header.birth, sizeof(header.birth)))
		header.birth = (uint64_t)bci_clock_wall_ns();
	return bci_file_write(fd, &header, sizeof(header), 0, err);
}

/* Point at the areas of the file that is mapped at 'base'. */
static void
ledger_lay_out(struct bci_ledger *ledger, char *base)
{
	ledger->map_bytes = MAP_BYTES;
	ledger->header = (struct bci_ledger_header *)(void *)base;
	ledger->past =
		(struct bci_histogram *)(void *)(base + BCI_LEDGER_PAST_AT);
	ledger->rows = (struct bci_row *)(void *)(base + BCI_LEDGER_ROWS_AT);
	ledger->slots = (struct bci_slot *)(void *)(base + BCI_LEDGER_SLOTS_AT);
}

enum bc_status
bci_ledger_open(struct bci_ledger *ledger, int dir_fd, uint64_t cache_id,
                bool may_write, bool group,
                const struct bc_allocator *allocator, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	char *base = NULL;

	*ledger = (struct bci_ledger){ .fd = -1, .row_index = BCI_LEDGER_ROWS };
	ledger->row = bci_zalloc(allocator, 1, sizeof(*ledger->row));
	if (ledger->row == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for counters");
	if (may_write)
		BCI_TRY(bci_file_ensure(dir_fd, BCI_LEDGER_FILE, group, 4096,
		                        &ledger->fd, err));
	else if (bci_file_open(dir_fd, BCI_LEDGER_FILE, O_RDWR, &ledger->fd,
	                       NULL) != BC_OK &&
	         bci_file_open(dir_fd, BCI_LEDGER_FILE, O_RDONLY, &ledger->fd,
	                       NULL) != BC_OK)
		return BC_OK; /* Counts go to private memory. */
	ledger->writable = (fcntl(ledger->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	if (!fd_is_usable(ledger->fd, cache_id)) {
		if (!may_write)
			goto done; /* Damaged, and not ours to mend. */
		BCI_TRY(ledger_rebuild(ledger->fd, cache_id, err));
	}
	if (ledger->writable && !ledger_fill(ledger->fd)) {
		if (may_write)
			status = bci_fail(err, BC_NOSPACE,
			                  "no space for the ledger");
		goto done;
	}
	base = bci_map_file(ledger->fd, MAP_BYTES, ledger->writable);
	if (base == NULL) {
		status = bci_fail_os(err, errno, "cannot map the ledger");
		goto done;
	}
	ledger_lay_out(ledger, base);
	return BC_OK;
done:
	if (status != BC_OK) {
		bci_free(allocator, ledger->row);
		ledger->row = NULL;
	}
	bci_file_close(&ledger->fd);
	return status;
}

void
bci_ledger_close(struct bci_ledger *ledger,
                 const struct bc_allocator *allocator)
{
	if (ledger->row_index == BCI_LEDGER_ROWS)
		bci_free(allocator, ledger->row);
	else
		ledger->row->pid = 0;
	bci_file_close(&ledger->fd); /* Drops the lock on our row. */
	bci_unmap(ledger->header, ledger->map_bytes);
	*ledger = (struct bci_ledger){ .fd = -1 };
}

void
bci_ledger_abandon(struct bci_ledger *ledger)
{
	bci_file_close(&ledger->fd);
}

/* ---- what is there ------------------------------------------------------ */

/*
 * How many the header says there are, at most 'most' and never more than the
 * file has blocks for: *known, or what the file is found to reach.
 */
static unsigned
ledger_known(const struct bci_ledger *ledger, atomic_uint *known,
             const atomic_uint *published, unsigned most,
             uint64_t (*end_of)(unsigned count))
{
	unsigned before = atomic_load_explicit(known, memory_order_relaxed);
	unsigned ready = atomic_load_explicit(published, memory_order_acquire);
	struct stat st;

	if (ready <= before || ready > most)
		return before;
	if (fstat(ledger->fd, &st) != 0 || end_of(ready) > (uint64_t)st.st_size)
		return before;
	atomic_store_explicit(known, ready, memory_order_relaxed);
	return ready;
}

unsigned
bci_ledger_rows(struct bci_ledger *ledger)
{
	return ledger->header == NULL
	               ? 0
	               : ledger_known(ledger, &ledger->rows_known,
	                              &ledger->header->rows_ready,
	                              BCI_LEDGER_ROWS, rows_end);
}

unsigned
bci_ledger_slots(struct bci_ledger *ledger)
{
	return ledger->header == NULL
	               ? 0
	               : ledger_known(ledger, &ledger->slots_known,
	                              &ledger->header->slots_ready,
	                              BCI_LEDGER_SLOTS, slots_end);
}

struct bci_slot *
bci_ledger_slot_slow(struct bci_ledger *ledger, uint32_t number)
{
	return number < bci_ledger_slots(ledger) ? &ledger->slots[number]
	                                         : NULL;
}

uint8_t *
bci_ledger_sketch(struct bci_ledger *ledger)
{
	atomic_uint *ready;
	struct stat st;

	if (ledger->header == NULL || !ledger->writable)
		return NULL;
	ready = &ledger->header->sketch_ready;
	if (!ledger->sketch_known && atomic_load(ready) == BCI_LEDGER_SKETCH)
		ledger->sketch_known =
			fstat(ledger->fd, &st) == 0 &&
			st.st_size >= BCI_LEDGER_SKETCH_AT + BCI_LEDGER_SKETCH;
	if (!ledger->sketch_known) {
		if (bci_file_allocate(ledger->fd, BCI_LEDGER_SKETCH_AT,
		                      BCI_LEDGER_SKETCH, NULL) != BC_OK)
			return NULL;
		ledger->sketch_known = true;
		memset((char *)ledger->header + BCI_LEDGER_SKETCH_AT, 0,
		       BCI_LEDGER_SKETCH);
		atomic_store(ready, BCI_LEDGER_SKETCH);
	}
	return (uint8_t *)ledger->header + BCI_LEDGER_SKETCH_AT;
}

/* ---- rows -------------------------------------------------------------- */

static void
row_zero(struct bci_row *row)
{
	for (unsigned lane = 0; lane < BCI_LANES; lane++) {
		for (unsigned i = 0; i < BCI_COUNTERS; i++)
			atomic_store_explicit(&row->shards[lane].counters[i], 0,
			                      memory_order_relaxed);
	}
	for (unsigned op = 0; op < BC_OPS; op++)
		bci_histogram_clear(&row->latency[op]);
}

/* Publish more rows; false if there are no more or the disk is full. */
static bool
rows_grow(struct bci_ledger *ledger)
{
	unsigned ready = bci_ledger_rows(ledger);
	unsigned want = ready + ROWS_STEP;

	if (want > BCI_LEDGER_ROWS ||
	    bci_file_allocate(ledger->fd, rows_end(ready),
	                      rows_end(want) - rows_end(ready), NULL) != BC_OK)
		return false;
	/* A ledger that was rebuilt has rows there from before. */
	for (unsigned i = ready; i < want; i++)
		row_zero(&ledger->rows[i]);
	atomic_store_explicit(&ledger->header->rows_ready, want,
	                      memory_order_release);
	return bci_ledger_rows(ledger) == want;
}

/* Lock the first row that no living process owns. */
static bool
rows_lock_free(struct bci_ledger *ledger, unsigned *index)
{
	for (unsigned i = 0; i < BCI_LEDGER_ROWS; i++) {
		if (i >= bci_ledger_rows(ledger) && !rows_grow(ledger))
			return false;
		if (bci_lock_try(ledger->fd, LOCK_ROWS + i,
		                 BCI_LOCK_EXCLUSIVE) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

static void
row_sum(const struct bci_row *row, uint64_t out[BCI_COUNTERS])
{
	for (unsigned lane = 0; lane < BCI_LANES; lane++) {
		for (unsigned i = 0; i < BCI_COUNTERS; i++)
			out[i] = bci_add_saturating(
				out[i], atomic_load_explicit(
						&row->shards[lane].counters[i],
						memory_order_relaxed));
	}
}

uint64_t
bci_process_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

static void
process_name(const char *name, char out[32])
{
	if (name == NULL)
		name = program_invocation_short_name;
	memset(out, 0, 32);
	memcpy(out, name, strnlen(name, 31));
}

/* Begin a row anew; what its last owner left there stays counted. */
static void
row_begin(struct bci_ledger *ledger, struct bci_row *row, const char *name,
          uint64_t pid_namespace)
{
	memset(row->base, 0, sizeof(row->base));
	row_sum(row, row->base);
	for (unsigned op = 0; op < BC_OPS; op++) {
		bci_histogram_merge(&ledger->past[op], &row->latency[op]);
		bci_histogram_clear(&row->latency[op]);
	}
	atomic_store(&row->mapped_bytes, 0);
	atomic_store(&row->limbo_bytes, 0);
	atomic_store(&row->limbo_since_ns, 0);
	atomic_store(&row->views, 0);
	atomic_store(&row->views_since_ns, 0);
	atomic_store(&row->links_pending, 0);
	row->pid_namespace = pid_namespace;
	row->opened_ns = bci_clock_wall_ns();
	atomic_store(&row->noted_ns, row->opened_ns);
	process_name(name, row->name);
	row->pid = (uint64_t)getpid();
}

void
bci_ledger_claim(struct bci_ledger *ledger, const char *name,
                 uint64_t pid_namespace, const struct bc_allocator *allocator)
{
	int64_t deadline = bci_clock_monotonic_ns() + BCI_SECOND_NS;
	unsigned index = 0;
	bool found;

	if (ledger->header == NULL || !ledger->writable)
		return;
	if (bci_lock_gated(ledger->fd, LOCK_CLAIM, BCI_LOCK_EXCLUSIVE,
	                   deadline) != 0)
		return;
	found = rows_lock_free(ledger, &index);
	if (found)
		row_begin(ledger, &ledger->rows[index], name, pid_namespace);
	bci_lock_release(ledger->fd, LOCK_CLAIM);
	if (!found)
		return;
	bci_free(allocator, ledger->row); /* It holds no counts yet. */
	ledger->row_index = index;
	ledger->row = &ledger->rows[index];
}

bool
bci_ledger_row_lives(const struct bci_ledger *ledger, unsigned index)
{
	/* The kernel reports the locks of other descriptions only. */
	return index == ledger->row_index ||
	       (ledger->fd >= 0 &&
	        bci_lock_is_held(ledger->fd, LOCK_ROWS + index));
}

void
bci_row_counters(const struct bci_row *row, uint64_t out[BCI_COUNTERS])
{
	memset(out, 0, BCI_COUNTERS * sizeof(*out));
	row_sum(row, out);
	/* A ledger that was rebuilt counts from zero again. */
	for (unsigned i = 0; i < BCI_COUNTERS; i++)
		out[i] -= bci_min(out[i], row->base[i]);
}

void
bci_ledger_sums(struct bci_ledger *ledger, uint64_t sums[BCI_COUNTERS])
{
	unsigned ready = bci_ledger_rows(ledger);

	memset(sums, 0, BCI_COUNTERS * sizeof(*sums));
	for (unsigned i = 0; i < ready; i++)
		row_sum(&ledger->rows[i], sums);
}

void
bci_ledger_totals(struct bci_ledger *ledger, uint64_t totals[BCI_COUNTERS],
                  uint64_t own[BCI_COUNTERS])
{
	bci_ledger_sums(ledger, totals);
	bci_row_counters(ledger->row, own);
	if (ledger->row_index == BCI_LEDGER_ROWS)
		row_sum(ledger->row, totals);
}

void
bci_ledger_times(struct bci_ledger *ledger, enum bc_op op,
                 struct bci_histogram *out)
{
	unsigned ready = bci_ledger_rows(ledger);

	bci_histogram_clear(out);
	if (ledger->header != NULL)
		bci_histogram_merge(out, &ledger->past[op]);
	for (unsigned i = 0; i < ready; i++)
		bci_histogram_merge(out, &ledger->rows[i].latency[op]);
	if (ledger->row_index == BCI_LEDGER_ROWS)
		bci_histogram_merge(out, &ledger->row->latency[op]);
}

/* ---- slots ------------------------------------------------------------- */

enum bc_status
bci_ledger_grow(struct bci_ledger *ledger, uint64_t count, struct bc_error *err)
{
	unsigned ready, want;
	enum bc_status status;

	if (ledger->header == NULL)
		return BC_OK;
	ready = atomic_load(&ledger->header->slots_ready);
	if (count <= ready || count > BCI_LEDGER_SLOTS)
		return BC_OK; /* Past the end segments just go uncounted. */
	want = (unsigned)bci_min(bci_round_up(count, SLOTS_STEP),
	                         BCI_LEDGER_SLOTS);
	status = bci_file_allocate(ledger->fd, slots_end(ready),
	                           slots_end(want) - slots_end(ready), err);
	if (status != BC_OK)
		return status;
	atomic_store_explicit(&ledger->header->slots_ready, want,
	                      memory_order_release);
	return BC_OK;
}

void
bci_slot_begin(struct bci_ledger *ledger, uint32_t number, uint64_t word,
               uint32_t now_s)
{
	struct bci_slot *slot = bci_ledger_slot(ledger, number);

	if (slot == NULL || !ledger->writable)
		return;
	atomic_store_explicit(&slot->word, word, memory_order_relaxed);
	atomic_store_explicit(&slot->accessed_s, now_s, memory_order_relaxed);
	atomic_store_explicit(&slot->counts, word != 0, memory_order_relaxed);
}

void
bci_slot_move(struct bci_ledger *ledger, uint32_t number, uint64_t from,
              uint64_t word, unsigned credit)
{
	struct bci_slot *slot = bci_ledger_slot(ledger, number);

	if (slot == NULL || !ledger->writable)
		return;
	if (bci_slot_id(slot) != from) {
		bci_slot_begin(ledger, number, word, 0);
		return;
	}
	atomic_store_explicit(&slot->word, word, memory_order_relaxed);
	if (credit != 0)
		atomic_store_explicit(&slot->counts,
		                      bci_slot_accesses(slot) |
		                              (credit - 1) << BCI_SLOT_CREDIT,
		                      memory_order_relaxed);
}

void
bci_slot_mark_bad(struct bci_ledger *ledger, uint32_t number, uint64_t id)
{
	struct bci_slot *slot = bci_ledger_slot(ledger, number);
	unsigned long long word;

	if (slot == NULL || !ledger->writable)
		return;
	word = atomic_load(&slot->word);
	while ((word & (BCI_SLOT_ID | BCI_SLOT_BAD)) == id) {
		if (!atomic_compare_exchange_strong(&slot->word, &word,
		                                    word | BCI_SLOT_BAD))
			continue;
		atomic_fetch_add(&ledger->header->bad_count, 1);
		return;
	}
	if ((word & (BCI_SLOT_ID | BCI_SLOT_BAD)) == (id | BCI_SLOT_BAD) &&
	    !bci_ledger_has_bad(ledger))
		atomic_fetch_add(&ledger->header->bad_count, 1);
}

bool
bci_slot_decoded(struct bci_ledger *ledger, uint32_t number, uint64_t id)
{
	struct bci_slot *slot = bci_ledger_slot(ledger, number);
	unsigned long long word;

	if (slot == NULL || !ledger->writable)
		return false;
	word = atomic_load(&slot->word);
	while ((word & ~BCI_SLOT_PART) == id) {
		if (atomic_compare_exchange_strong(&slot->word, &word,
		                                   word | BCI_SLOT_DECODED))
			return false;
	}
	return (word & ~BCI_SLOT_PART) == (id | BCI_SLOT_DECODED);
}

uint64_t
bci_ledger_bytes(const struct bci_ledger *ledger)
{
	struct stat st;

	if (ledger->fd < 0 || fstat(ledger->fd, &st) != 0)
		return 0;
	return (uint64_t)st.st_blocks * 512;
}
