/* SPDX-License-Identifier: MIT */
/*
 * rules.c - times to live by class of key, as `meta` holds them.
 *
 * One record a rule, in order: there are few, and a put looks at them only if
 * it was not told how long its value lives.
 */
#include "common.h"

#include "error.h"
#include "pattern.h"
#include "rules.h"

/* "rule" and the place of the rule, big-endian. */
struct rules_key {
	unsigned char bytes[6];
};

/* Followed by the pattern, without a final NUL. */
struct rules_record {
	uint8_t version;
	uint8_t reserved0[7];
	int64_t ttl_ns;
};
_Static_assert(sizeof(struct rules_record) == 16, "rule record");

static struct rules_key
rules_key_of(size_t index)
{
	return (struct rules_key){ { 'r', 'u', 'l', 'e',
		                     (unsigned char)(index >> 8),
		                     (unsigned char)index } };
}

enum bc_status
bci_rules_load(struct MDB_txn *txn, const struct bci_tables *tables,
               unsigned index, struct bci_rule *rule)
{
	struct rules_key key = rules_key_of(index);
	struct rules_record record;
	struct bci_bytes value;
	enum bc_status status;
	size_t bytes;

	status = bci_table_get(txn, tables->meta, &key, sizeof(key), &value);
	if (status != BC_OK)
		return status;
	if (value.size <= sizeof(record) ||
	    value.size > sizeof(record) + BC_KEY_MAX)
		return BC_CORRUPT;
	memcpy(&record, value.data, sizeof(record));
	if (record.version != BCI_RECORD_VERSION || record.ttl_ns <= 0)
		return BC_CORRUPT;
	bytes = value.size - sizeof(record);
	rule->ttl_ns = record.ttl_ns;
	memcpy(rule->pattern, (const char *)value.data + sizeof(record), bytes);
	rule->pattern[bytes] = '\0';
	return BC_OK;
}

enum bc_status
bci_rules_find(struct MDB_txn *txn, const struct bci_tables *tables,
               const char *key, int64_t *ttl_ns)
{
	struct bci_rule rule;
	enum bc_status status;

	for (unsigned i = 0;; i++) {
		status = bci_rules_load(txn, tables, i, &rule);
		if (status == BC_CORRUPT)
			continue; /* It fits nothing. */
		if (status != BC_OK)
			return status;
		if (bci_glob_match(rule.pattern, key)) {
			*ttl_ns = rule.ttl_ns;
			return BC_OK;
		}
	}
}

/* Delete those from 'index' on. */
static enum bc_status
rules_delete(struct MDB_txn *txn, const struct bci_tables *tables, size_t index,
             struct bc_error *err)
{
	enum bc_status status = BC_OK;

	for (; status == BC_OK; index++) {
		struct rules_key key = rules_key_of(index);

		status = bci_table_delete(txn, tables->meta, &key, sizeof(key),
		                          err);
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_rules_store(struct MDB_txn *txn, const struct bci_tables *tables,
                const struct bc_rule *rules, size_t count, struct bc_error *err)
{
	unsigned char stored[sizeof(struct rules_record) + BC_KEY_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct rules_record record = {
			.version = BCI_RECORD_VERSION,
			.ttl_ns = rules[i].ttl_ns,
		};
		struct rules_key key = rules_key_of(i);
		size_t bytes = strlen(rules[i].pattern);
		enum bc_status status;

		memcpy(stored, &record, sizeof(record));
		memcpy(stored + sizeof(record), rules[i].pattern, bytes);
		status = bci_table_put(txn, tables->meta, &key, sizeof(key),
		                       stored, sizeof(record) + bytes, err);
		if (status != BC_OK)
			return status;
	}
	return rules_delete(txn, tables, count, err);
}
