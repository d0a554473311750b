/* SPDX-License-Identifier: MIT */
/*
 * shape_unit.c - three bars to write as text, and what is expected of it.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "shape_unit.h"

struct shape_unit t;

void
shape_unit_column(const char *name, enum bc_type type, const void *data)
{
	t.columns[t.frame.column_count++] = (struct bci_shape_column){
		.name = name,
		.type = type,
		.data = data,
	};
}

void
shape_unit_step(int64_t first_ns, int64_t step_ns)
{
	for (int i = 0; i < 3; i++)
		t.time_ns[i] = first_ns + i * step_ns;
	t.frame.timeframe = (struct bci_timeframe){ .step_ns = step_ns };
}

int
shape_unit_setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.frame = (struct bci_shape_frame){
		.key = "k",
		.rows = 3,
		.time_ns = t.time_ns,
		.columns = t.columns,
		.symbol = "BTCUSDT",
	};
	t.options.header = true;
	shape_unit_step(BEGIN, MINUTE);
	for (int i = 0; i < 3; i++) {
		t.open[i] = i + 1;
		t.high[i] = i + 2.5;
		t.low[i] = i + 0.25;
		t.close[i] = i + 1.125;
		t.volume[i] = i * 10;
	}
	shape_unit_column("open", BC_F64, t.open);
	shape_unit_column("high", BC_F64, t.high);
	shape_unit_column("low", BC_F64, t.low);
	shape_unit_column("close", BC_F64, t.close);
	shape_unit_column("volume", BC_F64, t.volume);
	return 0;
}

enum bc_status
shape_unit_write(size_t room)
{
	struct bci_shape *shape;
	enum bc_status status;
	size_t bytes = 1;
	char *text;

	t.bytes = 0;
	status = bci_shape_begin(&bci_allocator_default, &t.options, &t.frame,
	                         &shape, &t.err);
	if (status != BC_OK) {
		assert_null(shape);
		return status;
	}
	if (room == 0)
		room = bci_shape_room(shape);
	text = malloc(room);
	assert_non_null(text);
	while (status == BC_OK && bytes != 0) {
		status = bci_shape_more(shape, text, room, &bytes, &t.err);
		assert_true(bytes <= room);
		assert_true(t.bytes + bytes < sizeof(t.text));
		memcpy(t.text + t.bytes, text, bytes);
		t.bytes += bytes;
	}
	t.text[t.bytes] = '\0';
	free(text);
	bci_shape_end(shape);
	return status;
}

void
expect(const char *text)
{
	assert_status(shape_unit_write(4000), BC_OK, &t.err);
	assert_string_equal(t.text, text);
}

void
expect_preset(const char *preset, const char *text)
{
	t.options.preset = bci_preset_find(preset);
	assert_non_null(t.options.preset);
	expect(text);
}

void
expect_refusal(int64_t row, const char *reason)
{
	assert_status(shape_unit_write(4000), BC_INVALID, &t.err);
	assert_int_equal(t.err.row, row);
	if (strstr(t.err.message, reason) == NULL)
		fail_msg("'%s' does not say '%s'", t.err.message, reason);
}

void
expect_preset_refusal(const char *preset, int64_t row, const char *reason)
{
	t.options.preset = bci_preset_find(preset);
	assert_non_null(t.options.preset);
	expect_refusal(row, reason);
}
