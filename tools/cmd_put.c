/* SPDX-License-Identifier: MIT */
/*
 * cmd_put.c - barcache put: store the bytes of a file as they are.
 */
#include "barcache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "output.h"
#include "tool.h"

enum {
	PUT_TTL,
	PUT_DATASET,
	PUT_TAG,
	PUT_BACKTEST,
	PUT_TIER,
	PUT_NEW,
	PUT_BEST_EFFORT
};

static const struct args_option put_options[] = {
	[PUT_TTL] = { "ttl", ARGS_TTL, "TTL",
	              "Time to live: 90s, 15m, 12h, 7d, 2w, never; by the "
	              "rules of the cache if not given" },
	[PUT_DATASET] = { "dataset", ARGS_COUNT, "N",
	                  "A number of your own, shown by info" },
	[PUT_TAG] = { "tag", ARGS_LIST, "TAG",
	              "Give it tags, separated by ',', in place of those it "
	              "has" },
	[PUT_BACKTEST] = { "backtest", ARGS_TEXT, "NAME",
	                   "Link it with a backtest" },
	[PUT_TIER] = { "tier", ARGS_CHOICE, "auto|warm|cold",
	               "Where it goes; cold: packed, where that saves a "
	               "tenth" },
	[PUT_NEW] = { "new", ARGS_FLAG, NULL, "Refuse to replace an entry" },
	[PUT_BEST_EFFORT] = { "best-effort", ARGS_FLAG, NULL,
	                      "Where there is no room or no turn for it, say "
	                      "so and do without" },
};

/* All of a file, or of standard input. */
static bool
put_load(const char *path, struct buffer *content, struct bc_error *err)
{
	bool standard = strcmp(path, "-") == 0, good;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0)
		good = buffer_refuse(err, errno);
	else
		good = buffer_load(content, fd, &info, path, err);
	if (!good)
		buffer_free(content);
	if (fd >= 0 && !standard)
		close(fd);
	return good;
}

static enum tool_exit
put_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	const char *key = tool->args.operands[0];
	const char *path = tool->args.operands[1];
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct buffer content = { 0 };
	struct bc_error err = { .status = BC_OK };
	enum tool_exit result;

	options.ttl_ns = values[PUT_TTL].ns;
	options.dataset_id = values[PUT_DATASET].number;
	options.tags = values[PUT_TAG].words;
	options.backtest = values[PUT_BACKTEST].text;
	options.placement = (enum bc_placement)values[PUT_TIER].number;
	options.flags = values[PUT_NEW].set ? BC_PUT_NEW : 0;
	if (values[PUT_BEST_EFFORT].set)
		options.flags |= BC_PUT_BEST_EFFORT;
	if (!put_load(path, &content, &err)) {
		tool_say("%s: %s", path, err.message);
		return TOOL_CANNOT;
	}
	result = tool_open(tool, TOOL_MAKE, NULL);
	if (result == TOOL_DONE &&
	    bc_put_blob(tool->cache, key, content.data, content.bytes, &options,
	                &err) != BC_OK)
		result = tool_fail(&err);
	if (result == TOOL_DONE && err.status != BC_OK)
		tool_say("%s: not cached: %s", key, err.message);
	if (result == TOOL_DONE && tool->json) {
		json_t *object = json_object();

		output_add_text(object, "key", key);
		output_add_count(object, "bytes", content.bytes);
		output_add(object, "cached", json_boolean(err.status == BC_OK));
		output_json(object);
	}
	buffer_free(&content);
	return result;
}

const struct tool_command cmd_put = {
	.name = "put",
	.summary = "Store a file, or standard input (-), as a blob",
	.operands = "KEY FILE",
	.operands_min = 2,
	.operands_max = 2,
	.options = put_options,
	.option_count = sizeof(put_options) / sizeof(put_options[0]),
	.run = put_run,
	.notes = "Makes the cache if there is none.  Prints nothing.\n\n"
		 "JSON: key, bytes, cached.",
};
