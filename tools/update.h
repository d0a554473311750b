/* SPDX-License-Identifier: MIT */
/*
 * update.h - what the parts of barcache update share: a run, the series in it,
 * the ranges that are fetched, and what became of them.
 */
#ifndef TOOL_UPDATE_H
#define TOOL_UPDATE_H

#include "barcache.h"

#include <pthread.h>

#include "import.h"
#include "process.h"
#include "template.h"
#include "timeframe.h"
#include "tool.h"

/* A series that is kept up to date. */
struct update_key {
	char *key;
	char parts[BC_KEY_MAX + 8]; /* what 'series' points into */
	struct bc_series series;
	struct bci_timeframe timeframe;
	size_t first, count; /* of its ranges */
	int64_t due_ns;      /* when there is something new; 0: now */
};

enum update_outcome {
	UPDATE_WAITS, /* nothing was done yet */
	UPDATE_FETCHED,
	UPDATE_ELSEWHERE, /* another process had fetched it */
	UPDATE_LET_GO,    /* there was no room for it, or no turn */
	UPDATE_FAILED
};

/* A stretch of a series that was missing. */
struct update_range {
	size_t key;
	int64_t from_ns, to_ns;
	enum update_outcome outcome;
	unsigned tries;
	bool refused; /* the cache did not take what was fetched */
	uint64_t rows;
	struct bc_counts counts;
	int64_t elapsed_ns;
	struct bc_error error;
	struct bc_error let_go; /* why rows were not stored; or BC_OK */
	char *said; /* the last lines of the command's errors, or NULL */
};

/* What the command line says. */
struct update_settings {
	struct import_settings import;
	struct template command;
	bool has_from, has_to;
	int64_t from_ns, to_ns;
	int64_t chunk_ns;   /* 0: ranges as they are */
	int64_t timeout_ns; /* of the command; 0: none */
	int64_t delay_ns;   /* that a source is behind */
	int64_t every_ns;   /* of --watch; 0: as bars end */
	uint64_t jobs, retries;
	uint64_t limit; /* rows that a command prints at most; 0: no limit */
	bool dry, quiet, watch;
};

/* One run of the command. */
struct update {
	struct tool *tool;
	struct update_settings settings;
	struct update_key *keys; /* in order */
	size_t key_count;
	struct update_range *ranges; /* of this pass, in order of keys */
	size_t range_count;
	pthread_mutex_t lock; /* of all below, and for importing and printing */
	size_t next_key;
	size_t done;    /* ranges */
	size_t failed;  /* ranges, of all passes */
	size_t working; /* threads */
	bool stopped;   /* the cache takes no more */
	int cancel;     /* can be read from once the run is interrupted */
	int ended;      /* can be read from once all threads have ended */
};

/*
 * Find the series: those named, those of --keys-from and --prefix (may be
 * NULL).  TOOL_DONE or the exit status after a message.
 */
enum tool_exit update_keys(struct update *update, const char *file,
                           const char *prefix);

/*
 * Add a series; false if the key is none of one.  When all are there they are
 * sorted, and those that came twice dropped.
 */
bool update_add(struct update *update, const char *text, struct bc_error *err);
void update_sort(struct update *update);

/*
 * Find what is missing of the series that are due at 'now_ns', as ranges.
 * TOOL_DONE or the exit status after a message.
 */
enum tool_exit update_plan(struct update *update, int64_t now_ns);

/* A descriptor of the signals that end a run, which are blocked from now on. */
int update_signals(void);

/* Let go of all but the descriptors. */
void update_free(struct update *update);

/* Let go of the ranges. */
void update_plan_free(struct update *update);

/* Fetch one range and say what became of it in it. */
void update_fetch(struct update *update, struct update_range *range);

/* Whether an output, a file, says that there are no bars. */
bool update_is_empty(int output);

/* Whether the run was interrupted. */
bool update_is_cancelled(const struct update *update);

/* Make what a run waits by; false, said why, if that cannot be had. */
bool update_events_open(struct update *update);
void update_events_close(struct update *update);

/*
 * Fetch all ranges, several at once.  False if the run was interrupted by a
 * signal that 'signals', a descriptor, tells of.
 */
bool update_run(struct update *update, int signals);

/* Show how far it has come; with the lock. */
void update_report_progress(const struct update *update);

/* Report on one range that is done; with the lock. */
void update_report_range(const struct update *update,
                         const struct update_range *range);

/* Print what would be run. */
enum tool_exit update_report_plan(const struct update *update);

/* Print the table of a pass. */
void update_report_end(const struct update *update);

#endif /* TOOL_UPDATE_H */
