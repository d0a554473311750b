/* SPDX-License-Identifier: MIT */
/*
 * zones.c - the time zones that this process has asked for, by name.
 *
 * There are a few hundred at most and each is a few KiB, so they are kept in a
 * list that only grows: whoever has found one may keep the pointer, and nobody
 * needs a lock, which a fork could leave taken.  Of two threads that load the
 * same zone at once the later one lets its own go.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "alloc.h"
#include "error.h"
#include "file.h"
#include "zoneinfo.h"
#include "zones.h"

struct zones_node {
	struct bci_zone zone;
	struct bci_zone_change fixed;
	struct zones_node *next;
	char path[];
};

static _Atomic(struct zones_node *) zones_list;

static const struct bci_zone *
zones_known(const char *path)
{
	const struct zones_node *node =
		atomic_load_explicit(&zones_list, memory_order_acquire);

	while (node != NULL && strcmp(node->path, path) != 0)
		node = node->next;
	return node == NULL ? NULL : &node->zone;
}

static void
zones_free(struct zones_node *node)
{
	if (node == NULL)
		return;
	if (node->zone.changes != &node->fixed)
		bci_free(&bci_allocator_default, node->zone.changes);
	bci_free(&bci_allocator_default, node);
}

/* Add a zone to the list, or let it go for the same one of another thread. */
static const struct bci_zone *
zones_add(struct zones_node *node)
{
	const struct bci_zone *known;

	node->next = atomic_load(&zones_list);
	for (;;) {
		known = zones_known(node->path);
		if (known != NULL) {
			zones_free(node);
			return known;
		}
		if (atomic_compare_exchange_strong(&zones_list, &node->next,
		                                   node))
			return &node->zone;
	}
}

/* Whether a file of that name may be looked for: it lies in the directory. */
static bool
zones_is_name(const char *name)
{
	size_t bytes = strlen(name);

	if (bytes == 0 || bytes > BCI_ZONE_NAME_MAX || *name == '/')
		return false;
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)name[i] < 0x20 ||
		    (name[i] == '.' && name[i + 1] == '.'))
			return false;
	return true;
}

/* Read the file; no more of it than a zone file may have, and a byte. */
static enum bc_status
zones_read(const char *path, const char *name, unsigned char *data,
           size_t *bytes, struct bc_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	ssize_t got = 0;

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return bci_fail_os(err, errno, "cannot open %s", path);
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		got = bci_file_read(fd, data, BCI_ZONEINFO_MAX + 1, 0);
		if (got < 0) {
			bci_file_close(&fd);
			return bci_fail(err, BC_IO, "cannot read %s", path);
		}
	}
	bci_file_close(&fd);
	if (got < 4 || memcmp(data, "TZif", 4) != 0)
		return bci_fail(err, BC_ABSENT, "time zone '%s' is not known",
		                name);
	*bytes = (size_t)got;
	return BC_OK;
}

/* Fill in a zone from its file. */
static enum bc_status
zones_load(struct zones_node *node, const char *name, struct bc_error *err)
{
	struct bc_error reason = { .message = "" };
	unsigned char *data;
	size_t bytes = 0;
	enum bc_status status;

	data = bci_alloc(&bci_allocator_default, 1, BCI_ZONEINFO_MAX + 1);
	if (data == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a time zone");
	BCI_TRY(zones_read(node->path, name, data, &bytes, err));
	status = bytes > BCI_ZONEINFO_MAX
	                 ? bci_fail(&reason, BC_INVALID, "it is too large")
	                 : bci_zoneinfo_parse(&bci_allocator_default, data,
	                                      bytes, &node->zone, &reason);
	if (status != BC_OK)
		status = bci_fail(err, status, "time zone '%.64s': %s: %s",
		                  name, node->path, reason.message);
done:
	bci_free(&bci_allocator_default, data);
	return status;
}

enum bc_status
bci_zones_find(const char *directory, const char *name,
               const struct bci_zone **out, struct bc_error *err)
{
	struct zones_node *node = NULL;
	enum bc_status status = BC_OK;
	char path[PATH_MAX];
	int bytes = snprintf(path, sizeof(path), "%s/%s", directory, name);

	*out = NULL;
	if (bytes < 0 || bytes >= PATH_MAX || !zones_is_name(name))
		return bci_fail(err, BC_ABSENT,
		                "time zone '%.64s' is not known", name);
	*out = zones_known(path);
	if (*out != NULL)
		return BC_OK;
	node = bci_zalloc(&bci_allocator_default, 1,
	                  sizeof(*node) + (size_t)bytes + 1);
	if (node == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a time zone");
	memcpy(node->path, path, (size_t)bytes + 1);
	if (!bci_zone_fixed(name, &node->fixed, &node->zone)) {
		memcpy(node->zone.name, name, strlen(name) + 1);
		BCI_TRY(zones_load(node, name, err));
	}
	*out = zones_add(node);
	node = NULL;
done:
	zones_free(node);
	return status;
}
