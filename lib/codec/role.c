/* SPDX-License-Identifier: MIT */
/*
 * role.c - which columns are the prices of the same bars, from their names:
 * "open", "high", "low" and "close" as words of their own, and the same
 * letters before and behind them in all four.
 */
#include "common.h"

#include "pack.h"

static const char *const role_words[] = {
	[BCI_PACK_ROLE_OPEN] = "open",
	[BCI_PACK_ROLE_HIGH] = "high",
	[BCI_PACK_ROLE_LOW] = "low",
	[BCI_PACK_ROLE_CLOSE] = "close",
};

/* A name, cut at the word of its role. */
struct role_name {
	enum bci_pack_role role;
	const char *name;
	size_t before; /* bytes before the word */
	const char *behind;
};

static bool
role_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Find the first word that is a role; NONE if there is none. */
static struct role_name
role_cut(const char *name)
{
	struct role_name cut = { BCI_PACK_ROLE_NONE, name, 0, name };

	for (size_t at = 0; name[at] != '\0'; at++) {
		if (at > 0 && role_is_letter(name[at - 1]))
			continue;
		for (int i = BCI_PACK_ROLE_OPEN; i <= BCI_PACK_ROLE_CLOSE;
		     i++) {
			size_t length = strlen(role_words[i]);

			if (strncmp(name + at, role_words[i], length) != 0 ||
			    role_is_letter(name[at + length]))
				continue;
			cut.role = (enum bci_pack_role)i;
			cut.before = at;
			cut.behind = name + at + length;
			return cut;
		}
	}
	return cut;
}

static bool
role_same_set(const struct role_name *a, const struct role_name *b)
{
	return a->role != BCI_PACK_ROLE_NONE && b->role != BCI_PACK_ROLE_NONE &&
	       a->before == b->before &&
	       memcmp(a->name, b->name, a->before) == 0 &&
	       strcmp(a->behind, b->behind) == 0;
}

void
bci_pack_roles(const struct bc_schema *schema, struct bci_pack_column *columns)
{
	for (uint32_t i = 0; i < schema->column_count; i++) {
		struct role_name one = role_cut(schema->columns[i].name);

		columns[i].role = one.role;
		columns[i].set = i;
		for (uint32_t j = 0; j < i; j++) {
			struct role_name other =
				role_cut(schema->columns[j].name);

			if (role_same_set(&one, &other)) {
				columns[i].set = columns[j].set;
				break;
			}
		}
	}
	if (schema->has_time)
		columns[0].role = BCI_PACK_ROLE_TIME;
}
