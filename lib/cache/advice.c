/* SPDX-License-Identifier: MIT */
/*
 * advice.c - what is wrong with a cache, and what to do about it, in words.
 *
 * A pure function of the facts.  Something is critical if puts or gets fail or
 * soon will; a warning if somebody should look; fine if it is only worth
 * knowing.
 */
#include "common.h"

#include <stdarg.h>
#include <stdio.h>

#include "advice.h"
#include "clock.h"

#define MIB (1ull << 20)
#define USED_WARNING 0.9
#define MAP_WARNING 0.8
#define MAP_CRITICAL 0.95
#define DISK_WARNING (1024 * MIB)
#define DISK_CRITICAL (64 * MIB)
#define READERS_WARNING 0.9
#define LAG_WARNING 1000u
#define HOLD_WARNING_NS (60 * BCI_SECOND_NS)
#define PINNED_WARNING 0.1 /* of the budget */

static void BCI_PRINTF(4, 5)
	advise(struct bc_health *health, enum bc_severity severity,
               const char *name, const char *format, ...)
{
	struct bc_advice *advice;
	va_list values;

	if (health->advice_count == BC_ADVICE_MAX)
		return;
	advice = &health->advice[health->advice_count++];
	advice->severity = severity;
	advice->name = name;
	va_start(values, format);
	vsnprintf(advice->text, sizeof(advice->text), format, values);
	va_end(values);
	if (severity > health->severity)
		health->severity = severity;
}

static double
percent(double share)
{
	return 100 * share;
}

static unsigned long long
mib(uint64_t bytes)
{
	return (bytes + MIB - 1) / MIB;
}

/* ---- opening ------------------------------------------------------------ */

static const char *
advice_for(enum bc_status status)
{
	switch (status) {
	case BC_ABSENT:
		return "Make one with `barcache init`.";
	case BC_DENIED:
		return "Ask its owner, or run as another user.";
	case BC_UNSAFE:
		return "Put the cache on a local disk, in a directory of yours "
		       "that not everybody may write to.";
	case BC_FORMAT:
		return "Use the version of barcache that wrote it.";
	case BC_NOMEM:
		return "Allow the process more address space (ulimit -v).";
	case BC_NOSPACE:
		return "Make room on the disk.";
	default:
		return "Look at the disk and its log; `barcache verify "
		       "--repair` mends what can be mended.";
	}
}

static void
advise_open(struct bc_health *health)
{
	if (health->opens == 0)
		advise(health, BC_CRITICAL, "open",
		       "The cache does not open. %s",
		       advice_for(health->error.status));
	else if (health->frozen != 0)
		advise(health, BC_FINE, "frozen",
		       "The cache is frozen: nobody writes until `barcache "
		       "thaw`.");
	else if (health->writable == 0)
		advise(health, BC_WARNING, "writable",
		       "This user can read the cache but not write to it.");
	if (health->opens != 0 && health->ledger == 0)
		advise(health, BC_WARNING, "ledger",
		       "There is no usable ledger: nothing is counted. The "
		       "next process that may write makes one.");
	if (health->guarded != 0)
		advise(health, BC_WARNING, "guarded",
		       "Reads take a file lock: LMDB's reader table is full, "
		       "read-only, or has our process number from another "
		       "container.");
}

/* ---- space -------------------------------------------------------------- */

static void
advise_budget(struct bc_health *health, const char *name, const char *what,
              double used)
{
	if (used > USED_WARNING)
		advise(health, BC_WARNING, name,
		       "%.0f %% of the %s budget are used: what is read least "
		       "goes first. Raise it with `barcache config`.",
		       percent(used), what);
}

static void
advise_space(struct bc_health *health)
{
	uint64_t wanted = health->budget_bytes > health->linked_bytes
	                          ? health->budget_bytes - health->linked_bytes
	                          : 0;

	if (health->disk_free_bytes < wanted &&
	    health->disk_free_bytes < DISK_WARNING)
		advise(health,
		       health->disk_free_bytes < DISK_CRITICAL ? BC_CRITICAL
		                                               : BC_WARNING,
		       "disk",
		       "The disk has %llu MiB left, and the budgets may still "
		       "take %llu MiB. Make room, or lower them.",
		       mib(health->disk_free_bytes), mib(wanted));
	if (health->map_used >= MAP_WARNING)
		advise(health,
		       health->map_used >= MAP_CRITICAL ? BC_CRITICAL
		                                        : BC_WARNING,
		       "map",
		       "The catalogue fills %.0f %% of what it can grow to. "
		       "Remove entries, or copy the cache.",
		       percent(health->map_used));
	advise_budget(health, "budget", "warm", health->warm_used);
	advise_budget(health, "cold-budget", "cold", health->cold_used);
	if ((double)health->pinned_unlinked_bytes >
	    PINNED_WARNING * (double)health->budget_bytes)
		advise(health, BC_WARNING, "pinned",
		       "Views keep %llu MiB of removed files on the disk. See "
		       "which process with `barcache stats --processes`.",
		       mib(health->pinned_unlinked_bytes));
}

/* ---- processes ---------------------------------------------------------- */

static void
advise_readers(struct bc_health *health)
{
	double used =
		health->readers_max == 0
			? 0
			: (double)health->readers / (double)health->readers_max;

	if (used > READERS_WARNING)
		advise(health, BC_WARNING, "readers",
		       "%u of %u slots for readers are taken: further ones "
		       "will take a file lock.",
		       health->readers, health->readers_max);
	if (health->readers_stale != 0)
		advise(health, BC_FINE, "stale-readers",
		       "%u slots belong to readers that died. The next put "
		       "frees them.",
		       health->readers_stale);
	if (health->reader_lag > LAG_WARNING)
		advise(health, BC_WARNING, "lag",
		       "A reader has been in a lookup for %llu commits, and "
		       "the catalogue grows meanwhile. It may be stopped.",
		       (unsigned long long)health->reader_lag);
}

static void
advise_writer(struct bc_health *health, int64_t now_ns)
{
	int64_t held_ns = now_ns - health->writer_since_ns;

	if (health->writer_holds != 0 && held_ns > HOLD_WARNING_NS)
		advise(health, BC_WARNING, "writer",
		       "Process %llu has held the writer lock for %lld s: "
		       "other puts wait or fail.",
		       (unsigned long long)health->writer_pid,
		       (long long)(held_ns / BCI_SECOND_NS));
}

static void
advise_damage(struct bc_health *health)
{
	if (health->corrupt_pending != 0)
		advise(health, BC_WARNING, "corrupt",
		       "%llu damaged segments were found and are misses. The "
		       "next put drops them; `barcache verify` finds the "
		       "others.",
		       (unsigned long long)health->corrupt_pending);
	else if (health->quarantined != 0 || health->corrupt != 0)
		advise(health, BC_FINE, "quarantined",
		       "%llu damaged entries have been dropped so far. If "
		       "there are ever more, look at the disk.",
		       (unsigned long long)health->quarantined);
}

void
bci_advise(struct bc_health *health, int64_t now_ns)
{
	health->severity = BC_FINE;
	health->advice_count = 0;
	advise_open(health);
	if (health->opens == 0)
		return;
	advise_space(health);
	advise_readers(health);
	advise_writer(health, now_ns);
	advise_damage(health);
}
