/* SPDX-License-Identifier: MIT */
/*
 * rules.h - times to live by class of key, as `meta` holds them.
 */
#ifndef BCI_RULES_H
#define BCI_RULES_H

#include "catalogue.h"

/* How many a cache may have. */
#define BCI_RULES_MAX 256u

/* A rule, copied. */
struct bci_rule {
	int64_t ttl_ns;
	char pattern[BC_KEY_MAX + 1];
};

/* Rule 'index', from 0 on; BC_MISS behind the last, BC_CORRUPT, BC_IO. */
enum bc_status bci_rules_load(struct MDB_txn *txn,
                              const struct bci_tables *tables, unsigned index,
                              struct bci_rule *rule);

/* The time to live of the first rule that fits; BC_MISS if none does. */
enum bc_status bci_rules_find(struct MDB_txn *txn,
                              const struct bci_tables *tables, const char *key,
                              int64_t *ttl_ns);

/* Replace all of them by 'count' rules that were checked. */
enum bc_status bci_rules_store(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               const struct bc_rule *rules, size_t count,
                               struct bc_error *err);

#endif /* BCI_RULES_H */
