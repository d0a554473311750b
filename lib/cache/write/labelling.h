/* SPDX-License-Identifier: MIT */
/*
 * labelling.h - labels and flags of entries, as part of a writer's commit.
 */
#ifndef BCI_LABELLING_H
#define BCI_LABELLING_H

#include "label.h"
#include "operation.h"
#include "writer.h"

/*
 * The head of an entry.  BC_OK, BC_MISS if there is none (or it is damaged),
 * BC_IO.
 */
enum bc_status bci_entry_head(struct bci_writer *writer, const char *key,
                              size_t key_bytes, struct bci_entry_record *head,
                              struct bc_error *err);

/*
 * Change the flags of an entry that is there, and nothing else: what was made
 * of it or bound to it stays valid.
 */
enum bc_status bci_entry_flag(struct bci_writer *writer, const char *key,
                              size_t key_bytes, uint16_t flags,
                              struct bc_error *err);

/* Give an entry with this head a label, and the flag that goes with it. */
enum bc_status bci_entry_label(struct bci_writer *writer, const char *key,
                               size_t key_bytes,
                               const struct bci_entry_record *head,
                               enum bc_label_kind kind, const char *text,
                               bool *added, struct bc_error *err);

/*
 * What a put or an append says of the labels of entry 'id': its tags, the
 * backtest that it is linked with, its parent.  'flags' are those that its
 * record will have; *changed becomes true if anything differs.
 */
enum bc_status bci_labelling_apply(struct bci_writer *writer,
                                   const struct bci_operation *operation,
                                   uint64_t id, uint16_t *flags, bool *changed,
                                   struct bc_error *err);

/* Flags that an entry keeps when its value is replaced. */
#define BCI_ENTRY_KEEPS (BCI_ENTRY_PINNED | BCI_ENTRY_LABELLED)

/* Give back all that an entry holds, but its record and its labels. */
enum bc_status bci_writer_strip(struct bci_writer *writer, const char *key,
                                size_t key_bytes, const struct bci_entry *entry,
                                struct bc_error *err);

/*
 * Remove entry 'key' with its labels, but nothing that was made of it; BC_MISS
 * if there is none, or it was evicted: then nothing is remembered of it either.
 */
enum bc_status bci_writer_remove_alone(struct bci_writer *writer,
                                       const char *key, size_t key_bytes,
                                       struct bc_error *err);

/*
 * Remove what was made of 'key', and what was made of that, to the end:
 * 'derived': only what bc_read_derived() kept.  The key itself stays.
 */
enum bc_status bci_dependents_remove(struct bci_writer *writer,
                                     const char *key, size_t key_bytes,
                                     bool derived, uint64_t *removed,
                                     struct bc_error *err);

#endif /* BCI_LABELLING_H */
