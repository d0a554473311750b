/* SPDX-License-Identifier: MIT */
/*
 * preface.c - the first pages of an LMDB file, looked at before LMDB does.
 *
 * LMDB believes its two meta pages: a page size of 0 is a division by it
 * (CVE-2019-16228), flags of sorted duplicates, which no table of ours has,
 * lead to pages that are taken apart as what they are not (CVE-2019-16224).  So
 * both pages are read here first, into memory that nobody else changes.
 */
#include "common.h"

#include "error.h"
#include "file.h"
#include "preface.h"

#define PREFACE_MAGIC 0xbeefc0deu
#define PREFACE_VERSION 1
#define PREFACE_PAGE_MIN 512
#define PREFACE_PAGE_MAX 65536

/* MDB_REVERSEKEY, MDB_DUPSORT, MDB_DUPFIXED, MDB_INTEGERDUP, MDB_REVERSEDUP */
#define PREFACE_FOREIGN_FLAGS 0x76

/* A table as a meta page has it; 'pad' of the first one is the page size. */
struct preface_table {
	uint32_t pad;
	uint16_t flags, depth;
	uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};

/* The beginning of a meta page on a 64-bit host. */
struct preface_page {
	uint64_t number;
	uint16_t pad, page_flags;
	uint32_t bounds;
	uint32_t magic, version;
	uint64_t address, map_bytes;
	struct preface_table free, main;
	uint64_t last_page, txnid;
};
_Static_assert(sizeof(struct preface_page) == 152, "LMDB's meta page");

static enum bc_status
preface_check_page(const struct preface_page *page, const char *name,
                   struct bc_error *err)
{
	uint32_t bytes = page->free.pad;

	if (page->magic == __builtin_bswap32(PREFACE_MAGIC))
		return bci_fail(err, BC_FORMAT,
		                "%s was written by a host of the other byte "
		                "order",
		                name);
	if (page->magic != PREFACE_MAGIC)
		return bci_fail(err, BC_FORMAT, "%s is not an LMDB file", name);
	if (page->version != PREFACE_VERSION)
		return bci_fail(err, BC_FORMAT,
		                "%s has LMDB's file format %u; barcache needs "
		                "that of LMDB 0.9",
		                name, page->version);
	if (bytes < PREFACE_PAGE_MIN || bytes > PREFACE_PAGE_MAX ||
	    (bytes & (bytes - 1)) != 0)
		return bci_fail(err, BC_FORMAT,
		                "%s is not a file of LMDB 0.9: its pages have "
		                "%u bytes",
		                name, bytes);
	if (((page->free.flags | page->main.flags) & PREFACE_FOREIGN_FLAGS) !=
	    0)
		return bci_fail(err, BC_FORMAT,
		                "%s has tables of a kind that barcache does "
		                "not make",
		                name);
	return BC_OK;
}

enum bc_status
bci_preface_check(int fd, const char *name, struct bc_error *err)
{
	struct preface_page first = { 0 }, second = { 0 };
	enum bc_status status;

	/* What is too short for a page has the magic number of none. */
	(void)bci_file_read(fd, &first, sizeof(first), 0);
	status = preface_check_page(&first, name, err);
	if (status != BC_OK)
		return status;
	(void)bci_file_read(fd, &second, sizeof(second), first.free.pad);
	status = preface_check_page(&second, name, err);
	if (status == BC_OK && second.free.pad != first.free.pad)
		return bci_fail(err, BC_FORMAT,
		                "%s is not a file of LMDB 0.9: its pages have "
		                "%u or %u bytes",
		                name, first.free.pad, second.free.pad);
	return status;
}
