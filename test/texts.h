/* SPDX-License-Identifier: MIT */
/*
 * texts.h - for the tests of what input reads: a directory and a file of each
 * test, files that are written, texts that are expected.  The largest text is
 * INPUT_BYTES_MAX there, as the tests are built with it.
 */
#ifndef BARCACHE_TEST_TEXTS_H
#define BARCACHE_TEST_TEXTS_H

#include "support.h"

#include "input.h"

/* The fixture of the running test. */
extern struct test_dir text_dir;
extern char text_file[TEST_PATH]; /* not yet there */

int text_setup(void **state);
int text_teardown(void **state);

/* Write a file; read all of one, which the caller frees. */
void text_write(const char *path, const void *data, size_t bytes);
unsigned char *text_read(const char *path, size_t *bytes);

/* At least 'bytes' bytes of lines that differ; the caller frees them. */
char *text_make(size_t bytes);

/* Pack as one member of gzip to 'out'.  Returns its size. */
size_t text_gzip(const void *data, size_t bytes, uint32_t time,
                 unsigned char *out, size_t room);

/* Open what must open. */
struct input_source *text_open(const char *path);

/* The next text must have this name and these bytes. */
const struct input *text_expect(struct input_source *source, const char *name,
                                const char *text, size_t bytes);

/* The next text must fail so. */
void text_expect_failure(struct input_source *source, const char *name,
                         const char *message);

/* There must be no more; closes. */
void text_expect_end(struct input_source *source);

/* The file of the test must be one text, or one that fails. */
void text_expect_only(const char *text, size_t bytes);
void text_expect_bad(const char *message);

/* A path must not open. */
void text_expect_refused(const char *path, enum bc_status status,
                         const char *message);

/*
 * Read all of the file of the test, which may be damaged.  Returns whether
 * nothing was wrong; *bytes is how much text there was.
 */
bool text_read_all(uint64_t *bytes);

#endif /* BARCACHE_TEST_TEXTS_H */
