/* SPDX-License-Identifier: MIT */
/*
 * guess.c - what somebody meant who typed a word that is none.
 *
 * Other tools call the same things by other names: a small table knows those.
 * Else it is a slip of the fingers, so names are meant that few changes lead
 * to (a letter more, less, another, or two that changed places), or that the
 * word is the beginning of.
 */
#include "guess.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

/* Longer words are no slip of the fingers. */
#define WORD_MAX 24
/* More names than that are no help. */
#define NAMES_MAX 3

/* What is meant, and by which words. */
struct guess_words {
	const char *meant;
	const char *words; /* each between blanks */
};

static const struct guess_words guess_commands[] = {
	{ "ls", " list dir ll keys entries find search " },
	{ "get", " show cat read print view fetch head " },
	{ "info", " show describe stat inspect entry " },
	{ "rm", " delete del remove unlink erase drop clear invalidate " },
	{ "put", " add insert set write store save " },
	{ "import", " load ingest add csv " },
	{ "export", " dump save extract " },
	{ "init", " create new make mkdir " },
	{ "config", " settings conf configure preferences options " },
	{ "compact", " gc clean cleanup prune purge vacuum defrag shrink trim "
	             "evict optimize " },
	{ "expire", " prune purge sweep " },
	{ "verify", " check fsck scrub validate test repair " },
	{ "salvage", " recover rescue restore " },
	{ "health", " doctor status check diagnose ping " },
	{ "stats", " statistics status size usage du df metrics report " },
	{ "top", " monitor htop live hot " },
	{ "copy", " cp backup clone snapshot " },
	{ "freeze", " lock seal " },
	{ "thaw", " unlock unfreeze unseal " },
	{ "warm", " prefetch preload cache " },
	{ "pack", " compress encode " },
	{ "demote", " compress archive cold " },
	{ "promote", " decompress unpack unarchive hot " },
	{ "update", " sync refresh pull download append " },
	{ "touch", " ttl renew " },
	{ "rules", " ttl policy rule " },
	{ "tag", " tags label untag " },
	{ "link", " backtest backtests links unlink " },
	{ "depend", " deps dependencies dependents parents " },
	{ "pin", " keep protect unpin " },
	{ "gaps", " missing holes coverage " },
	{ "plot", " chart graph draw " },
	{ "key", " hash digest " },
	{ "trace", " replay simulate record " },
	{ "help", " man usage manual " },
};

static const struct guess_words guess_options[] = {
	{ "cache", " dir directory path root db " },
	{ "dry-run", " dryrun simulate no-act pretend preview " },
	{ "from", " start begin since after " },
	{ "to", " end until before stop " },
	{ "start", " from since begin " },
	{ "end", " to until " },
	{ "glob", " match pattern wildcard like " },
	{ "regex", " regexp grep re match pattern " },
	{ "force", " yes f overwrite " },
	{ "replace", " overwrite force update " },
	{ "limit", " max count top head number first " },
	{ "head", " limit first count top lines " },
	{ "tail", " last " },
	{ "older-than", " age older before expired " },
	{ "unused-for", " unused idle age " },
	{ "ttl", " expires expire expiry lifetime " },
	{ "warm", " size budget capacity max-size warm-bytes " },
	{ "cold", " cold-size cold-budget cold-bytes " },
	{ "target", " size bytes budget " },
	{ "watch", " every loop daemon follow interval " },
	{ "interval", " every delay watch refresh " },
	{ "delay", " every interval refresh " },
	{ "max-seconds", " timeout time max-time limit " },
	{ "output", " out file o " },
	{ "quiet", " silent q " },
	{ "jobs", " threads parallel workers j " },
	{ "tz", " timezone zone time-zone " },
	{ "timeframe", " interval resolution bar period frequency " },
	{ "columns", " fields cols select " },
	{ "long", " verbose details l " },
	{ "processes", " procs process pids " },
};

#define GUESS_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* What was found so far: the nearest. */
struct guess {
	const char *word;
	size_t bytes;
	size_t distance; /* of these, or the most that they may have */
	const char *names[NAMES_MAX];
	size_t count; /* also of those that had no room */
};

/*
 * How many changes lead from one to the other: the table of edit distances, of
 * which a row needs the two before it.
 */
static size_t
guess_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t rows[3][WORD_MAX + 1] = { { 0 } };
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_bytes; ++j)
		last[j] = j;
	for (size_t i = 1; i <= a_bytes; ++i) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_bytes; ++j) {
			size_t least = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < least)
				least = last[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			row[j] = least;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b_bytes];
}

static void
guess_add(struct guess *guess, const char *name, size_t distance)
{
	if (distance > guess->distance)
		return;
	if (distance < guess->distance)
		guess->count = 0;
	guess->distance = distance;
	if (guess->count < NAMES_MAX)
		guess->names[guess->count] = name;
	++guess->count;
}

static void
guess_near(struct guess *guess, const char *name)
{
	size_t bytes = strlen(name);

	if (guess->bytes > WORD_MAX || bytes > WORD_MAX)
		return;
	if (guess->bytes > 1 && guess->bytes < bytes &&
	    memcmp(name, guess->word, guess->bytes) == 0)
		guess_add(guess, name, 1);
	else if (guess->bytes > 1)
		guess_add(
			guess, name,
			guess_distance(guess->word, guess->bytes, name, bytes));
}

/* Whether a word means that. */
static bool
guess_means(const struct guess *guess, const struct guess_words *words)
{
	char padded[WORD_MAX + 3];

	if (guess->bytes == 0 || guess->bytes > WORD_MAX)
		return false;
	snprintf(padded, sizeof(padded), " %.*s ", (int)guess->bytes,
	         guess->word);
	return strstr(words->words, padded) != NULL;
}

static struct guess
guess_begin(const char *word, size_t bytes)
{
	return (struct guess){
		.word = word,
		.bytes = bytes,
		.distance = bytes < 7 ? 1 : 2,
	};
}

static const char *
guess_end(const struct guess *guess, const char *dashes, char text[GUESS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	if (guess->count == 0 || guess->count > NAMES_MAX)
		return text;
	for (size_t i = 0; i < guess->count; ++i)
		used += (size_t)snprintf(text + used, GUESS_TEXT - used,
		                         "%s%s%s",
		                         i == 0 ? ": did you mean " : " or ",
		                         dashes, guess->names[i]);
	snprintf(text + used, GUESS_TEXT - used, "?");
	return text;
}

const char *
guess_command(const char *word, char text[GUESS_TEXT])
{
	struct guess guess = guess_begin(word, strlen(word));
	size_t i;

	for (i = 0; i < GUESS_COUNT(guess_commands); ++i)
		if (guess_means(&guess, &guess_commands[i]))
			guess_add(&guess, guess_commands[i].meant, 0);
	for (i = 0; i < tool_command_count; ++i)
		guess_near(&guess, tool_commands[i]->name);
	return guess_end(&guess, "", text);
}

/* The options of one table. */
static void
guess_table(struct guess *guess, const struct args_option *options,
            size_t count)
{
	for (size_t i = 0; i < count; ++i) {
		const char *name = options[i].name;

		guess_near(guess, name);
		if (guess->bytes == 1 && name[0] == guess->word[0])
			guess_add(guess, name, 1);
		for (size_t j = 0; j < GUESS_COUNT(guess_options); ++j)
			if (strcmp(guess_options[j].meant, name) == 0 &&
			    guess_means(guess, &guess_options[j]))
				guess_add(guess, name, 0);
	}
}

const char *
guess_option(const struct tool_command *command, const char *word, size_t bytes,
             char text[GUESS_TEXT])
{
	struct guess guess = guess_begin(word, bytes);

	if (command != NULL)
		guess_table(&guess, command->options, command->option_count);
	guess_table(&guess, args_globals, ARGS_GLOBALS);
	return guess_end(&guess, "--", text);
}

const char *
guess_name(const struct args_option *names, size_t count, const char *word,
           size_t bytes, char text[GUESS_TEXT])
{
	struct guess guess = guess_begin(word, bytes);

	guess_table(&guess, names, count);
	return guess_end(&guess, "", text);
}
