/* SPDX-License-Identifier: MIT */
/*
 * fuzz_config.c - any bytes as the texts that the tool reads besides data: the
 * file of preferences, a profile of what to warm, the template of a command,
 * the path of a file.
 */
#include "target.h"

#include "alloc.h"

#include "layout.h"
#include "lent.h"
#include "preference.h"
#include "template.h"
#include "warm.h"

#include <sys/mman.h>
#include <unistd.h>

/* ---- what the tool's main() has, besides what lent.c lends -------------- */

const struct tool_command *const tool_commands[1];
const size_t tool_command_count;

const struct tool_command *
tool_find(const char *name)
{
	(void)name;
	return NULL;
}

enum tool_exit
tool_usage(const struct tool *tool, const char *format, ...)
{
	(void)tool;
	CHECK(format[0] != '\0');
	return TOOL_USAGE;
}

enum tool_exit
tool_fail(const struct bc_error *err)
{
	CHECK(err->message[0] != '\0');
	return TOOL_CANNOT;
}

/* ---- texts ------------------------------------------------------------- */

/* A file with these bytes, by a path that can be opened. */
static int
file_of(const uint8_t *data, size_t bytes, char path[32])
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, data, bytes) == (ssize_t)bytes);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void
check_preference(const char *path)
{
	struct tool tool = { .json = false };
	struct bc_config config = { .durability = BC_RELAXED };
	enum tool_exit status;

	tool.args.globals[ARGS_CONFIG].set = true;
	tool.args.globals[ARGS_CONFIG].text = path;
	lent_said[0] = '\0';
	status = preference_load(&tool);
	CHECK(status == TOOL_DONE || status == TOOL_CANNOT);
	CHECK((status == TOOL_DONE) == (lent_said[0] == '\0'));
	if (status == TOOL_DONE)
		(void)settings_apply(preference.settings, &config);
	preference_free();
}

/* Patterns need a cache, which there is none of. */
static void
check_profile(const char *path, const uint8_t *data, size_t bytes)
{
	const struct bci_range range = { INT64_MIN, INT64_MAX };
	struct warm_list list = { .keys = NULL };
	struct tool tool = { .json = false };

	for (size_t i = 0; i < bytes; i++) {
		if (data[i] == '*' || data[i] == '?' || data[i] == '[')
			return;
	}
	if (warm_list_read(&list, &tool, path, &range) == TOOL_DONE) {
		warm_list_sort(&list);
		for (size_t i = 1; i < list.count; i++)
			CHECK(strcmp(list.keys[i - 1].key, list.keys[i].key) <=
			      0);
	}
	warm_list_free(&list);
}

static void
check_template(const char *text, bool shell)
{
	const struct template_values values = {
		.key = "a/b/c/1m/x",
		.series = { "a", "b", "c'; rm", "1m", "x" },
		.from_ns = -1,
		.to_ns = INT64_MAX,
	};
	struct template template;
	struct bc_error err = { 0 };
	char **argv;

	if (template_parse(text, shell, &template, &err) != BC_OK) {
		CHECK(err.status == BC_INVALID && err.message[0] != '\0');
		return;
	}
	CHECK(template.count > 0);
	if (template_fill(&template, &values, &argv, &err) == BC_OK) {
		/* A shell has two words before its own. */
		for (size_t i = 0; i < template.count + (shell ? 2 : 0); i++)
			CHECK(argv[i] != NULL);
		CHECK(argv[template.count + (shell ? 2 : 0)] == NULL);
		template_free_words(argv);
	}
	template_free(&template);
}

static void
check_layout(const char *path)
{
	struct layout layout;

	layout_find(path, &layout);
	CHECK(layout.name != NULL);
	CHECK(strlen(layout.symbol) <= BC_KEY_MAX);
	CHECK(strlen(layout.timeframe) <= BC_KEY_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text =
		bci_strndup(&bci_allocator_default, (const char *)data, bytes);
	char path[32];
	int fd = file_of(data, bytes, path);

	CHECK(text != NULL);
	check_preference(path);
	check_profile(path, data, bytes);
	check_template(text, bytes % 2 == 0);
	check_layout(text);
	bci_free(&bci_allocator_default, text);
	close(fd);
	return 0;
}
