/* SPDX-License-Identifier: MIT */
/*
 * unpack.h - what is in a gzip file or in a member of a zip archive, and
 * text of other encodings as UTF-8.
 */
#ifndef TOOL_UNPACK_H
#define TOOL_UNPACK_H

#include "buffer.h"

#include <zip.h>

/*
 * Unpack a gzip file, which may have several members, to 'out'; *modified_ns is
 * set if the file says when its text was written.  False with *err filled.
 */
bool unpack_gzip(const char *data, uint64_t bytes, struct buffer *out,
                 int64_t *modified_ns, struct bc_error *err);

/* Open the archive in 'bytes' bytes at 'data', which are borrowed. */
zip_t *unpack_zip_open(const char *data, uint64_t bytes, struct bc_error *err);

/* Unpack the member that 'stat' describes.  False with *err filled. */
bool unpack_zip_member(zip_t *zip, const zip_stat_t *stat, struct buffer *out,
                       struct bc_error *err);

/*
 * Rewrite UTF-16, with a byte order mark or without, as UTF-8; other text stays
 * as it is.  False with *err filled.
 */
bool unpack_utf16(struct buffer *text, struct bc_error *err);

/*
 * Rewrite what is no UTF-8 and can be Windows-1252, as older programs write, as
 * UTF-8; other text stays as it is.
 */
void unpack_windows(struct buffer *text);

#endif /* TOOL_UNPACK_H */
