/* SPDX-License-Identifier: MIT */
/*
 * test_sweep.c - bits that flip in the catalogue, whose pages are LMDB's and
 * have no checksum, and every bit of a small cache, one after the other.
 *
 * No flip may show a wrong byte.  One in an arena may cost what it is in, one
 * in the ledger or in a lock nothing.  One in LMDB's own part of the catalogue
 * may even end or hang a process that reads, which is counted and told; one in
 * a key or a value there may not.  So a child looks, at one flip after the
 * other until it dies of one.
 *
 * What makes that quick: the files are memory, only what is different is
 * written between two looks, and pages that hold nothing but zeros, as most of
 * the ledger and of the locks are, have many bits flipped at a time.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fault/gallery.h"
#include "fault/lab.h"
#include "fault/shelf.h"

#define CPU_MS 500       /* that a child may take to look */
#define CHILD_SECONDS 60 /* or wait */
#define PATIENCE 20      /* times that, where none may take so long */
#define TRIALS 12
#define SWEEP_TRIALS 1000 /* without the laboratory */
#define PAGE_BYTES 4096
#define TOGETHER 64 /* bits of pages of zeros */

static struct test_dir dir;
static struct shelf shelf;
static struct gallery_found whole; /* of a cache that is as it was */

static void
set_up(void (*make)(const char *path))
{
	enum bc_status opened;

	test_dir_make_fast(&dir);
	make(dir.cache);
	shelf_load(&shelf, dir.cache);
	shelf_store(&shelf);
	whole = gallery_use(dir.cache, &opened);
	assert_int_equal(opened, BC_OK);
}

static int
setup(void **state)
{
	(void)state;
	set_up(gallery_make);
	return 0;
}

static int
setup_little(void **state)
{
	(void)state;
	set_up(gallery_make_little);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	shelf_free(&shelf);
	test_dir_remove(&dir);
	return 0;
}

/* ---- what comes of a flip ------------------------------------------------ */

enum outcome { RIGHT, REFUSED, LESS, WRONG, SHORT, CRASHED, HUNG, OUTCOMES };

static enum outcome
judge(enum bc_status opened, const struct gallery_found *found)
{
	if (opened != BC_OK)
		return REFUSED;
	if (found->wrong != 0)
		return WRONG;
	if (found->short_ != 0)
		return SHORT;
	return found->right == whole.right ? RIGHT : LESS;
}

/* Of a child's exit code. */
static enum outcome
judge_exit(int code)
{
	if (code == TEST_CHILD_SIGNAL + SIGPROF ||
	    code == TEST_CHILD_SIGNAL + SIGALRM)
		return HUNG;
	return code < CRASHED ? (enum outcome)code : CRASHED;
}

/* End this process if what comes now takes so much too long. */
static void
limit_time(unsigned times)
{
	const struct itimerval cpu = {
		{ 0, 0 },
		{ times * CPU_MS / 1000, times * CPU_MS % 1000 * 1000 },
	};

	setitimer(ITIMER_PROF, &cpu, NULL);
	alarm(CHILD_SECONDS);
}

static void
tell(const char *what, const uint64_t seen[OUTCOMES])
{
	lab_note("%s%llu unharmed, %llu refused, %llu with misses, %llu "
	         "shorter, %llu crashes, %llu hangs",
	         what, (unsigned long long)seen[RIGHT],
	         (unsigned long long)seen[REFUSED],
	         (unsigned long long)seen[LESS],
	         (unsigned long long)seen[SHORT],
	         (unsigned long long)seen[CRASHED],
	         (unsigned long long)seen[HUNG]);
}

/* ---- the catalogue, in use ----------------------------------------------- */

static void
use_in_child(void *unused)
{
	struct gallery_found found;
	enum bc_status opened;

	(void)unused;
	limit_time(1);
	found = gallery_use(dir.cache, &opened);
	_exit(judge(opened, &found));
}

/* Somewhere in the meta pages, in headers of pages, or anywhere. */
static uint64_t
choose_bit(const struct shelf_file *file, uint64_t word)
{
	uint64_t bits = shelf_bits(file);
	uint64_t page = word / 64 % (bits / 8 / PAGE_BYTES);

	switch (word % 4) {
	case 0:
		return word / 64 % 2 * 8 * PAGE_BYTES + word / 128 % (8 * 160);
	case 1:
		return page * 8 * PAGE_BYTES + word / 65536 % (8 * 64);
	default:
		return word / 64 % bits;
	}
}

static void
bits_of_the_catalogue_show_no_wrong_byte(void **state)
{
	struct shelf_file *file = shelf_find(&shelf, "meta.mdb");
	uint64_t trials = lab_part(TRIALS, TRIALS), bit, done;
	static uint64_t seen[OUTCOMES]; /* in all rounds of a run */
	enum outcome outcome;

	(void)state;
	for (done = 0; done < trials && lab_in_time(); done++) {
		bit = choose_bit(file, lab_next());
		shelf_flip(file, bit);
		shelf_store(&shelf);
		shelf_flip(file, bit);
		outcome = judge_exit(test_child_run(use_in_child, NULL));
		seen[outcome]++;
		if (outcome == WRONG)
			fail_msg("bit %llu: wrong bytes",
			         (unsigned long long)bit);
		lab_trials(1);
	}
	tell("", seen);
}

/* ---- every bit ----------------------------------------------------------- */

/* A page of a file, and its number among those of its kind. */
struct page {
	struct shelf_file *file;
	uint64_t offset, bits;
	uint64_t first; /* its first bit, of all bits of its kind */
};

/* Pages of one kind. */
struct pages {
	struct page *list;
	size_t count;
	uint64_t bits;
};

static struct pages full, empty;

/* What children do in turn, each until one of them dies of a bit. */
struct sweep {
	uint64_t first, prime;
	uint64_t groups; /* of bits of empty pages */
	uint64_t trial, trials, all;
	uint64_t seen[OUTCOMES];
	bool patient; /* with the trial that comes */
};

static bool
is_catalogue(const struct shelf_file *file)
{
	return strcmp(file->name, "meta.mdb") == 0;
}

static void
pages_add(struct pages *pages, struct shelf_file *file, uint64_t offset,
          uint64_t bytes)
{
	struct page *page;

	pages->list =
		realloc(pages->list, (pages->count + 1) * sizeof(*pages->list));
	assert_non_null(pages->list);
	page = &pages->list[pages->count++];
	page->file = file;
	page->offset = offset;
	page->bits = 8 * bytes;
	page->first = pages->bits;
	pages->bits += page->bits;
}

static void
pages_find_in(struct shelf_file *file, const struct shelf_part *part)
{
	static const unsigned char zeros[PAGE_BYTES];

	for (uint64_t at = 0; at < part->count; at += PAGE_BYTES) {
		uint64_t rest = part->count - at;
		size_t bytes = rest < PAGE_BYTES ? (size_t)rest : PAGE_BYTES;
		bool zero = memcmp(part->bytes + at, zeros, bytes) == 0;

		pages_add(zero && !is_catalogue(file) ? &empty : &full, file,
		          part->offset + at, bytes);
	}
}

static void
pages_find(void)
{
	memset(&full, 0, sizeof(full));
	memset(&empty, 0, sizeof(empty));
	for (size_t i = 0; i < shelf.count; i++) {
		struct shelf_file *file = &shelf.files[i];

		for (size_t j = 0; j < file->part_count; j++)
			pages_find_in(file, &file->parts[j]);
	}
}

/* Turn a bit of all pages of a kind, on the disk; the page that has it. */
static const struct page *
pages_turn(const struct pages *pages, uint64_t *bit)
{
	size_t low = 0, high = pages->count;
	const struct page *page;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (pages->list[middle].first <= *bit)
			low = middle;
		else
			high = middle;
	}
	page = &pages->list[low];
	*bit = 8 * page->offset + *bit - page->first;
	page->file->map[*bit / 8] ^= (unsigned char)(1u << *bit % 8);
	return page;
}

/*
 * Do what trial 'trial' does to the files, those of neighbours far apart; the
 * file, and which of its bits, or the first of many.
 */
static struct shelf_file *
sweep_flip(const struct sweep *sweep, uint64_t trial, uint64_t *bit)
{
	uint64_t number = (sweep->first + trial * sweep->prime) % sweep->all;
	const struct page *page = NULL;

	if (number < full.bits) {
		*bit = number;
		return pages_turn(&full, bit)->file;
	}
	for (number -= full.bits; number < empty.bits;
	     number += sweep->groups) {
		uint64_t other = number;
		const struct page *at = pages_turn(&empty, &other);

		if (page == NULL)
			*bit = other;
		page = page == NULL ? at : page;
	}
	return page->file;
}

static bool
sweep_is_single(const struct sweep *sweep, uint64_t trial)
{
	return (sweep->first + trial * sweep->prime) % sweep->all < full.bits;
}

/* What a process sees that only looks. */
static enum outcome
sweep_look(struct gallery_found *found)
{
	struct bc_cache *cache;
	struct bc_error err;

	memset(found, 0, sizeof(*found));
	if (bc_open(dir.cache, NULL, &cache, &err) != BC_OK)
		return REFUSED;
	*found = gallery_read(cache);
	bc_close(cache);
	return judge(BC_OK, found);
}

/* Whether that may come of a flip in a file. */
static bool
sweep_allows(const struct shelf_file *file, bool single, enum outcome outcome,
             const struct gallery_found *found)
{
	if (outcome == RIGHT)
		return true;
	/* Only a record of the catalogue may say that there is less. */
	if (is_catalogue(file))
		return outcome != WRONG;
	/* One value at most has that bit. */
	return single && shelf_is_arena(file) && outcome == LESS &&
	       found->right >= 20;
}

static void
sweep_on(void *argument)
{
	struct sweep *sweep = argument;

	for (; sweep->trial < sweep->trials && lab_in_time(); sweep->trial++) {
		bool single = sweep_is_single(sweep, sweep->trial);
		struct gallery_found found;
		struct shelf_file *file;
		enum outcome outcome;
		uint64_t bit;

		shelf_restore(&shelf);
		file = sweep_flip(sweep, sweep->trial, &bit);
		limit_time(sweep->patient ? PATIENCE : 1);
		outcome = sweep_look(&found);
		if (!sweep_allows(file, single, outcome, &found)) {
			fprintf(stderr, "%u wrong, %u short, %u right\n",
			        found.wrong, found.short_, found.right);
			_exit(outcome);
		}
		sweep->seen[outcome]++;
		sweep->patient = false;
		lab_trials(1); /* of this process, which looks at the time */
	}
}

/* Where a meta page of LMDB names the tree of its free pages: its depth in u16,
 * its root in u64. */
#define FREE_DEPTH_AT (16 + 24 + 6)
#define FREE_ROOT_AT (16 + 24 + 40)

/* Whether a page is the only one of the tree of free pages, which is LMDB's
 * own. */
static bool
sweep_lists_free(const unsigned char *bytes, uint64_t page)
{
	for (unsigned i = 0; i < 2; i++) {
		const unsigned char *meta = bytes + i * PAGE_BYTES;
		uint16_t depth;
		uint64_t root;

		memcpy(&depth, meta + FREE_DEPTH_AT, sizeof(depth));
		memcpy(&root, meta + FREE_ROOT_AT, sizeof(root));
		require(depth <= 1);
		if (depth == 1 && root == page)
			return true;
	}
	return false;
}

/*
 * Whether a bit of the catalogue lies in a key or a value, which are ours, and
 * not in what LMDB keeps of pages, nodes and trees.
 */
static bool
sweep_is_ours(const struct shelf_file *file, uint64_t bit)
{
	const unsigned char *page;
	uint64_t at = bit / 8 % PAGE_BYTES;
	uint16_t flags, end, node, words[4];

	if (file->part_count != 1 || bit / 8 < 2 * PAGE_BYTES)
		return false;
	if (sweep_lists_free(file->parts[0].bytes, bit / 8 / PAGE_BYTES))
		return false;
	page = file->parts[0].bytes + bit / 8 / PAGE_BYTES * PAGE_BYTES;
	memcpy(&flags, page + 10, sizeof(flags));
	memcpy(&end, page + 12, sizeof(end));
	if (flags != 2)
		return false;
	for (unsigned i = 16; i < end && end <= PAGE_BYTES; i += 2) {
		memcpy(&node, page + i, sizeof(node));
		if (node > PAGE_BYTES - 8)
			return false;
		memcpy(words, page + node, sizeof(words));
		if (words[2] == 0 && at >= node + 8u &&
		    at < node + 8u + words[3] + words[0])
			return true;
	}
	return false;
}

static void
sweep_begin(struct sweep *sweep)
{
	pages_find();
	sweep->groups = (empty.bits + TOGETHER - 1) / TOGETHER;
	sweep->all = full.bits + sweep->groups;
	sweep->first = lab_next() % sweep->all;
	for (sweep->prime = 1000003; sweep->all % sweep->prime == 0;)
		sweep->prime = 1000033;
	sweep->trials = lab_is_on() ? lab_part(sweep->all, sweep->all)
	                            : TEST_TRIALS(SWEEP_TRIALS);
}

/*
 * A child ended with the trial: may it?  One that took too long where it may
 * not is tried again with more time: where a machine stands still, the time is
 * that of the process.
 */
static void
sweep_judge(struct sweep *sweep, int code)
{
	bool single = sweep_is_single(sweep, sweep->trial);
	enum outcome outcome = judge_exit(code);
	struct shelf_file *file;
	uint64_t bit;
	bool may;

	shelf_restore(&shelf);
	file = sweep_flip(sweep, sweep->trial, &bit);
	may = outcome >= CRASHED && is_catalogue(file) &&
	      !sweep_is_ours(file, bit);
	if (outcome == HUNG && !may && !sweep->patient) {
		sweep->patient = true;
		return;
	}
	sweep->patient = false;
	sweep->trial++;
	sweep->seen[outcome]++;
	if (!may)
		fail_msg("%s, bit %llu%s: exit %d", file->name,
		         (unsigned long long)bit, single ? "" : " and others",
		         code);
}

static void
every_bit_in_turn_shows_no_wrong_byte(void **state)
{
	struct sweep *sweep = test_shared(sizeof(*sweep));
	static bool swept; /* a second time would show nothing new */
	uint64_t before = 0;
	char what[120];
	int code;

	(void)state;
	if (swept)
		return;
	sweep_begin(sweep);
	while (sweep->trial < sweep->trials && lab_in_time()) {
		shelf_restore(&shelf);
		code = test_child_run(sweep_on, sweep);
		if (code != 0)
			sweep_judge(sweep, code);
		lab_trials(sweep->trial - before);
		before = sweep->trial;
	}
	swept = sweep->trial == sweep->all;
	snprintf(what, sizeof(what), "%s%llu bits, %llu of them %d at a time: ",
	         swept ? "all of " : "of ",
	         (unsigned long long)(full.bits + empty.bits),
	         (unsigned long long)empty.bits, TOGETHER);
	tell(what, sweep->seen);
	free(full.list);
	free(empty.list);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			bits_of_the_catalogue_show_no_wrong_byte, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			every_bit_in_turn_shows_no_wrong_byte, setup_little,
			teardown),
	};

	return LAB_MAIN(argc, argv, "sweep", tests);
}
