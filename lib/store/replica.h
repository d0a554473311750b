/* SPDX-License-Identifier: MIT */
/*
 * replica.h - the records of one catalogue in another.
 */
#ifndef BCI_REPLICA_H
#define BCI_REPLICA_H

#include "catalogue.h"

/*
 * Copy all records that 'txn' sees to the catalogue 'to', which is new, but for
 * those of `gone`, which are about files that the copy has not.  Returns BC_OK,
 * BC_CORRUPT if they cannot be read, BC_NOSPACE, BC_IO.
 */
enum bc_status bci_replica_fill(struct MDB_txn *txn,
                                const struct bci_tables *tables,
                                struct MDB_env *to,
                                const struct bci_tables *to_tables,
                                struct bc_error *err);

/*
 * Make the catalogue 'env' that of arenas which are all sealed and on the disk,
 * with these settings and of this boot.  *state is what it says then.
 */
enum bc_status bci_replica_settle(struct MDB_env *env,
                                  const struct bci_tables *tables,
                                  const struct bci_config_record *config,
                                  const uint8_t boot_id[16],
                                  struct bci_state_record *state,
                                  struct bc_error *err);

#endif /* BCI_REPLICA_H */
