/* SPDX-License-Identifier: MIT */
/*
 * texts.c - files that are written and what is expected of reading them.
 */
#include "texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

struct test_dir text_dir;
char text_file[TEST_PATH];

int
text_setup(void **state)
{
	(void)state;
	test_dir_make_fast(&text_dir);
	test_path(text_file, text_dir.path, "file");
	return 0;
}

int
text_teardown(void **state)
{
	(void)state;
	test_dir_remove(&text_dir);
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

void
text_write(const char *path, const void *data, size_t bytes)
{
	FILE *stream = fopen(path, "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(data, 1, bytes, stream), bytes);
	assert_int_equal(fclose(stream), 0);
}

unsigned char *
text_read(const char *path, size_t *bytes)
{
	FILE *stream = fopen(path, "rb");
	unsigned char *data;
	struct stat info;

	assert_non_null(stream);
	assert_int_equal(fstat(fileno(stream), &info), 0);
	*bytes = (size_t)info.st_size;
	data = malloc(*bytes + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *bytes, stream), *bytes);
	fclose(stream);
	return data;
}

char *
text_make(size_t bytes)
{
	char *text = malloc(bytes + 32);
	size_t used = 0;

	assert_non_null(text);
	for (uint64_t i = 0; used < bytes; i++)
		used += (size_t)snprintf(
			text + used, 32, "%llu,%llu\n", (unsigned long long)i,
			(unsigned long long)(test_mix(i, 7) % 100000));
	return text;
}

size_t
text_gzip(const void *data, size_t bytes, uint32_t time, unsigned char *out,
          size_t room)
{
	z_stream stream = { 0 };
	gz_header header = { .time = time };

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8,
	                              Z_DEFAULT_STRATEGY),
	                 Z_OK);
	assert_int_equal(deflateSetHeader(&stream, &header), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (uInt)bytes;
	stream.next_out = out;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&stream), Z_OK);
	return stream.total_out;
}

/* ------------------------------------------------------------------------ */
/*  Expectations                                                            */
/* ------------------------------------------------------------------------ */

struct input_source *
text_open(const char *path)
{
	struct bc_error err = { 0 };
	struct input_source *source = input_open(path, &err);

	if (source == NULL)
		fail_msg("%s: %s", path, err.message);
	return source;
}

const struct input *
text_expect(struct input_source *source, const char *name, const char *text,
            size_t bytes)
{
	const struct input *input;
	struct bc_error err = { 0 };

	if (input_next(source, &input, &err) != 1)
		fail_msg("%s: %s", name, err.message);
	assert_string_equal(input->name, name);
	assert_int_equal(input->bytes, bytes);
	assert_memory_equal(input->data, text, bytes);
	return input;
}

void
text_expect_end(struct input_source *source)
{
	const struct input *input;
	struct bc_error err;

	assert_int_equal(input_next(source, &input, &err), 0);
	assert_int_equal(input_next(source, &input, &err), 0);
	input_close(source);
}

void
text_expect_only(const char *text, size_t bytes)
{
	struct input_source *source = text_open(text_file);

	text_expect(source, text_file, text, bytes);
	text_expect_end(source);
}

void
text_expect_failure(struct input_source *source, const char *name,
                    const char *message)
{
	const struct input *input;
	struct bc_error err = { 0 };

	assert_int_equal(input_next(source, &input, &err), -1);
	assert_string_equal(input->name, name);
	assert_string_equal(err.message, message);
	assert_true(err.status != BC_OK);
}

void
text_expect_bad(const char *message)
{
	struct input_source *source = text_open(text_file);

	text_expect_failure(source, text_file, message);
	text_expect_end(source);
}

void
text_expect_refused(const char *path, enum bc_status status,
                    const char *message)
{
	struct bc_error err = { 0 };
	struct input_source *source = input_open(path, &err);

	assert_null(source);
	assert_string_equal(err.message, message);
	assert_int_equal(err.status, status);
}

bool
text_read_all(uint64_t *bytes)
{
	struct bc_error err = { 0 };
	struct input_source *source = input_open(text_file, &err);
	const struct input *input;
	bool good = source != NULL;
	int result;

	*bytes = 0;
	while (source != NULL && (result = input_next(source, &input, &err))) {
		assert_non_null(input->name);
		good = good && result > 0;
		if (result < 0)
			continue;
		assert_non_null(input->data);
		*bytes += input->bytes;
	}
	if (!good)
		assert_true(err.status != BC_OK && err.message[0] != '\0');
	input_close(source);
	return good;
}
