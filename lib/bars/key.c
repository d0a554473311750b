/* SPDX-License-Identifier: MIT */
/*
 * key.c - what a key may be, and the two made kinds: request keys, which hash
 * the JSON text that Python's json.dumps(..., sort_keys=True) gives for a
 * request, byte for byte; and series keys, which spell out one instrument at
 * one timeframe.
 *
 * A series key escapes and never replaces or drops: within a part only '%',
 * '/', '@' and control characters are written as %XX, with capital digits, and
 * only that spelling is read back.  So there is one key for a series and one
 * series for a key.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "error.h"
#include "hash.h"
#include "key.h"
#include "timeframe.h"

#define ONES UINT64_C(0x0101010101010101)
#define TOPS UINT64_C(0x8080808080808080)

/* ------------------------------------------------------------------------ */
/*  UTF-8                                                                   */
/* ------------------------------------------------------------------------ */

/*
 * Take the character at 'text' apart, which has 'bytes' bytes left (at least
 * one).  Returns its length in bytes, or 0 if it is not UTF-8.
 */
static size_t
key_decode(const char *text, size_t bytes, uint32_t *point)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)text;
	size_t length = at[0] < 0x80   ? 1
	                : at[0] < 0xc0 ? 0
	                : at[0] < 0xe0 ? 2
	                : at[0] < 0xf0 ? 3
	                : at[0] < 0xf8 ? 4
	                               : 0;

	if (length == 0 || length > bytes)
		return 0;
	*point = length == 1 ? at[0] : at[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (at[i] & 0x3fu);
	}
	if (*point < least[length] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return length;
}

bool
bci_utf8_valid(const char *text, size_t bytes)
{
	size_t at = 0, length;
	uint32_t point;
	uint64_t word;

	while (at < bytes) {
		if (bytes - at >= sizeof(word)) {
			memcpy(&word, text + at, sizeof(word));
			if ((word & TOPS) == 0) {
				at += sizeof(word);
				continue;
			}
		}
		length = key_decode(text + at, bytes - at, &point);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

/* Whether a byte is a control character, which no key may hold as it is. */
static bool
key_is_control(char byte)
{
	return (unsigned char)byte < 0x20 || byte == 0x7f;
}

/*
 * Every lookup comes through here, so plain ASCII is checked eight bytes at a
 * time: a word holds a byte below 0x20, or one that is 0x7F, if and only if
 * the usual borrow trick leaves a top bit.
 */
bool
bci_key_valid(const char *key, size_t bytes)
{
	uint64_t word, controls, deletes, tops = 0;
	size_t at = 0;

	if (bytes == 0 || bytes > BC_KEY_MAX)
		return false;
	for (; bytes - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, key + at, sizeof(word));
		controls = (word - 0x20 * ONES) & ~word;
		deletes = word ^ 0x7f * ONES;
		deletes = (deletes - ONES) & ~deletes;
		if (((controls | deletes) & TOPS) != 0)
			return false;
		tops |= word;
	}
	for (; at < bytes; at++) {
		if (key_is_control(key[at]))
			return false;
		tops |= (unsigned char)key[at];
	}
	return (tops & TOPS) == 0 || bci_utf8_valid(key, bytes);
}

/* ------------------------------------------------------------------------ */
/*  Request keys                                                            */
/* ------------------------------------------------------------------------ */

/* Text that is only measured while 'text' is NULL, and then written. */
struct key_text {
	char *text;
	size_t bytes;
};

static void
key_put(struct key_text *out, const char *text, size_t bytes)
{
	if (out->text != NULL)
		memcpy(out->text + out->bytes, text, bytes);
	out->bytes += bytes;
}

static void
key_put_text(struct key_text *out, const char *text)
{
	key_put(out, text, strlen(text));
}

static void
key_put_unit(struct key_text *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\', 'u' };

	for (int i = 0; i < 4; i++)
		text[2 + i] = digits[unit >> (12 - 4 * i) & 0xf];
	key_put(out, text, sizeof(text));
}

/* Whether Python's ensure_ascii writes a byte as it is. */
static bool
key_is_plain(char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* One character that is not plain. */
static void
key_put_point(struct key_text *out, uint32_t point)
{
	static const char shorts[][2] = {
		{ '"', '"' },  { '\\', '\\' }, { '\n', 'n' }, { '\r', 'r' },
		{ '\t', 't' }, { '\b', 'b' },  { '\f', 'f' },
	};

	for (size_t i = 0; i < BCI_COUNT(shorts); i++) {
		if (point == (unsigned char)shorts[i][0]) {
			key_put(out, "\\", 1);
			key_put(out, &shorts[i][1], 1);
			return;
		}
	}
	if (point < 0x10000) {
		key_put_unit(out, point);
	} else {
		key_put_unit(out, 0xd800 + ((point - 0x10000) >> 10));
		key_put_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
	}
}

/* A JSON string of valid UTF-8. */
static void
key_put_string(struct key_text *out, const char *text)
{
	const char *end = text + strlen(text);
	uint32_t point = 0;

	key_put(out, "\"", 1);
	while (text < end) {
		const char *from = text;

		while (key_is_plain(*text)) /* The NUL is not. */
			text++;
		key_put(out, from, (size_t)(text - from));
		if (text == end)
			break;
		text += key_decode(text, (size_t)(end - text), &point);
		key_put_point(out, point);
	}
	key_put(out, "\"", 1);
}

/* The canonical text, the names of its members in order of the alphabet. */
static void
key_put_request(struct key_text *out, const struct bc_request *request,
                const char *const *symbols)
{
	key_put_text(out, "{\"data_source\": ");
	key_put_string(out, request->source);
	key_put_text(out, ", \"end_date\": ");
	key_put_string(out, request->end);
	key_put_text(out, ", \"resolution\": ");
	key_put_string(out, request->resolution);
	key_put_text(out, ", \"start_date\": ");
	key_put_string(out, request->start);
	key_put_text(out, ", \"symbols\": [");
	for (size_t i = 0; i < request->symbol_count; i++) {
		key_put_text(out, i != 0 ? ", " : "");
		key_put_string(out, symbols[i]);
	}
	key_put(out, "]}", sizeof("]}")); /* The NUL, too. */
}

/* strcmp() compares unsigned bytes, which is the order of code points. */
static int
key_compare_symbols(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum bc_status
key_check_string(const char *what, const char *text, struct bc_error *err)
{
	if (text == NULL)
		return bci_fail(err, BC_INVALID, "the request has no %s", what);
	if (!bci_utf8_valid(text, strlen(text)))
		return bci_fail(err, BC_KEY, "%s of the request is not UTF-8",
		                what);
	return BC_OK;
}

static enum bc_status
key_check_request(const struct bc_request *request, struct bc_error *err)
{
	enum bc_status status;

	if (request == NULL)
		return bci_fail(err, BC_INVALID, "there is no request");
	BCI_TRY(key_check_string("start", request->start, err));
	BCI_TRY(key_check_string("end", request->end, err));
	BCI_TRY(key_check_string("resolution", request->resolution, err));
	BCI_TRY(key_check_string("source", request->source, err));
	if (request->symbol_count != 0 && request->symbols == NULL)
		return bci_fail(err, BC_INVALID, "the request has no symbols");
	for (size_t i = 0; i < request->symbol_count; i++)
		BCI_TRY(key_check_string("symbol", request->symbols[i], err));
done:
	return status;
}

enum bc_status
bci_request_text(const struct bc_allocator *allocator,
                 const struct bc_request *request, char **text, size_t *bytes,
                 struct bc_error *err)
{
	struct key_text out = { 0 };
	const char **symbols = NULL;
	enum bc_status status;

	*text = NULL;
	*bytes = 0;
	BCI_TRY(key_check_request(request, err));

	status = BC_NOMEM;
	symbols = bci_alloc(allocator, request->symbol_count, sizeof(*symbols));
	if (symbols == NULL)
		goto done;
	if (request->symbol_count != 0) {
		memcpy(symbols, request->symbols,
		       request->symbol_count * sizeof(*symbols));
		qsort(symbols, request->symbol_count, sizeof(*symbols),
		      key_compare_symbols);
	}
	key_put_request(&out, request, symbols);
	out.text = bci_alloc(allocator, out.bytes, 1);
	if (out.text == NULL)
		goto done;
	out.bytes = 0;
	key_put_request(&out, request, symbols);

	*text = out.text;
	*bytes = out.bytes - 1;
	status = BC_OK;
done:
	bci_free(allocator, symbols);
	if (status == BC_NOMEM)
		bci_fail(err, status, "no memory for the text of a request");
	return status;
}

void
bci_request_key(const char *text, size_t bytes, char key[BC_REQUEST_KEY_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[32];

	bci_sha256(text, bytes, hash);
	for (int i = 0; i < (BC_REQUEST_KEY_BYTES - 1) / 2; i++) {
		key[2 * i] = digits[hash[i] >> 4];
		key[2 * i + 1] = digits[hash[i] & 0xf];
	}
	key[BC_REQUEST_KEY_BYTES - 1] = '\0';
}

enum bc_status
bc_key_request(const struct bc_request *request, char key[BC_REQUEST_KEY_BYTES],
               struct bc_error *err)
{
	enum bc_status status;
	char *text;
	size_t bytes;

	key[0] = '\0';
	status = bci_request_text(&bci_allocator_default, request, &text,
	                          &bytes, err);
	if (status != BC_OK)
		return status;
	bci_request_key(text, bytes, key);
	bci_free(&bci_allocator_default, text);
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  Series keys                                                             */
/* ------------------------------------------------------------------------ */

static const char key_hex[] = "0123456789ABCDEF";

/* Whether a byte has a meaning in a series key, or no place in any key. */
static bool
key_is_escaped(char byte)
{
	return byte == '%' || byte == '/' || byte == '@' ||
	       key_is_control(byte);
}

/*
 * Append 'text', escaped, and then 'separator', to the key, which has *used
 * bytes so far.  There is always room for the byte after the longest key.
 */
static enum bc_status
key_put_part(char key[BC_KEY_MAX + 1], size_t *used, const char *what,
             const char *text, char separator, struct bc_error *err)
{
	size_t bytes = text == NULL ? 0 : strlen(text);
	size_t at = *used;

	if (bytes == 0)
		return bci_fail(err, BC_KEY, "the series has no %s", what);
	if (!bci_utf8_valid(text, bytes))
		return bci_fail(err, BC_KEY, "%s of the series is not UTF-8",
		                what);
	for (size_t i = 0; i < bytes && at <= BC_KEY_MAX; i++) {
		char escape[3] = { '%', key_hex[(unsigned char)text[i] >> 4],
			           key_hex[(unsigned char)text[i] & 0xf] };
		size_t length = key_is_escaped(text[i]) ? sizeof(escape) : 1;

		if (length <= BC_KEY_MAX - at)
			memcpy(key + at, length == 1 ? &text[i] : escape,
			       length);
		at += length;
	}
	if (at + (separator != '\0') > BC_KEY_MAX)
		return bci_fail(err, BC_KEY,
		                "the key of the series is longer than %d bytes",
		                BC_KEY_MAX);
	key[at] = separator;
	*used = at + 1;
	return BC_OK;
}

enum bc_status
bc_key_series(const struct bc_series *series, char key[BC_KEY_MAX + 1],
              struct bc_error *err)
{
	const char *spelling = series->timeframe;
	bool varies = series->variant != NULL && series->variant[0] != '\0';
	char name[BCI_TIMEFRAME_TEXT];
	struct bci_timeframe timeframe;
	enum bc_status status;
	size_t used = 0;

	BCI_TRY(key_put_part(key, &used, "source", series->source, '/', err));
	BCI_TRY(key_put_part(key, &used, "market", series->market, '/', err));
	BCI_TRY(key_put_part(key, &used, "symbol", series->symbol, '/', err));
	if (spelling == NULL || spelling[0] == '\0') {
		status = bci_fail(err, BC_KEY, "the series has no timeframe");
		goto done;
	}
	if (!bci_timeframe_parse(spelling, strlen(spelling), &timeframe)) {
		status = bci_fail(err, BC_INVALID, "%.80s is not a timeframe",
		                  spelling);
		goto done;
	}
	bci_timeframe_name(&timeframe, name);
	BCI_TRY(key_put_part(key, &used, "timeframe", name, varies ? '@' : '\0',
	                     err));
	if (varies)
		BCI_TRY(key_put_part(key, &used, "variant", series->variant,
		                     '\0', err));
done:
	if (status != BC_OK)
		key[0] = '\0';
	return status;
}

/* The value of a capital hexadecimal digit, or -1. */
static int
key_digit(char byte)
{
	const char *found = byte == '\0' ? NULL : strchr(key_hex, byte);

	return found == NULL ? -1 : (int)(found - key_hex);
}

/*
 * Take back the part at *key up to 'separator' (0: up to the end), unescape it
 * to *text and move both behind it.  Returns the part, or NULL if it is empty,
 * ends otherwise or is not spelled as key_put_part() spells it.
 */
static const char *
key_take_part(const char **key, char separator, char **text)
{
	const char *part = *text;
	const char *at = *key;
	char *out = *text;

	for (; *at != '\0' && *at != '/' && *at != '@'; at++) {
		int high, low;

		*out = *at;
		if (*at == '%') {
			high = key_digit(at[1]);
			low = high < 0 ? -1 : key_digit(at[2]);
			if (low < 0)
				return NULL;
			*out = (char)(high << 4 | low);
			if (*out == '\0' || !key_is_escaped(*out))
				return NULL;
			at += 2;
		}
		out++;
	}
	if (out == part || *at != separator)
		return NULL;
	*out++ = '\0';
	*text = out;
	*key = separator == '\0' ? at : at + 1;
	return part;
}

/* Whether 'text' is the canonical spelling of a timeframe. */
static bool
key_is_timeframe(const char *text)
{
	char name[BCI_TIMEFRAME_TEXT];
	struct bci_timeframe timeframe;

	if (!bci_timeframe_parse(text, strlen(text), &timeframe))
		return false;
	bci_timeframe_name(&timeframe, name);
	return strcmp(name, text) == 0;
}

enum bc_status
bc_key_parse(const char *key, char text[BC_KEY_MAX + 8],
             struct bc_series *series, struct bc_error *err)
{
	struct bc_series parts = { .variant = "" };
	const char *at = key;
	char *out = text;
	bool varies;

	memset(series, 0, sizeof(*series));
	if (key == NULL || !bci_key_valid(key, strnlen(key, BC_KEY_MAX + 1)))
		return bci_fail(err, BC_KEY, "not a key");
	varies = strchr(key, '@') != NULL;
	if ((parts.source = key_take_part(&at, '/', &out)) == NULL ||
	    (parts.market = key_take_part(&at, '/', &out)) == NULL ||
	    (parts.symbol = key_take_part(&at, '/', &out)) == NULL ||
	    (parts.timeframe = key_take_part(&at, varies ? '@' : '\0', &out)) ==
	            NULL ||
	    (varies &&
	     (parts.variant = key_take_part(&at, '\0', &out)) == NULL) ||
	    !key_is_timeframe(parts.timeframe))
		return bci_fail(err, BC_KEY, "%.200s is not a series key", key);
	*series = parts;
	return BC_OK;
}
