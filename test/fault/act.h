/* SPDX-License-Identifier: MIT */
/*
 * act.h - calls on a gallery, several together, as acts that can be repeated
 * while something fails in them: what each of the calls said is noted, and
 * compared with what it says where nothing fails.
 */
#ifndef BARCACHE_FAULT_ACT_H
#define BARCACHE_FAULT_ACT_H

#include "support.h"

#include "fault/gallery.h"

#define ACT_CALLS 160

struct stage {
	struct test_dir dir;
	struct bc_options options;
	struct test_memory memory;
	struct bc_cache *cache;
	struct bc_error err; /* of the call that is being noted */
	/* What the calls said without a failure, and how many there are. */
	enum bc_status said[ACT_CALLS];
	unsigned count;
	/* Of this time: the first that says another thing, how, of what. */
	unsigned at;
	bool learns, differs;
	enum bc_status other;
	const char *call;
	char text[256];
	unsigned wrong; /* things seen that are not true */
};

enum act_flags {
	ACT_OPENS = 1,   /* opens the cache by itself */
	ACT_DAMAGED = 2, /* some values in the arenas are damaged */
	ACT_BOOT = 4     /* the host was started anew since */
};

struct act {
	const char *name;
	void (*run)(struct stage *stage);
	unsigned flags;
};

extern const struct act look_acts[], change_acts[], care_acts[];
extern const unsigned look_act_count, change_act_count, care_act_count;

/*
 * Note what a call said; returns whether it was BC_OK.  A call that takes an
 * error is given that of the stage.
 */
#define SAYS(stage, call)                                                      \
	((stage)->err = (struct bc_error){ .status = BC_OK },                  \
	 act_note((stage), (call), #call))
bool act_note(struct stage *stage, enum bc_status status, const char *call);

/* The same of one that fills a view, which is released: of 'key', if known. */
bool act_view(struct stage *stage, enum bc_status status, const char *key,
              struct bc_view *view, const char *call);

/* A condition that holds whatever fails. */
#define TRUE_OF(stage, condition)                                              \
	((condition) ? (void)0 : act_wrong((stage), #condition, __LINE__))
void act_wrong(struct stage *stage, const char *condition, int line);

#define ACT_COUNT(acts) (sizeof(acts) / sizeof(*(acts)))

#endif /* BARCACHE_FAULT_ACT_H */
