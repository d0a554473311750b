/* SPDX-License-Identifier: MIT */
/*
 * derivation.h - what a derived entry is made of and how; the key that says so.
 */
#ifndef BCI_DERIVATION_H
#define BCI_DERIVATION_H

#include "formula.h"
#include "resampled.h"

/* Indicators added at once. */
#define BCI_FORMULAS_MAX 64

struct bci_derivation {
	const char *key; /* of what it is made of; borrowed */
	int64_t from_ns, to_ns;
	unsigned flags; /* BC_READ_PARTIAL, BC_READ_OPEN */
	bool resampled; /* by 'rule' */
	struct bci_resampled_rule rule;
	size_t formula_count;
	struct bci_formula formulas[BCI_FORMULAS_MAX];
	char made[BC_KEY_MAX + 1]; /* key of what is made */
};

/*
 * Check what bc_read_derived() was asked for.  Returns BC_OK; BC_KEY;
 * BC_INVALID; BC_NOMEM, BC_IO.
 */
BC_CHECKED enum bc_status
bci_derivation_parse(const char *key, int64_t from_ns, int64_t to_ns,
                     unsigned flags, const struct bc_derive *derive,
                     struct bci_derivation *out, struct bc_error *err);

#endif /* BCI_DERIVATION_H */
