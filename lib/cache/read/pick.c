/* SPDX-License-Identifier: MIT */
/*
 * pick.c - a fixed table of chains that only grow: whoever reads one needs no
 * lock, because what it once saw stays where it is.
 */
#include "common.h"

#include "alloc.h"
#include "environment.h"
#include "hash.h"

struct bci_pick {
	struct bci_pick *next; /* set before it can be seen */
	const struct bc_schema *whole;
	struct bc_schema *part;
};

/* The same names in another order are the same columns. */
static unsigned
pick_hash(const struct bc_schema *whole, const char *const *names)
{
	uint64_t sum = (uintptr_t)whole >> 6;

	for (; *names != NULL; names++)
		sum += bci_hash64(*names, strlen(*names));
	return (unsigned)(sum % BCI_PICK_HEADS);
}

static const struct bc_schema *
pick_find(_Atomic(struct bci_pick *) *head, const struct bc_schema *whole,
          const char *const *names)
{
	struct bci_pick *pick =
		atomic_load_explicit(head, memory_order_acquire);

	for (; pick != NULL; pick = pick->next) {
		if (pick->whole == whole &&
		    bci_schema_is_part(pick->part, whole, names))
			return pick->part;
	}
	return NULL;
}

static enum bc_status
pick_add(struct bci_env *env, _Atomic(struct bci_pick *) *head,
         const struct bc_schema *whole, const char *const *names,
         const struct bc_schema **out)
{
	struct bci_pick *pick = bci_alloc(&env->allocator, 1, sizeof(*pick));
	enum bc_status status;

	if (pick == NULL)
		return BC_NOMEM;
	status = bci_schema_part(&env->allocator, whole, names, &pick->part,
	                         NULL);
	if (status != BC_OK) {
		bci_free(&env->allocator, pick);
		return status;
	}
	pick->whole = whole;
	pick->next = atomic_load(head);
	*out = pick->part;
	atomic_store_explicit(head, pick, memory_order_release);
	return BC_OK;
}

enum bc_status
bci_env_pick(struct bci_env *env, const struct bc_schema *whole,
             const char *const *names, const struct bc_schema **out)
{
	_Atomic(struct bci_pick *) *head;
	enum bc_status status = BC_OK;

	*out = whole;
	if (names == NULL)
		return BC_OK;
	head = &env->picks.heads[pick_hash(whole, names)];
	*out = pick_find(head, whole, names);
	if (BCI_LIKELY(*out != NULL))
		return BC_OK;
	pthread_mutex_lock(&env->schema_mutex);
	*out = pick_find(head, whole, names); /* Another was faster. */
	if (*out == NULL)
		status = pick_add(env, head, whole, names, out);
	pthread_mutex_unlock(&env->schema_mutex);
	return status;
}

void
bci_picks_free(struct bci_picks *picks, const struct bc_allocator *allocator)
{
	for (size_t i = 0; i < BCI_PICK_HEADS; i++) {
		struct bci_pick *next, *pick = atomic_load(&picks->heads[i]);

		for (; pick != NULL; pick = next) {
			next = pick->next;
			bci_free(allocator, pick->part);
			bci_free(allocator, pick);
		}
	}
}
