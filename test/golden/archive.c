/* SPDX-License-Identifier: MIT */
/*
 * archive.c - unpacking a golden cache.
 */
#include "archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalogue.h"
#include "create.h"

unsigned char *
archive_load(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rbe");
	unsigned char *data;
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*bytes = (size_t)st.st_size;
	data = malloc(*bytes + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *bytes, file), *bytes);
	fclose(file);
	return data;
}

void
archive_save(const char *path, const unsigned char *data, size_t bytes)
{
	FILE *file = fopen(path, "r+be");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

static void
archive_replace(const char *name, const struct bci_bytes *text, size_t at,
                const void *bytes, size_t count)
{
	char path[TEST_PATH];
	unsigned char *data, *from, *found;
	unsigned changes = 0;
	size_t size;

	data = from = archive_load(test_path(path, dir.cache, name), &size);
	while ((found = memmem(from, size - (size_t)(from - data), text->data,
	                       text->size)) != NULL) {
		from = found + text->size;
		memcpy(found + at, bytes, count);
		changes++;
	}
	assert_true(changes != 0);
	archive_save(path, data, size);
	free(data);
}

void
archive_change(const char *name, const char *text, size_t at, const void *bytes,
               size_t count)
{
	const struct bci_bytes what = { strlen(text), text };

	archive_replace(name, &what, at, bytes, count);
}

/* The boot that the newest commit of dir.cache is of. */
static void
archive_boot(uint8_t boot_id[16])
{
	int fd = open(dir.cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bci_state_record state;
	struct bci_tables tables;
	struct MDB_env *env;
	struct MDB_txn *txn;
	struct bc_error err;

	assert_true(fd >= 0);
	assert_status(bci_db_open(fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
	                          BCI_DB_READONLY | BCI_DB_NOLOCK, &env, &err),
	              BC_OK, &err);
	assert_status(bci_catalogue_tables(env, &tables, &err), BC_OK, &err);
	assert_status(bci_txn_begin_read(env, &txn, &err), BC_OK, &err);
	assert_status(bci_state_load(txn, &tables, &state, &err), BC_OK, &err);
	memcpy(boot_id, state.boot_id, sizeof(state.boot_id));
	bci_txn_abort(txn);
	bci_db_close(env);
	close(fd);
}

void
archive_set_boot(const void *boot_id)
{
	uint8_t now[16];
	const struct bci_bytes what = { sizeof(now), now };

	archive_boot(now);
	archive_replace(BCI_CATALOGUE_FILE, &what, 0, boot_id, sizeof(now));
}

void
archive_unpack(void)
{
	char command[1024];
	uint8_t boot_id[16];

	test_remove_tree(dir.cache);
	assert_int_equal(mkdir(dir.cache, 0700), 0);
	snprintf(command, sizeof(command), "tar -C '%s' -xzf '%s'", dir.cache,
	         GOLDEN_ARCHIVE);
	assert_int_equal(system(command), 0);
	bci_boot_id(boot_id);
	archive_set_boot(boot_id);
}

int
archive_setup(void **state)
{
	int result = dir_setup(state);

	archive_unpack();
	return result;
}
