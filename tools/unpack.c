/* SPDX-License-Identifier: MIT */
/*
 * unpack.c - what is in a gzip file or in a member of a zip archive, and text
 * of other encodings as UTF-8.
 *
 * What a file says about its unpacked size is a hint for the first allocation,
 * believed no further than DEFLATE can shrink; the limit holds for what really
 * comes out.
 */
#define ZLIB_CONST /* Input is not written to. */

#include "unpack.h"

#include <iconv.h>
#include <string.h>
#include <zlib.h>
#ifdef UNPACK_DEFLATE
#include <libdeflate.h>
#endif

#include "check.h"
#include "clock.h"
#include "error.h"
#include "input.h"
#include "key.h"

#define UNPACK_LOOK ((uint64_t)1 << 20)
#define UNPACK_RATIO 1032 /* more than this DEFLATE cannot shrink */

/* The first capacity for 'bytes' packed bytes that say they are 'hint'. */
static uint64_t
unpack_capacity(uint64_t bytes, uint64_t hint)
{
	hint = bci_min(hint, bytes * UNPACK_RATIO);
	return bci_min(hint, buffer_limit) + 1;
}

/* ------------------------------------------------------------------------ */
/*  gzip                                                                    */
/* ------------------------------------------------------------------------ */

static uint32_t
gzip_word(const char *data)
{
	uint32_t word = 0;

	for (int i = 3; i >= 0; i--)
		word = word << 8 | (unsigned char)data[i];
	return word;
}

/* Unpack one member; *used is how far 'data' is read. */
static bool
gzip_member(z_stream *stream, const char *data, uint64_t bytes, uint64_t *used,
            struct buffer *out, struct bc_error *err)
{
	int result = Z_OK;

	while (result == Z_OK) {
		uInt input = (uInt)bci_min(bytes - *used, 1 << 30);
		uInt room;

		if (!buffer_grow(out, err))
			return false;
		room = (uInt)bci_min(out->capacity - out->bytes, 1 << 30);
		stream->next_in = (const Bytef *)data + *used;
		stream->avail_in = input;
		stream->next_out = (Bytef *)out->data + out->bytes;
		stream->avail_out = room;
		result = inflate(stream, Z_NO_FLUSH);
		*used += input - stream->avail_in;
		out->bytes += room - stream->avail_out;
	}
	if (result == Z_STREAM_END)
		return true;
	if (result == Z_BUF_ERROR)
		bci_fail(err, BC_INVALID,
		         "the gzip file ends early, after "
		         "%llu bytes of text",
		         (unsigned long long)out->bytes);
	else if (result == Z_MEM_ERROR)
		bci_fail(err, BC_NOMEM, "no memory to unpack");
	else
		bci_fail(err, BC_INVALID,
		         "the gzip file is damaged near byte "
		         "%llu: %s",
		         (unsigned long long)*used,
		         stream->msg != NULL ? stream->msg : "no gzip data");
	return false;
}

/* Whether there is nothing but the zeros that some devices pad with. */
static bool
gzip_is_padding(const char *data, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		if (data[i] != '\0')
			return false;
	return true;
}

/*
 * Unpack a file of one member that fits into the room there is.  Whatever else
 * it may be, zlib, which is slower, knows more to say about it.
 */
static bool
gzip_at_once(const char *data, uint64_t bytes, struct buffer *out)
{
#ifdef UNPACK_DEFLATE
	struct libdeflate_decompressor *unpacker =
		libdeflate_alloc_decompressor();
	size_t used = 0, got = 0;
	bool good;

	if (unpacker == NULL)
		return false;
	good = libdeflate_gzip_decompress_ex(
		       unpacker, data, bytes, out->data,
		       bci_min(out->capacity, buffer_limit), &used,
		       &got) == LIBDEFLATE_SUCCESS &&
	       gzip_is_padding(data + used, bytes - used);
	libdeflate_free_decompressor(unpacker);
	if (good)
		out->bytes = got;
	return good;
#else
	(void)data;
	(void)bytes;
	(void)out;
	return false;
#endif
}

bool
unpack_gzip(const char *data, uint64_t bytes, struct buffer *out,
            int64_t *modified_ns, struct bc_error *err)
{
	z_stream stream = { 0 };
	uint64_t used = 0;
	bool good = false;

	if (bytes >= 8 && gzip_word(data + 4) != 0)
		*modified_ns = gzip_word(data + 4) * BCI_SECOND_NS;
	if (inflateInit2(&stream, 15 + 16) != Z_OK) {
		bci_fail(err, BC_NOMEM, "no memory to unpack");
		return false;
	}
	if (bytes >= 18 &&
	    !buffer_room(out,
	                 unpack_capacity(bytes, gzip_word(data + bytes - 4)),
	                 err))
		goto done;
	if (out->data != NULL && gzip_at_once(data, bytes, out)) {
		good = true;
		goto done;
	}
	for (;;) {
		if (!gzip_member(&stream, data, bytes, &used, out, err))
			goto done;
		if (gzip_is_padding(data + used, bytes - used))
			break;
		if (bytes - used < 2 || data[used] != '\x1f' ||
		    data[used + 1] != '\x8b') {
			bci_fail(err, BC_INVALID,
			         "something else follows the gzip data at byte "
			         "%llu",
			         (unsigned long long)used);
			goto done;
		}
		inflateReset(&stream);
	}
	good = true;
done:
	inflateEnd(&stream);
	return good;
}

/* ------------------------------------------------------------------------ */
/*  zip                                                                     */
/* ------------------------------------------------------------------------ */

zip_t *
unpack_zip_open(const char *data, uint64_t bytes, struct bc_error *err)
{
	zip_source_t *source;
	zip_error_t error;
	zip_t *zip = NULL;

	zip_error_init(&error);
	source = zip_source_buffer_create(data, bytes, 0, &error);
	if (source != NULL)
		zip = zip_open_from_source(source, ZIP_RDONLY, &error);
	if (zip == NULL) {
		zip_source_free(source);
		bci_fail(err, BC_INVALID, "the zip archive cannot be read: %s",
		         zip_error_strerror(&error));
	}
	zip_error_fini(&error);
	return zip;
}

bool
unpack_zip_member(zip_t *zip, const zip_stat_t *stat, struct buffer *out,
                  struct bc_error *err)
{
	zip_file_t *file;
	zip_int64_t got = 1;

	if (stat->encryption_method != ZIP_EM_NONE) {
		bci_fail(err, BC_INVALID,
		         "it is encrypted: unpack it with the password first");
		return false;
	}
	file = zip_fopen_index(zip, stat->index, 0);
	if (file == NULL) {
		bci_fail(err, BC_INVALID, "it cannot be unpacked: %s",
		         zip_strerror(zip));
		return false;
	}
	if (!buffer_room(out, unpack_capacity(stat->comp_size, stat->size),
	                 err))
		goto done;
	while (got > 0) {
		if (!buffer_grow(out, err))
			goto done;
		got = zip_fread(file, out->data + out->bytes,
		                out->capacity - out->bytes);
		if (got > 0)
			out->bytes += (uint64_t)got;
	}
	if (got < 0)
		bci_fail(err, BC_INVALID, "it is damaged: %s",
		         zip_file_strerror(file));
done:
	zip_fclose(file);
	return got == 0;
}

/* ------------------------------------------------------------------------ */
/*  Encodings                                                               */
/* ------------------------------------------------------------------------ */

/* The encoding, if it is one of UTF-16; *mark is the size of its mark. */
static const char *
utf16_name(const struct buffer *text, size_t *mark)
{
	const char *data = text->data;
	size_t count = (size_t)bci_min(text->bytes, 64) & ~(size_t)1;
	size_t zeros[2] = { 0 };

	*mark = 2;
	if (text->bytes >= 2 && memcmp(data, "\xff\xfe", 2) == 0)
		return "UTF-16LE";
	if (text->bytes >= 2 && memcmp(data, "\xfe\xff", 2) == 0)
		return "UTF-16BE";
	*mark = 0;
	for (size_t i = 0; i < count; i++)
		zeros[i % 2] += data[i] == '\0';
	if (count < 8 || zeros[0] + zeros[1] != count / 2)
		return NULL;
	return zeros[0] == 0 ? "UTF-16LE" : zeros[1] == 0 ? "UTF-16BE" : NULL;
}

/*
 * Rewrite text of the encoding 'name' behind its mark as UTF-8.  One byte
 * becomes three at most.
 */
static bool
unpack_convert(struct buffer *text, const char *name, size_t mark,
               struct bc_error *err)
{
	size_t left = text->bytes - mark, room = left * 3 + 1;
	struct buffer out = { 0 };
	char *from, *to;
	iconv_t state;
	bool good;

	state = iconv_open("UTF-8", name);
	if (state == (iconv_t)-1) {
		/* NOLINTNEXTLINE(analyzer-malloc-leak): there is none */
		bci_fail(err, BC_IO, "it is %s, which iconv does not know here",
		         name);
		return false;
	}
	good = buffer_room(&out, room, err);
	from = text->data + mark;
	to = out.data;
	if (good && (iconv(state, &from, &left, &to, &room) == (size_t)-1 ||
	             left != 0)) {
		size_t at = text->bytes - left + 1;

		bci_fail(err, BC_INVALID, "it is no %s at byte %zu", name, at);
		good = false;
	}
	iconv_close(state);
	if (!good) {
		buffer_free(&out);
		return false;
	}
	out.bytes = (uint64_t)(to - out.data);
	buffer_free(text);
	*text = out;
	return true;
}

bool
unpack_utf16(struct buffer *text, struct bc_error *err)
{
	size_t mark;
	const char *name = utf16_name(text, &mark);

	return name == NULL || unpack_convert(text, name, mark, err);
}

void
unpack_windows(struct buffer *text)
{
	uint64_t bytes = text->bytes;

	/* The header and some rows; to read all once more costs too much. */
	if (bytes > UNPACK_LOOK)
		for (bytes = UNPACK_LOOK;
		     ((unsigned char)text->data[bytes] & 0xc0) == 0x80; bytes--)
			;
	if (!bci_utf8_valid(text->data, bytes))
		(void)unpack_convert(text, "WINDOWS-1252", 0, NULL);
}
