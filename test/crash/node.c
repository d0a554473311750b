/* SPDX-License-Identifier: MIT */
/*
 * node.c - the content and the names of one file or directory.
 *
 * Whatever part of a page was written reaches the disk with all of the page, as
 * it was at some moment.  So a page of a crash state is the certain one with
 * the first so many of the pending writes to it; the next may be torn.
 */
#include "support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/node.h"

/* ---- certain content ----------------------------------------------------- */

void
node_free(struct disk_node *node)
{
	for (size_t i = 0; i < node->page_count; i++)
		free(node->pages[i]);
	for (unsigned view = 0; view < DISK_VIEWS; view++)
		free(node->names[view].entries);
	free(node->pages);
	free(node->pending);
	free(node);
}

static struct disk_page *
node_page(struct disk_node *node, size_t index)
{
	if (index >= node->page_count) {
		size_t count = index + 1 + index / 4;

		node->pages = disk_memory(node->pages, count, sizeof(void *));
		for (size_t i = node->page_count; i < count; i++)
			node->pages[i] = NULL;
		node->page_count = count;
	}
	if (node->pages[index] == NULL) {
		node->pages[index] =
			disk_memory(NULL, 1, sizeof(**node->pages));
		memset(node->pages[index], 0, sizeof(**node->pages));
	}
	return node->pages[index];
}

static const unsigned char *
record_bytes(const struct trace_record *record)
{
	return (const unsigned char *)(record + 1);
}

static bool
record_writes(const struct trace_record *record)
{
	return record->kind == TRACE_WRITE || record->kind == TRACE_DURABLE;
}

/* Pages that a write touches: [first, end). */
static size_t
record_first(const struct trace_record *record)
{
	return record->offset / DISK_PAGE;
}

static size_t
record_end(const struct trace_record *record)
{
	return (record->offset + record->bytes + DISK_PAGE - 1) / DISK_PAGE;
}

/* The part of page 'index' that a write has: [*from, *to) of the page. */
static const unsigned char *
record_part(const struct trace_record *record, size_t index, size_t *from,
            size_t *to)
{
	uint64_t begin = index * (uint64_t)DISK_PAGE;
	uint64_t end = record->offset + record->bytes;

	*from = record->offset > begin ? (size_t)(record->offset - begin) : 0;
	*to = end - begin < DISK_PAGE ? (size_t)(end - begin) : DISK_PAGE;
	return record_bytes(record) + (begin + *from - record->offset);
}

static void
node_apply(struct disk_node *node, const struct disk_pending *pending,
           size_t index)
{
	struct disk_page *page = node_page(node, index);
	const unsigned char *bytes;
	size_t from, to;

	if (pending->number < page->settled)
		return;
	bytes = record_part(pending->record, index, &from, &to);
	memcpy(page->bytes + from, bytes, to - from);
	page->settled = pending->number;
}

static void
node_lengthen(struct disk_node *node, const struct trace_record *record)
{
	uint64_t end = record->offset + record->bytes;

	if (end > node->bytes || record->kind == TRACE_SIZE)
		node->bytes = end;
}

void
node_pend(struct disk_node *node, const struct trace_record *record,
          size_t number)
{
	if (node->pending_count == node->pending_room) {
		node->pending_room = 2 * node->pending_room + 64;
		node->pending = disk_memory(node->pending, node->pending_room,
		                            sizeof(*node->pending));
	}
	node->pending[node->pending_count++] =
		(struct disk_pending){ record, number };
}

void
node_unpend(struct disk_node *node)
{
	node->pending_count--;
}

/* The pages that it touches go to the disk as a whole. */
void
node_write(struct disk_node *node, const struct trace_record *record,
           size_t number)
{
	const struct disk_pending last = { record, number };

	for (size_t index = record_first(record); index < record_end(record);
	     index++) {
		for (size_t i = 0; i < node->pending_count; i++) {
			const struct trace_record *earlier =
				node->pending[i].record;

			if (record_writes(earlier) &&
			    index >= record_first(earlier) &&
			    index < record_end(earlier))
				node_apply(node, &node->pending[i], index);
		}
		node_apply(node, &last, index);
	}
	node_lengthen(node, record);
}

void
node_settle(struct disk_node *node)
{
	for (size_t i = 0; i < node->pending_count; i++) {
		const struct disk_pending *pending = &node->pending[i];

		node_lengthen(node, pending->record);
		if (!record_writes(pending->record))
			continue;
		for (size_t index = record_first(pending->record);
		     index < record_end(pending->record); index++)
			node_apply(node, pending, index);
	}
	node->pending_count = 0;
}

/* ---- what a crash leaves ------------------------------------------------- */

/* A page of the crash state, made once a pending write is to be part of it. */
struct left_page {
	unsigned char *bytes; /* NULL: the certain one */
	unsigned writes;      /* pending ones */
	unsigned kept;        /* of them */
	bool torn;            /* the next one is there in part */
	unsigned seen;
};

struct left {
	const struct disk_node *node;
	struct left_page *pages;
	size_t page_count;
	uint64_t bytes;
};

static size_t
left_settled(const struct disk_node *node, size_t index)
{
	return index < node->page_count && node->pages[index] != NULL
	               ? node->pages[index]->settled
	               : 0;
}

/* Copy those units of a torn write that reached the disk. */
static void
left_tear(unsigned char *page, const unsigned char *bytes, size_t from,
          size_t to, struct disk_dice *dice)
{
	bool words = dice->tear == DISK_WORDS || dice->tear == DISK_WORD;
	bool any = dice->tear == DISK_SECTORS || dice->tear == DISK_WORDS;
	size_t unit = words ? 8 : 512;
	size_t cut = any ? DISK_PAGE : disk_roll(dice) % (DISK_PAGE / unit);

	for (size_t at = from; at < to; at += unit - at % unit) {
		size_t end = at + unit - at % unit;

		if (at / unit < cut && (!any || disk_roll(dice) % 2 == 0))
			memcpy(page + at, bytes + (at - from),
			       (end < to ? end : to) - at);
	}
}

/* One pending write to one page. */
static void
left_write(struct left *left, const struct trace_record *record, size_t index,
           struct disk_dice *dice)
{
	struct left_page *page = &left->pages[index];
	unsigned number = page->seen++;
	const unsigned char *bytes;
	uint64_t end;
	size_t from, to;

	if (number > page->kept || (number == page->kept && !page->torn))
		return;
	if (page->bytes == NULL) {
		page->bytes = disk_memory(NULL, 1, DISK_PAGE);
		memset(page->bytes, 0, DISK_PAGE);
		if (index < left->node->page_count &&
		    left->node->pages[index] != NULL)
			memcpy(page->bytes, left->node->pages[index]->bytes,
			       DISK_PAGE);
	}
	bytes = record_part(record, index, &from, &to);
	if (number < page->kept)
		memcpy(page->bytes + from, bytes, to - from);
	else
		left_tear(page->bytes, bytes, from, to, dice);
	end = index * (uint64_t)DISK_PAGE + to;
	left->bytes = end > left->bytes ? end : left->bytes;
}

/* Count the writes to each page and decide how many of them are kept. */
static void
left_plan(struct left *left, struct disk_dice *dice)
{
	const struct disk_node *node = left->node;

	left->page_count = node->page_count;
	for (size_t i = 0; i < node->pending_count; i++) {
		const struct trace_record *record = node->pending[i].record;

		if (record_writes(record) &&
		    record_end(record) > left->page_count)
			left->page_count = record_end(record);
	}
	left->pages = calloc(left->page_count + 1, sizeof(*left->pages));
	if (left->pages == NULL)
		disk_fail("no memory");
	for (size_t i = 0; i < node->pending_count; i++) {
		const struct disk_pending *pending = &node->pending[i];

		if (!record_writes(pending->record))
			continue;
		for (size_t index = record_first(pending->record);
		     index < record_end(pending->record); index++)
			left->pages[index].writes +=
				pending->number >= left_settled(node, index);
	}
	for (size_t i = 0; i < left->page_count; i++) {
		struct left_page *page = &left->pages[i];

		if (page->writes == 0)
			continue;
		page->kept =
			disk_keeps(dice)
				? page->writes
				: (unsigned)(disk_roll(dice) % page->writes);
		page->torn =
			dice->tear != DISK_WHOLE && disk_roll(dice) % 2 == 0;
	}
}

static void
left_make(struct left *left, struct disk_dice *dice)
{
	const struct disk_node *node = left->node;
	uint64_t now = node->bytes;

	left->bytes = node->bytes;
	for (size_t i = 0; i < node->pending_count; i++) {
		const struct disk_pending *pending = &node->pending[i];
		const struct trace_record *record = pending->record;
		uint64_t end = record->offset + record->bytes;

		now = end > now || record->kind == TRACE_SIZE ? end : now;
		if (!record_writes(record)) {
			if (disk_keeps(dice) &&
			    (end > left->bytes || record->kind == TRACE_SIZE))
				left->bytes = end;
			continue;
		}
		for (size_t index = record_first(record);
		     index < record_end(record); index++)
			if (pending->number >= left_settled(node, index))
				left_write(left, record, index, dice);
	}
	/* The length may be there before the content is. */
	if (now > left->bytes && disk_roll(dice) % 2 == 0)
		left->bytes = now;
}

static const unsigned char *
left_content(const struct left *left, size_t index)
{
	if (left->pages[index].bytes != NULL)
		return left->pages[index].bytes;
	return index < left->node->page_count &&
	                       left->node->pages[index] != NULL
	               ? left->node->pages[index]->bytes
	               : NULL;
}

static void
left_save(const struct left *left, int fd)
{
	bool failed = ftruncate(fd, (off_t)left->bytes) != 0;

	for (size_t i = 0; i < left->page_count; i++) {
		const unsigned char *bytes = left_content(left, i);
		uint64_t at = i * (uint64_t)DISK_PAGE;
		uint64_t most = left->bytes > at ? left->bytes - at : 0;
		size_t some = most < DISK_PAGE ? (size_t)most : DISK_PAGE;

		if (bytes != NULL && some != 0)
			failed |= pwrite(fd, bytes, some, (off_t)at) !=
			          (ssize_t)some;
	}
	if (failed)
		disk_fail("a crash state cannot be written");
}

void
node_leave(const struct disk_node *node, struct disk_dice *dice,
           const char *path)
{
	struct left left = { .node = node };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		disk_fail("a crash state cannot be made");
	left_plan(&left, dice);
	left_make(&left, dice);
	left_save(&left, fd);
	for (size_t i = 0; i < left.page_count; i++)
		free(left.pages[i].bytes);
	free(left.pages);
	close(fd);
}

/* ---- names --------------------------------------------------------------- */

static struct disk_entry *
names_find(const struct disk_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->entries[i].name, name) == 0)
			return &names->entries[i];
	return NULL;
}

struct disk_node *
node_find(const struct disk_node *directory, enum disk_view view,
          const char *name)
{
	const struct disk_entry *entry =
		names_find(&directory->names[view], name);

	return entry == NULL ? NULL : entry->node;
}

void
node_name(struct disk_node *directory, enum disk_view view, const char *name,
          struct disk_node *node)
{
	struct disk_names *names = &directory->names[view];
	struct disk_entry *entry = names_find(names, name);

	if (entry == NULL) {
		names->entries = disk_memory(names->entries, names->count + 1,
		                             sizeof(*names->entries));
		entry = &names->entries[names->count++];
		if (strlen(name) >= sizeof(entry->name))
			disk_fail("a name is too long");
		strcpy(entry->name, name);
	}
	entry->node = node;
}

void
node_unname(struct disk_node *directory, enum disk_view view, const char *name,
            const struct disk_node *node)
{
	struct disk_names *names = &directory->names[view];
	struct disk_entry *entry = names_find(names, name);

	if (entry != NULL && entry->node == node)
		*entry = names->entries[--names->count];
}
