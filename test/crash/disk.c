/* SPDX-License-Identifier: MIT */
/*
 * disk.c - the model as a whole: the trace, who is who, and names that are not
 * certain yet.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/disk.h"
#include "crash/node.h"

/* A change of names; of CREATE and REMOVE 'to' is not used. */
struct disk_change {
	enum trace_kind kind;
	struct disk_node *node;
	struct disk_node *from, *to;
	char from_name[DISK_NAME], to_name[DISK_NAME];
};

struct disk {
	const struct disk_trace *trace;
	size_t done; /* records that are behind; the next one is in flight */
	bool flying; /* whether there is one */
	struct disk_node *root;
	struct disk_node **nodes; /* all there ever were */
	size_t node_count;
	struct disk_change *changes; /* that are not certain */
	size_t change_count;
};

_Noreturn void
disk_fail(const char *what)
{
	fprintf(stderr, "crash: %s\n", what);
	abort();
}

void *
disk_memory(void *old, size_t count, size_t bytes)
{
	void *memory = realloc(old, (count != 0 ? count : 1) * bytes);

	if (memory == NULL)
		disk_fail("no memory");
	return memory;
}

uint64_t
disk_roll(struct disk_dice *dice)
{
	return test_mix(dice->seed, dice->rolled++) >> 8;
}

bool
disk_keeps(struct disk_dice *dice)
{
	return disk_roll(dice) % 256 < dice->keep;
}

/* ---- traces -------------------------------------------------------------- */

void
disk_trace_read(struct disk_trace *trace, int fd)
{
	off_t bytes = lseek(fd, 0, SEEK_END);
	size_t at = 0, room = 0;

	*trace = (struct disk_trace){ .count = 0 };
	trace->bytes = disk_memory(NULL, (size_t)bytes, 1);
	if (pread(fd, trace->bytes, (size_t)bytes, 0) != bytes)
		disk_fail("the trace cannot be read");
	while (at < (size_t)bytes) {
		const struct trace_record *record =
			(const void *)(trace->bytes + at);

		if (trace->count == room) {
			room = 2 * room + 1024;
			trace->records = disk_memory(trace->records, room,
			                             sizeof(void *));
		}
		trace->records[trace->count++] = record;
		at += sizeof(*record) + (record->bytes + 7) / 8 * 8;
	}
	if (at != (size_t)bytes)
		disk_fail("the trace is cut short");
}

void
disk_trace_free(struct disk_trace *trace)
{
	free(trace->bytes);
	free(trace->records);
	*trace = (struct disk_trace){ .count = 0 };
}

/* ---- the model ----------------------------------------------------------- */

static struct disk_node *
disk_add(struct disk *disk, uint64_t inode, bool is_directory)
{
	struct disk_node *node = disk_memory(NULL, 1, sizeof(*node));

	*node = (struct disk_node){
		.inode = inode,
		.is_directory = is_directory,
	};
	disk->nodes = disk_memory(disk->nodes, disk->node_count + 1,
	                          sizeof(*disk->nodes));
	disk->nodes[disk->node_count++] = node;
	return node;
}

/* The newest of that number. */
static struct disk_node *
disk_node(const struct disk *disk, uint64_t inode)
{
	for (size_t i = disk->node_count; i-- > 0;)
		if (disk->nodes[i]->inode == inode)
			return disk->nodes[i];
	disk_fail("the trace names a file that it never made");
}

struct disk *
disk_make(const struct disk_trace *trace)
{
	struct disk *disk = disk_memory(NULL, 1, sizeof(*disk));

	*disk = (struct disk){ .trace = trace };
	if (trace->count == 0 || trace->records[0]->kind != TRACE_ROOT)
		disk_fail("the trace has no root");
	disk->root = disk_add(disk, trace->records[0]->inode, true);
	disk->done = 1;
	return disk;
}

void
disk_free(struct disk *disk)
{
	for (size_t i = 0; i < disk->node_count; i++)
		node_free(disk->nodes[i]);
	free(disk->nodes);
	free(disk->changes);
	free(disk);
}

static void
change_apply(const struct disk_change *change, enum disk_view view)
{
	if (change->kind == TRACE_CREATE) {
		node_name(change->from, view, change->from_name, change->node);
		return;
	}
	node_unname(change->from, view, change->from_name, change->node);
	if (change->kind == TRACE_RENAME)
		node_name(change->to, view, change->to_name, change->node);
}

/* Copy a name of 'bytes' bytes, which may end with a NUL. */
static void
change_name(char name[DISK_NAME], const char *from, size_t bytes)
{
	if (bytes >= DISK_NAME)
		disk_fail("a name is too long");
	memcpy(name, from, bytes);
	name[bytes] = '\0';
}

/* The change that a record makes; who it concerns is told by what is there. */
static struct disk_change
disk_change(struct disk *disk, const struct trace_record *record)
{
	const char *names = (const char *)(record + 1);
	size_t bytes = strnlen(names, record->bytes);
	struct disk_change change = { .kind = (enum trace_kind)record->kind };

	change.from = disk_node(disk, record->kind == TRACE_RENAME
	                                      ? record->inode
	                                      : record->directory);
	change.to = disk_node(disk, record->directory);
	change_name(change.from_name, names, bytes);
	if (record->kind == TRACE_RENAME)
		change_name(change.to_name, names + bytes + 1,
		            strlen(names + bytes + 1));
	if (record->kind == TRACE_CREATE)
		change.node =
			disk_add(disk, record->inode, record->offset != 0);
	else
		change.node =
			node_find(change.from, DISK_NOW, change.from_name);
	return change;
}

static void
disk_rename(struct disk *disk, const struct trace_record *record)
{
	struct disk_change change = disk_change(disk, record);

	disk->changes = disk_memory(disk->changes, disk->change_count + 1,
	                            sizeof(*disk->changes));
	disk->changes[disk->change_count++] = change;
	change_apply(&change, DISK_NOW);
}

/* What was done to the names of a directory is certain now. */
static void
disk_settle_names(struct disk *disk, const struct disk_node *directory)
{
	size_t left = 0;

	for (size_t i = 0; i < disk->change_count; i++) {
		const struct disk_change *change = &disk->changes[i];

		if (change->from == directory || change->to == directory)
			change_apply(change, DISK_CERTAIN);
		else
			disk->changes[left++] = *change;
	}
	disk->change_count = left;
}

static void
disk_do(struct disk *disk, const struct trace_record *record, size_t number)
{
	switch ((enum trace_kind)record->kind) {
	case TRACE_WRITE:
	case TRACE_SIZE:
	case TRACE_ALLOCATE:
		node_pend(disk_node(disk, record->inode), record, number);
		return;
	case TRACE_DURABLE:
		node_write(disk_node(disk, record->inode), record, number);
		return;
	case TRACE_SYNC:
		if (disk_node(disk, record->inode)->is_directory)
			disk_settle_names(disk, disk_node(disk, record->inode));
		else
			node_settle(disk_node(disk, record->inode));
		return;
	case TRACE_CREATE:
	case TRACE_REMOVE:
	case TRACE_RENAME:
		disk_rename(disk, record);
		return;
	case TRACE_ROOT:
	case TRACE_MARK:
		return;
	}
	disk_fail("the trace has a record of an unknown kind");
}

/*
 * The record in flight: a write is under way, whatever it goes through, a name
 * may be there or not, a sync has done nothing yet.
 */
static void
disk_fly(struct disk *disk)
{
	const struct trace_record *record = disk->trace->records[disk->done];

	if (record->kind != TRACE_DURABLE)
		return;
	node_pend(disk_node(disk, record->inode), record, disk->done);
	disk->flying = true;
}

void
disk_forward(struct disk *disk, size_t count)
{
	const struct trace_record *const *records = disk->trace->records;

	if (disk->flying) {
		node_unpend(disk_node(disk, records[disk->done]->inode));
		disk->flying = false;
	}
	for (; disk->done < count; disk->done++) {
		bool last = disk->done + 1 == count;

		if (last && (records[disk->done]->kind == TRACE_DURABLE ||
		             records[disk->done]->kind == TRACE_SYNC))
			break;
		disk_do(disk, records[disk->done], disk->done);
	}
	if (disk->done < count)
		disk_fly(disk);
}

/* ---- crash states -------------------------------------------------------- */

/* Some of the changes that are not certain: the first ones, or any. */
static void
disk_leave_names(const struct disk *disk, struct disk_dice *dice)
{
	size_t first = disk->change_count + 1;

	for (size_t i = 0; i < disk->node_count; i++) {
		struct disk_node *node = disk->nodes[i];
		const struct disk_names *certain = &node->names[DISK_CERTAIN];

		node->names[DISK_LEFT].count = 0;
		for (size_t k = 0; k < certain->count; k++)
			node_name(node, DISK_LEFT, certain->entries[k].name,
			          certain->entries[k].node);
	}
	if (disk_roll(dice) % 2 == 0)
		first = disk_roll(dice) % (disk->change_count + 1);
	for (size_t i = 0; i < disk->change_count && i < first; i++) {
		if (first <= disk->change_count || disk_keeps(dice))
			change_apply(&disk->changes[i], DISK_LEFT);
	}
}

static void
disk_leave_tree(const struct disk_node *directory, struct disk_dice *dice,
                const char *path)
{
	const struct disk_names *names = &directory->names[DISK_LEFT];
	char below[TEST_PATH];

	for (size_t i = 0; i < names->count; i++) {
		const struct disk_entry *entry = &names->entries[i];

		test_path(below, path, entry->name);
		if (!entry->node->is_directory) {
			node_leave(entry->node, dice, below);
			continue;
		}
		if (mkdir(below, 0700) != 0)
			disk_fail("a crash state cannot be made");
		disk_leave_tree(entry->node, dice, below);
	}
}

void
disk_leave(const struct disk *disk, uint64_t seed, enum disk_tear tear,
           const char *path)
{
	static const unsigned keep[] = { 0, 32, 128, 128, 224, 256 };
	struct disk_dice dice = { .seed = seed, .tear = tear };

	dice.keep = keep[disk_roll(&dice) % 6];
	disk_leave_names(disk, &dice);
	disk_leave_tree(disk->root, &dice, path);
}
